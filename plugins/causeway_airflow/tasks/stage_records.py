"""Stage records and promotions: added, moved and closed, each with its entry in the audit."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from causeway.governance.audit import Actor
from causeway.governance.changes import promoted, recorded
from causeway.governance.table import PromotionStatus
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import StageRecord, Status
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.tasks.acting import Hooks

log = logging.getLogger(__name__)


def stage_table(hook: Hooks) -> StageTableHook:
    """Return the stage table, as its recorder."""
    return hook(StageTableHook, AccountRole.GOVERNANCE, "recorder")


def add_record(table: StageTableHook, record: StageRecord, by: Actor) -> StageRecord:
    """Write a version's first record in a stage. Raises `WriteConflict` when there is one."""
    table.record_or_raise(recorded(record, None, by))
    log.info("%s: %s %s", record.version_arn, record.stage.value, record.status.value)
    return record


def move_record(
    table: StageTableHook,
    record: StageRecord,
    status: Status,
    *,
    now: datetime,
    by: Actor,
    metrics: Mapping[str, Any] | None = None,
) -> StageRecord:
    """Write a record in another status; one that says it already is left as it is.

    Raises:
        UnexpectedState: the state machine forbids the change.
        WriteConflict: somebody moved the record meanwhile.
    """
    if record.status is status and metrics in (None, record.validation_metrics):
        return record
    moved = record.moved(status, now=now, user=by.person, validation_metrics=metrics)
    table.record_or_raise(recorded(moved, record.status, by))
    log.info("%s: %s %s", record.version_arn, record.stage.value, status.value)
    return moved


def mark_promotion(
    table: StageTableHook,
    version: ModelPackageArn,
    status: PromotionStatus,
    now: datetime,
    by: Actor,
) -> None:
    """Write how a version's latest promotion fares; writing it again changes nothing."""
    promotion = table.state(version).promotion
    if promotion is None or promotion.status is status:
        return
    closed = replace(promotion, status=status, updated_at=now)
    table.record_or_raise(promoted(closed, promotion, by))
    log.info("promotion %s: %s", promotion.run_id, status.value)
