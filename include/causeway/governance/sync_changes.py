"""What the sync has to do, as values that the adaptors carry out one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from causeway.governance.decisions import Decision, Facts, Revocation
from causeway.governance.table import Promotion
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import LifeCycle, Stage, StageRecord, Status


@dataclass(frozen=True)
class RecordChange:
    """A stage record to write, and the status that it must still have (None: no record).

    One stage may change twice in a plan; the changes are written in their order.
    """

    record: StageRecord
    before: Status | None


@dataclass(frozen=True)
class PromotionStart:
    """A promotion to write (over `before`) and to start a run for, under `promotion.run_id`.

    `before` equal to `promotion` means that it was written already, but its run may not exist.
    """

    promotion: Promotion
    before: Promotion | None


@dataclass(frozen=True)
class RegistryUpdate:
    """An `UpdateModelPackage`, to be sent only while the version is as it was seen.

    `seen_at` is the last-modified time that the plan was made on: when it has changed, somebody
    acted meanwhile, and the next sync decides again.
    """

    version_arn: ModelPackageArn
    seen_at: datetime
    approval_status: str | None = None
    approval_description: str | None = None
    lifecycle: LifeCycle | None = None

    def request(self) -> dict[str, Any]:
        """Return the `UpdateModelPackage` request."""
        fields: dict[str, Any] = {"ModelPackageArn": str(self.version_arn)}
        if self.approval_status is not None:
            fields["ModelApprovalStatus"] = self.approval_status
            fields["ApprovalDescription"] = (self.approval_description or "")[:1024]
        if self.lifecycle is not None:
            fields["ModelLifeCycle"] = {
                "Stage": self.lifecycle.stage,
                "StageStatus": self.lifecycle.status,
                "StageDescription": self.lifecycle.description,
            }
        return fields


@dataclass(frozen=True)
class Refusal:
    """A gesture that the guard refused: an alert is sent and the registry is set back.

    `event_id` is the event that the gesture was, so that it is refused once; None if unknown.
    """

    version_arn: ModelPackageArn
    reason: str
    quarantined: bool
    principal: str | None = None
    event_id: str | None = None


@dataclass(frozen=True)
class VersionState:
    """What the governance table holds about one version."""

    records: Mapping[Stage, StageRecord] = field(default_factory=dict)
    decisions: Sequence[Decision] = ()
    promotion: Promotion | None = None
    facts: Facts | None = None
    revocations: Sequence[Revocation] = ()
    #: Events whose gestures were refused.
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SyncPlan:
    """What to do, in the order of the fields."""

    facts: tuple[Facts, ...] = ()
    revocations: tuple[Revocation, ...] = ()
    decisions: tuple[Decision, ...] = ()
    records: tuple[RecordChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    registry: tuple[RegistryUpdate, ...] = ()
    promotions: tuple[PromotionStart, ...] = ()
    #: Versions of groups that no use case knows, or that the registry has not completed.
    ignored: tuple[str, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do."""
        return not any(getattr(self, part.name) for part in fields(self) if part.name != "ignored")
