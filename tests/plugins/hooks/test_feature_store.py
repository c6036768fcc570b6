"""Groups are made from their contract and grow with it."""

from __future__ import annotations

from causeway.accounts import AccountRole
from causeway.features import create_request
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
