"""Items of the governance table: how stage records and promotions are written and read.

Their keys are in `causeway.versions.keys`, the conditions of a write in `causeway.items`. Items are
plain values (str, int, dict) as boto3's resource layer takes them; numbers inside metrics travel as
JSON text, because DynamoDB has no floats.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from causeway.digests import canonical_json
from causeway.instants import instant, moment
from causeway.items import STATUS_UNCHANGED, Key, Update, create
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.stages import UNRECORDED
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.keys import promotion_key, refusal_key, stage_key
from causeway.versions.stages import Stage, StageRecord, Status, check_transition


class PromotionStatus(StrEnum):
    """The status of a promotion attempt.

    `requested` means that its run may not exist yet, `reopened` that its failed run may not have
    been cleared yet.
    """

    REQUESTED = "requested"
    REOPENED = "reopened"
    RUNNING = "running"
    DEPLOYED = "deployed"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        """Whether the attempt still goes on; a failed run can be cleared and goes on then."""
        return self not in (
            PromotionStatus.DEPLOYED,
            PromotionStatus.REJECTED,
            PromotionStatus.SUPERSEDED,
        )


class Attention(StrEnum):
    """Why people have to look at a version in a stage."""

    WAITING = "waiting"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"


_REFUSED: Final = {
    Status.REJECTED: Attention.REJECTED,
    Status.QUARANTINED: Attention.QUARANTINED,
}


@dataclass(frozen=True)
class Promotion:
    """One attempt to take a version from development to production."""

    version_arn: ModelPackageArn
    attempt: int
    status: PromotionStatus
    model: str
    use_case_id: str
    updated_at: datetime

    @property
    def run_id(self) -> str:
        """The DAG run's id; it holds no `/`, which the execution API refuses."""
        return promotion_run_id(self.version_arn, self.attempt)


def promotion_run_id(arn: ModelPackageArn, attempt: int) -> str:
    """Return the id of the promotion DAG's run for this version and attempt."""
    return f"{arn.group}-v{arn.version}-{attempt}"


def new_record(
    arn: ModelPackageArn,
    stage: Stage,
    status: Status,
    case: UseCase,
    model: ModelSpec,
    *,
    now: datetime,
    user: str,
    use_case_stage: str = UNRECORDED,
    data_source: str = "",
    synthetic: str = "",
) -> StageRecord:
    """Return the first record of a version in a stage, with the use case's words.

    `use_case_stage` is the one that the use case is in now, by its own record.

    Raises:
        UnexpectedState: a stage does not begin in that status.
    """
    check_transition(stage, None, status)
    return StageRecord(
        version_arn=arn,
        stage=stage,
        status=status,
        use_case_id=case.id,
        use_case_name=case.name,
        use_case_stage=use_case_stage,
        model_group=model.group,
        version=arn.version,
        owner=case.owner,
        line_of_business=case.line_of_business,
        project=case.project,
        risk=model.risk,
        audit_timestamp=now,
        audit_user=user,
        data_source=data_source,
        synthetic=synthetic,
    )


def record_item(record: StageRecord) -> dict[str, Any]:
    """Write a stage record as an item."""
    return {
        **stage_key(record.version_arn, record.stage).item(),
        "version_arn": str(record.version_arn),
        "use_case_id": record.use_case_id,
        "use_case_name": record.use_case_name,
        "use_case_stage": record.use_case_stage,
        "model_group": record.model_group,
        "version": record.version,
        "owner": record.owner,
        "line_of_business": record.line_of_business,
        "project": record.project,
        "stage": record.stage.value,
        "status": record.status.value,
        "risk": record.risk,
        "validation_metrics": canonical_json(dict(record.validation_metrics)),
        "monitoring_metrics": canonical_json(dict(record.monitoring_metrics)),
        "audit_timestamp": instant(record.audit_timestamp),
        "audit_user": record.audit_user,
        **({"data_source": record.data_source} if record.data_source else {}),
        **({"synthetic": record.synthetic} if record.synthetic else {}),
        **_attention(record),
    }


def _attention(record: StageRecord) -> dict[str, str]:
    """Return the key of a record in the index of what people have to look at; most have none."""
    waits = record.status is Status.PENDING and record.stage in (Stage.DEVELOPMENT, Stage.TEST)
    attention = Attention.WAITING if waits else _REFUSED.get(record.status)
    return {"attention": attention.value} if attention else {}


