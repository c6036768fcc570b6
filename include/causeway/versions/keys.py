"""Where the governance table keeps what it knows of a version."""

from __future__ import annotations

from causeway.items import Key
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Stage


def version_pk(arn: ModelPackageArn) -> str:
    """Return the partition that holds everything about one version."""
    return f"VERSION#{arn}"


def stage_key(arn: ModelPackageArn, stage: Stage) -> Key:
    """Return the key of a stage record."""
    return Key(version_pk(arn), f"STAGE#{stage.value}")


def decision_key(arn: ModelPackageArn, target: Stage, attempt: int) -> Key:
    """Return the key of the decision on entry into a stage, in one promotion attempt."""
    return Key(version_pk(arn), f"DECISION#{target.value}#{attempt}")


def promotion_key(arn: ModelPackageArn) -> Key:
    """Return the key of a version's latest promotion attempt."""
    return Key(version_pk(arn), "PROMOTION")
