"""Groups are made from their contract and grow with it."""

from __future__ import annotations

from typing import Any

from causeway.features.groups import create_request
from causeway.topology.accounts import AccountRole
from causeway_airflow.configuration import case_of, topology
from tests.local_platform import LocalPlatform


def test_a_group_gains_the_features_that_its_contract_gained(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.feature_store import FeatureGroupsHook

    case, hook = case_of("credit_risk"), FeatureGroupsHook("causeway_data_ingester")
    key = topology().key_alias_arn(AccountRole.DATA)
    group = case.group("credit-risk-loan").model_copy(update={"name": "grown-loan"})
    small = group.model_copy(update={"features": group.features[:2]})
    made, changed, _ = hook.ensure(create_request(small, case, topology(), kms_key_id=key))
    assert (made, changed) == (True, False)
    wanted = create_request(group, case, topology(), kms_key_id=key)
    made, changed, found = hook.ensure(wanted)
    assert (made, changed) == (False, True)
    assert found["FeatureDefinitions"] == wanted["FeatureDefinitions"]
    assert hook.ensure(wanted)[:2] == (False, False)
    assert hook.describe_features(group, case) == len(group.features)
    assert hook.describe_features(group, case) == 0
    described = platform.client("sagemaker", "data").describe_feature_metadata(
        FeatureGroupName="grown-loan", FeatureName="duration"
    )
    assert described["Description"] == "Duration in months"


def test_a_group_is_found_by_the_tags_of_its_contract_and_keeps_those_of_others(
    platform: LocalPlatform,
) -> None:
    from causeway_airflow.hooks.feature_store import FeatureGroupsHook

    case, hook = case_of("credit_risk"), FeatureGroupsHook("causeway_data_ingester")
    key = topology().key_alias_arn(AccountRole.DATA)
    plain = case.group("credit-risk-loan").model_copy(update={"name": "tagged-loan"})
    first = plain.model_copy(update={"tags": {"domain": "credit", "tier": "gold"}})
    _, _, found = hook.ensure(create_request(first, case, topology(), kms_key_id=key))
    sagemaker = platform.client("sagemaker", "data")
    sagemaker.add_tags(
        ResourceArn=found["FeatureGroupArn"], Tags=[{"Key": "cost-centre", "Value": "7"}]
    )
    for tags, gone in (({"domain": "lending"}, "tier"), ({}, "domain")):
        wanted = create_request(
            plain.model_copy(update={"tags": tags}), case, topology(), kms_key_id=key
        )
        assert hook.ensure(wanted)[:2] == (False, True)
        assert hook.ensure(wanted)[:2] == (False, False)
        listed = sagemaker.list_tags(ResourceArn=found["FeatureGroupArn"])["Tags"]
        held = {tag["Key"]: tag["Value"] for tag in listed}
        assert {k: held.get(k) for k in tags} == tags
        assert gone not in held and held["cost-centre"] == "7"
        assert tagged(sagemaker, "tagged-loan", "domain", "lending") is bool(tags)


def tagged(sagemaker: Any, group: str, key: str, value: str) -> bool:
    """Tell whether `Search` finds a group of the account by a tag."""
    hits = sagemaker.search(
        Resource="FeatureGroup",
        SearchExpression={
            "Filters": [{"Name": f"Tags.{key}", "Operator": "Equals", "Value": value}]
        },
    )["Results"]
    return group in {hit["FeatureGroup"]["FeatureGroupName"] for hit in hits}