def record_of(item: Mapping[str, Any]) -> StageRecord:
    """Read a stage record from its item."""
    return StageRecord(
        version_arn=ModelPackageArn.parse(item["version_arn"]),
        stage=Stage(item["stage"]),
        status=Status(item["status"]),
        use_case_id=item["use_case_id"],
        use_case_name=item["use_case_name"],
        use_case_stage=item["use_case_stage"],
        model_group=item["model_group"],
        version=int(item["version"]),
        owner=item["owner"],
        line_of_business=item["line_of_business"],
        project=item["project"],
        risk=item["risk"],
        validation_metrics=json.loads(item["validation_metrics"]),
        monitoring_metrics=json.loads(item["monitoring_metrics"]),
        audit_timestamp=moment(item["audit_timestamp"]),
        audit_user=item["audit_user"],
        # Records of earlier releases have neither.
        data_source=item.get("data_source", ""),
        synthetic=item.get("synthetic", ""),
    )


def promotion_item(promotion: Promotion) -> dict[str, Any]:
    """Write a promotion as an item."""
    return {
        **promotion_key(promotion.version_arn).item(),
        "version_arn": str(promotion.version_arn),
        "attempt": promotion.attempt,
        "run_id": promotion.run_id,
        "status": promotion.status.value,
        "model": promotion.model,
        "use_case_id": promotion.use_case_id,
        "updated_at": instant(promotion.updated_at),
    }


def promotion_of(item: Mapping[str, Any]) -> Promotion:
    """Read a promotion from its item."""
    return Promotion(
        version_arn=ModelPackageArn.parse(item["version_arn"]),
        attempt=int(item["attempt"]),
        status=PromotionStatus(item["status"]),
        model=item["model"],
        use_case_id=item["use_case_id"],
        updated_at=moment(item["updated_at"]),
    )


def write_record(record: StageRecord, before: Status | None) -> Update:
    """Write a stage record if its status is still the one that the change was planned against.

    `before` None means that there was no record.
    """
    key = stage_key(record.version_arn, record.stage)
    if before is None:
        return create(key, record_item(record))
    return Update(
        key,
        STATUS_UNCHANGED,
        {":before": before.value},
        {"#status": "status"},
        item=record_item(record),
    )


def write_promotion(promotion: Promotion, before: Promotion | None) -> Update:
    """Write a promotion if the attempt before it has not changed since it was read."""
    key = promotion_key(promotion.version_arn)
    if before is None:
        return create(key, promotion_item(promotion))
    return Update(
        key,
        # Lets one case through: attempt and status are the ones that the change was planned
        # against. A second sync that starts the same attempt fails.
        f"{STATUS_UNCHANGED} AND attempt = :attempt",
        {":before": before.status.value, ":attempt": before.attempt},
        {"#status": "status"},
        item=promotion_item(promotion),
    )


#: Lets two cases through: no sync has looked yet, or it looked earlier.
#: Names: #at; values: :at.
EARLIER: Final = "attribute_not_exists(pk) OR #at < :at"
LOOKED_AT: Final = Key("SYNC#registry", "LOOKED_AT")


def write_looked_at(at: datetime) -> Update:
    """Write when a sync has looked at everything."""
    values, item = {":at": instant(at)}, LOOKED_AT.item() | {"at": instant(at)}
    return Update(LOOKED_AT, EARLIER, values, {"#at": "at"}, item=item)


def looked_at(item: Mapping[str, Any] | None) -> datetime | None:
    """Read when a sync looked last."""
    return moment(item["at"]) if item else None


@dataclass(frozen=True)
class RecordedRefusal:
    """A gesture that was refused, and why; it is known by the event that it was."""

    event_id: str
    reason: str
    refused_at: datetime


def refusal_of(item: Mapping[str, Any]) -> RecordedRefusal:
    """Read a refusal from its item."""
    event_id = item["sk"].partition("#")[2]
    return RecordedRefusal(event_id, item["reason"], moment(item["refused_at"]))


def write_refusal(arn: ModelPackageArn, event_id: str, reason: str, at: datetime) -> Update:
    """Write that a gesture was refused, so that it is refused once."""
    key = refusal_key(arn, event_id)
    return create(key, key.item() | {"reason": reason, "refused_at": instant(at)})
