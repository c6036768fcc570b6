"""Groups are created from their contract and grow with it."""

from __future__ import annotations

from typing import Any

from causeway.features.groups import create_request
from causeway.topology.accounts import AccountRole
from causeway_airflow.configuration import case_of, topology
from tests.local_platform import LocalPlatform


def test_a_group_gains_the_features_that_its_contract_gained(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.feature_store import FeatureGroupsHook
    from causeway_airflow.tasks.feature_groups import describe_features, ensure

    case, hook = case_of("credit_risk"), FeatureGroupsHook("causeway_data_ingester")
    key = topology().key_alias_arn(AccountRole.DATA)
    group = case.group("credit-risk-loan").model_copy(update={"name": "grown-loan"})
    small = group.model_copy(update={"features": group.features[:2]})
    first = ensure(hook, create_request(small, case, topology(), kms_key_id=key))
    assert (first.created, first.changed) == (True, False)
    request = create_request(group, case, topology(), kms_key_id=key)
    grown = ensure(hook, request)
    assert (grown.created, grown.changed) == (False, True)
    assert grown.description["FeatureDefinitions"] == request["FeatureDefinitions"]
    again = ensure(hook, request)
    assert (again.created, again.changed) == (False, False)
    assert describe_features(hook, group, case) == len(group.features)
    assert describe_features(hook, group, case) == 0
    described = platform.client("sagemaker", "data").describe_feature_metadata(
        FeatureGroupName="grown-loan", FeatureName="duration"
    )
    assert described["Description"] == "Duration in months"


def test_a_group_is_found_by_the_tags_of_its_contract_and_keeps_those_of_others(
    platform: LocalPlatform,
) -> None:
    from causeway_airflow.hooks.feature_store import FeatureGroupsHook
    from causeway_airflow.tasks.feature_groups import ensure

    case, hook = case_of("credit_risk"), FeatureGroupsHook("causeway_data_ingester")
    key = topology().key_alias_arn(AccountRole.DATA)
    plain = case.group("credit-risk-loan").model_copy(update={"name": "tagged-loan"})
    first = plain.model_copy(update={"tags": {"domain": "credit", "tier": "gold"}})
    ensured = ensure(hook, create_request(first, case, topology(), kms_key_id=key))
    arn = ensured.description["FeatureGroupArn"]
    sagemaker = platform.client("sagemaker", "data")
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "cost-centre", "Value": "7"}])
    for tags, gone in (({"domain": "lending"}, "tier"), ({}, "domain")):
        request = create_request(
            plain.model_copy(update={"tags": tags}), case, topology(), kms_key_id=key
        )
        for changed in (True, False):
            ensured = ensure(hook, request)
            assert (ensured.created, ensured.changed) == (False, changed)
        listed = sagemaker.list_tags(ResourceArn=arn)["Tags"]
        present = {tag["Key"]: tag["Value"] for tag in listed}
        assert {k: present.get(k) for k in tags} == tags
        assert gone not in present and present["cost-centre"] == "7"
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
