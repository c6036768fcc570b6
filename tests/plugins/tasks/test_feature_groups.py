"""Groups are created from their contract and grow with it."""

from __future__ import annotations

from typing import Any

import pytest

from causeway.errors import CausewayError, StillRunning, UnexpectedState
from causeway.features.groups import create_request
from causeway.topology.account_roles import AccountRole
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


class Stuck:
    """A feature store in which a group stays in one state."""

    principal = "connection c"

    def __init__(self, **state: Any) -> None:
        self.state = state

    def find(self, name: str) -> dict[str, Any]:
        return {**self.state, "FeatureGroupArn": "arn", "FeatureDefinitions": []}


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        (
            {"FeatureGroupStatus": "Creating"},
            StillRunning,
            "the creation or change of feature group g is still running after",
        ),
        (
            {"FeatureGroupStatus": "CreateFailed", "FailureReason": "no key"},
            UnexpectedState,
            "feature group g is CreateFailed .*: no key",
        ),
        (
            {
                "FeatureGroupStatus": "Created",
                "LastUpdateStatus": {"Status": "Failed", "FailureReason": "no table"},
            },
            UnexpectedState,
            "feature group g is Created .Failed.: no table",
        ),
    ],
)
def test_a_group_that_does_not_become_usable_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
    state: dict[str, Any],
    error: type[CausewayError],
    message: str,
) -> None:
    from causeway_airflow.tasks import feature_groups

    monkeypatch.setattr(feature_groups, "SETTLED_SECONDS", -1.0)
    store: Any = Stuck(**state)
    with pytest.raises(error, match=message):
        feature_groups.ensure(store, {"FeatureGroupName": "g", "Tags": []})


def tagged(sagemaker: Any, group: str, key: str, value: str) -> bool:
    """Tell whether `Search` finds a group of the account by a tag."""
    hits = sagemaker.search(
        Resource="FeatureGroup",
        SearchExpression={
            "Filters": [{"Name": f"Tags.{key}", "Operator": "Equals", "Value": value}]
        },
    )["Results"]
    return group in {hit["FeatureGroup"]["FeatureGroupName"] for hit in hits}
