"""The "SageMaker Model Package State Change" event (EventBridge guide for SageMaker)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from localaws.kit.service import Call

DETAIL = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "MetadataProperties",
    "ModelMetrics",
    "CustomerMetadataProperties",
    "ModelLifeCycle",
)


def announce(call: Call, record: dict[str, Any], changed: list[str]) -> None:
    """Emit the event in the account that owns the package; `changed` is empty at creation."""
    detail: dict[str, Any] = {name: record[name] for name in DETAIL if name in record}
    detail["CreationTime"] = _iso(record["CreationTime"])
    detail["LastModifiedTime"] = _iso(record["LastModifiedTime"])
    detail["UpdatedModelPackageFields"] = changed
    call.emit(
        call.account,
        call.region,
        "aws.sagemaker",
        "SageMaker Model Package State Change",
        detail,
        [record["ModelPackageArn"]],
    )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
