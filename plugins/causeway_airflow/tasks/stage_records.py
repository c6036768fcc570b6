"""Stage records and promotions: added, moved and closed under the conditions of the stage table."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from causeway.governance.table import PromotionStatus, write_promotion, write_record
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import StageRecord, Status
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.tasks.acting import Hooks

log = logging.getLogger(__name__)


def stage_table(hook: Hooks) -> StageTableHook:
    """Return the stage table, as its recorder."""
    return hook(StageTableHook, AccountRole.GOVERNANCE, "recorder")


def add_record(table: StageTableHook, record: StageRecord) -> StageRecord:
    """Write a version's first record in a stage. Raises `WriteConflict` when there is one."""
    table.write(write_record(record, None))
    log.info("%s: %s %s", record.version_arn, record.stage.value, record.status.value)
    return record


def move_record(
    table: StageTableHook,
    record: StageRecord,
    status: Status,
    *,
    now: datetime,
    user: str,
    metrics: Mapping[str, Any] | None = None,
) -> StageRecord:
    """Write a record in another status; one that says it already is left as it is.

    Raises:
        UnexpectedState: the state machine forbids the change.
        WriteConflict: somebody moved the record meanwhile.
    """
    if record.status is status and metrics in (None, record.validation_metrics):
        return record
    moved = record.moved(status, now=now, user=user, validation_metrics=metrics)
    table.write(write_record(moved, record.status))
    log.info("%s: %s %s", record.version_arn, record.stage.value, status.value)
    return moved


def close_promotion(
    table: StageTableHook, version: ModelPackageArn, status: PromotionStatus, now: datetime
) -> None:
    """Write how a version's latest promotion fares; writing it again changes nothing."""
    promotion = table.state(version).promotion
    if promotion is None or promotion.status is status:
        return
    table.write(write_promotion(replace(promotion, status=status, updated_at=now), promotion))
    log.info("promotion %s: %s", promotion.run_id, status.value)
