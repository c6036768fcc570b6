"""A group only grows: what may change is asked for, what may not is refused with the reason."""

import botocore.session
import pytest
from botocore.validate import ParamValidator

from causeway.errors import UnexpectedState
from causeway.features.changes import metadata, parameters, tag_changes, updates
from causeway.features.groups import CONTRACT_TAGS, create_request
from causeway.topology.accounts import Topology
from causeway.use_cases.use_case import UseCase


def asked(case: UseCase, topology: Topology) -> dict:
    return create_request(case.group("credit-risk-outcome"), case, topology, kms_key_id="key")


def check(operation: str, request: dict) -> None:
    service = botocore.session.get_session().get_service_model("sagemaker")
    shape = service.operation_model(operation).input_shape
    assert not ParamValidator().validate(request, shape).has_errors()


def test_a_group_that_keeps_its_contract_is_left_alone(case: UseCase, topology: Topology) -> None:
    wanted = asked(case, topology)
    more = [*wanted["FeatureDefinitions"], {"FeatureName": "x", "FeatureType": "String"}]
    assert updates(wanted, {**wanted, "FeatureDefinitions": more}) == ()


def test_features_and_time_to_live_are_added(case: UseCase, topology: Topology) -> None:
    wanted = asked(case, topology)
    online = {**wanted["OnlineStoreConfig"], "TtlDuration": {"Unit": "Days", "Value": 2}}
    wanted["OnlineStoreConfig"] = online
    found = {**asked(case, topology), "FeatureDefinitions": wanted["FeatureDefinitions"][:2]}
    first, second = updates(wanted, found)
    assert first["FeatureAdditions"] == wanted["FeatureDefinitions"][2:]
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
    wanted = asked(case, topology)
    with pytest.raises(UnexpectedState, match=reason):
        updates(wanted, {**wanted, **change})


def tags(**held: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in held.items()]


def test_only_tags_of_an_earlier_contract_are_taken_off() -> None:
    listing = {CONTRACT_TAGS: "old kept"}
    found = tags(old="1", kept="1", theirs="1", **listing)
    now = tags(kept="2", **{CONTRACT_TAGS: "kept"})
    assert tag_changes(now, found) == (tags(**{CONTRACT_TAGS: "kept"}) + tags(kept="2"), ["old"])
    assert tag_changes(now, [*now, *tags(theirs="1")]) == ([], [])
    assert tag_changes([], found) == ([], [CONTRACT_TAGS, "kept", "old"])


def test_features_say_what_they_are_and_are_left_alone_when_they_do(case: UseCase) -> None:
    group = case.group("credit-risk-outcome")
    (request,) = metadata(group, case, {})
    check("UpdateFeatureMetadata", request)
    assert request["Description"] == "The label"
    told = {one["Key"]: one["Value"] for one in request["ParameterAdditions"]}
    assert told == parameters(group.features[0], group, case)
    assert told["codes"] == "0=bad / 1=good"
    assert told["owner"] == "model-owner"
    found = {
        "credit_risk": {
            "Description": "The label",
            "Parameters": request["ParameterAdditions"],
        }
    }
    assert metadata(group, case, found) == ()
    found["credit_risk"]["Parameters"] = [{"Key": "old", "Value": "x"}]
    assert metadata(group, case, found)[0]["ParameterRemovals"] == ["old"]
