"""CloudTrail's events read as the calls that set approvals and life-cycles."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from causeway.governance.attribution import attributed
from causeway.governance.gestures import Gesture, Verdict
from causeway.governance.registry_calls import RegistryCall, call_of
from causeway.versions.registry import RegistryVersion, version_of
from causeway.versions.stages import Stage
from tests.causeway.values import VERSIONS

ARN = f"{VERSIONS}/1"
SESSION = "arn:aws:sts::333333333333:assumed-role/causeway-test-approver/a-session"
ROLE = "arn:aws:iam::333333333333:role/causeway-test-approver"


def event(parameters: dict[str, Any], **changes: Any) -> str:
    """An event of CloudTrail's documented shape, as far as it is read."""
    return json.dumps(
        {
            "eventTime": "2024-05-01T10:00:00Z",
            "eventName": "UpdateModelPackage",
            "eventID": "an-event",
            "userIdentity": {
                "arn": SESSION,
                "sessionContext": {
                    "sourceIdentity": "model-owner",
                    "sessionIssuer": {"type": "Role", "arn": ROLE},
                },
            },
            "requestParameters": {"modelPackageArn": ARN, **parameters},
            **changes,
        }
    )


def test_a_call_says_who_set_what_and_when() -> None:
    cycle = {"stage": "Production", "stageStatus": "Approved", "stageDescription": "x"}
    assert call_of(event({"modelApprovalStatus": "Approved", "modelLifeCycle": cycle})) == (
        RegistryCall(
            ARN,
            datetime(2024, 5, 1, 10, tzinfo=UTC),
            SESSION,
            "model-owner",
            "Approved",
            ("Production", "Approved"),
            ROLE,
            "an-event",
        )
    )


def test_what_a_call_leaves_alone_is_not_set_by_it() -> None:
    call = call_of(event({"customerMetadataProperties": {"a": "b"}}))
    assert call is not None
    assert (call.approval, call.lifecycle) == (None, None)


def test_a_session_name_is_no_identity() -> None:
    call = call_of(event({}, userIdentity={"arn": SESSION}))
    assert call is not None
    assert call.identity is None


def test_denied_and_other_calls_are_none() -> None:
    assert call_of(event({}, errorCode="AccessDeniedException")) is None
    assert call_of(event({}, eventName="CreateModelPackage")) is None
    assert call_of(event({}, requestParameters=None)) is None


T = datetime(2024, 5, 1, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def approved_version() -> RegistryVersion:
    return version_of(
        {
            "ModelPackageArn": ARN,
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": "Approved",
            "CreationTime": T - SECOND * 60,
            "LastModifiedTime": T + SECOND / 2,
        }
    )


def call(by: str, at: datetime, approval: str | None) -> RegistryCall:
    return RegistryCall(ARN, at, f"principal-{by}", by, approval)


def who(*calls: RegistryCall, now: datetime = T + SECOND * 3) -> str | None:
    version = approved_version()
    gesture = Gesture(version.arn, Stage.TEST, Verdict.APPROVED, None, None, "good", T)
    author = attributed(gesture, version, calls, delay=timedelta(0), now=now)
    assert author is not None
    return author.identity


@pytest.mark.parametrize("order", [1, -1])
def test_an_approval_in_the_second_of_a_setting_back_is_the_approver_s(order: int) -> None:
    back = call("sync", T, "PendingManualApproval")
    approval = call("model-owner", T, "Approved")
    assert who(*(back, approval)[::order]) == "model-owner"


def test_two_people_who_set_the_same_in_one_second_cannot_be_told_apart() -> None:
    assert who(call("model-owner", T, "Approved"), call("stranger", T, "Approved")) is None


def test_an_earlier_approval_does_not_speak_for_what_was_set_again() -> None:
    calls = call("model-owner", T - SECOND * 5, "Approved"), call("stranger", T, "Approved")
    assert who(*calls) == "stranger"
    assert who(calls[0], call("sync", T, "PendingManualApproval")) is None
