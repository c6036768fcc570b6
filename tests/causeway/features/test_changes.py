"""A group only grows: what may change is asked for, what may not is refused with the reason."""

import botocore.session
import pytest
from botocore.validate import ParamValidator

from causeway.errors import UnexpectedState
from causeway.features.changes import metadata, parameters, tag_changes, updates
from causeway.features.groups import CONTRACT_TAGS, create_request
from causeway.topology.accounts import Topology
from causeway.use_cases.use_case import UseCase


def request_of(case: UseCase, topology: Topology) -> dict:
    return create_request(case.group("credit-risk-outcome"), case, topology, kms_key_id="key")


def check(operation: str, request: dict) -> None:
    service = botocore.session.get_session().get_service_model("sagemaker")
    shape = service.operation_model(operation).input_shape
    assert not ParamValidator().validate(request, shape).has_errors()


def test_a_group_that_keeps_its_contract_is_left_alone(case: UseCase, topology: Topology) -> None:
    request = request_of(case, topology)
    more = [*request["FeatureDefinitions"], {"FeatureName": "x", "FeatureType": "String"}]
    assert updates(request, {**request, "FeatureDefinitions": more}) == ()


def test_features_and_time_to_live_are_added(case: UseCase, topology: Topology) -> None:
    contract = request_of(case, topology)
    online = {**contract["OnlineStoreConfig"], "TtlDuration": {"Unit": "Days", "Value": 2}}
    contract["OnlineStoreConfig"] = online
    description = {
        **request_of(case, topology),
        "FeatureDefinitions": contract["FeatureDefinitions"][:2],
    }
    first, second = updates(contract, description)
    assert first["FeatureAdditions"] == contract["FeatureDefinitions"][2:]
    assert second["OnlineStoreConfig"] == {"TtlDuration": {"Unit": "Days", "Value": 2}}
    for request in (first, second):
        check("UpdateFeatureGroup", request)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"FeatureDefinitions": [{"FeatureName": "credit_risk", "FeatureType": "String"}]},
            "credit_risk is String, not Integral",
        ),
        ({"EventTimeFeatureName": "when"}, "EventTimeFeatureName is when, not event_time"),
        ({"OnlineStoreConfig": {}}, "the online store is off, not on"),
        (
            {"OnlineStoreConfig": {"EnableOnlineStore": True, "StorageType": "InMemory"}},
            "StorageType is InMemory, not Standard",
        ),
        ({"OfflineStoreConfig": None}, "the offline store is off, not on"),
        (
            {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://other/x"}}},
            "S3Uri is s3://other/x",
        ),
    ],
)
def test_what_can_never_change_is_refused(
    case: UseCase, topology: Topology, change: dict, reason: str
) -> None:
    request = request_of(case, topology)
    with pytest.raises(UnexpectedState, match=reason):
        updates(request, {**request, **change})


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def test_only_tags_of_an_earlier_contract_are_taken_off() -> None:
    listing = {CONTRACT_TAGS: "old kept"}
    group_tags = tags(old="1", kept="1", theirs="1", **listing)
    now = tags(kept="2", **{CONTRACT_TAGS: "kept"})
    assert tag_changes(now, group_tags) == (
        tags(**{CONTRACT_TAGS: "kept"}) + tags(kept="2"),
        ["old"],
    )
    assert tag_changes(now, [*now, *tags(theirs="1")]) == ([], [])
    assert tag_changes([], group_tags) == ([], [CONTRACT_TAGS, "kept", "old"])


def test_features_say_what_they_are_and_are_left_alone_when_they_do(case: UseCase) -> None:
    group = case.group("credit-risk-outcome")
    (request,) = metadata(group, case, {})
    check("UpdateFeatureMetadata", request)
    assert request["Description"] == "The label"
    additions = {
        parameter["Key"]: parameter["Value"] for parameter in request["ParameterAdditions"]
    }
    assert additions == parameters(group.features[0], group, case)
    assert additions["codes"] == "0=bad / 1=good"
    assert additions["owner"] == "model-owner"
    descriptions = {
        "credit_risk": {
            "Description": "The label",
            "Parameters": request["ParameterAdditions"],
        }
    }
    assert metadata(group, case, descriptions) == ()
    descriptions["credit_risk"]["Parameters"] = [{"Key": "old", "Value": "x"}]
    assert metadata(group, case, descriptions)[0]["ParameterRemovals"] == ["old"]
