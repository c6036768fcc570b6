"""CloudTrail's events read as the calls that set approvals and life-cycles."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from causeway.attribution import RegistryCall, call_of

ARN = "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/1"
SESSION = "arn:aws:sts::333333333333:assumed-role/causeway-approver/a-session"


def event(asked: dict[str, Any], **changes: Any) -> str:
    """An event of CloudTrail's documented shape, as far as it is read."""
    return json.dumps(
        {
            "eventTime": "2024-05-01T10:00:00Z",
            "eventName": "UpdateModelPackage",
            "userIdentity": {
                "arn": SESSION,
                "sessionContext": {"sourceIdentity": "model-owner"},
            },
            "requestParameters": {"modelPackageArn": ARN, **asked},
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
        )
    )


def test_what_a_call_leaves_alone_is_not_set_by_it() -> None:
    found = call_of(event({"customerMetadataProperties": {"a": "b"}}))
    assert found is not None
    assert (found.approval, found.lifecycle) == (None, None)


def test_a_session_name_is_no_identity() -> None:
    found = call_of(event({}, userIdentity={"arn": SESSION}))
    assert found is not None
    assert found.identity is None


def test_denied_and_other_calls_are_none() -> None:
    assert call_of(event({}, errorCode="AccessDeniedException")) is None
    assert call_of(event({}, eventName="CreateModelPackage")) is None
    assert call_of(event({}, requestParameters=None)) is None
