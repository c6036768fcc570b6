"""Events of feature groups, models and endpoint configs (EventBridge guide for SageMaker)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.kit.arns import parse_arn
from localaws.sagemaker.jobs.jobs import with_millis
from localaws.sagemaker.tags import TagStore

if TYPE_CHECKING:
    from localaws.kit.capabilities import Announcements

# The event has Active for the API's Created (the guide's example); other statuses are equal.
FEATURE_GROUP_STATUS = {"Created": "Active"}


def announce(aws: Announcements, what: str, arn: str, described: dict[str, Any]) -> None:
    """Emit "SageMaker `what` State Change" in the owner's account, with the tags as a map.

    `described` is the API's description; its times are converted to milliseconds.
    """
    owner = parse_arn(arn)
    detail = {name: value for name, value in described.items() if name != "LastModifiedTime"}
    status = detail.get("FeatureGroupStatus")
    if status:
        detail["FeatureGroupStatus"] = FEATURE_GROUP_STATUS.get(status, status)
    detail["Tags"] = aws.store(TagStore, owner.account, owner.region).of(arn)
    kind = f"SageMaker {what} State Change"
    aws.emit(owner.account, owner.region, "aws.sagemaker", kind, with_millis(detail), [arn])
