"""The governance table in the domain's values: what is known of a version, and moves of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from causeway.deployment.leases import Lease, Live, lease_key, lease_of, live_key, live_of
from causeway.errors import NotFound
from causeway.governance.approvals import Decision
from causeway.governance.sync_plan import VersionState
from causeway.governance.table import (
    PromotionStatus,
    decision_of,
    promotion_of,
    record_of,
    write_promotion,
    write_record,
)
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import decision_key, version_pk
from causeway.versions.stages import Stage, StageRecord, Status
from causeway_airflow.hooks.governance import GovernanceHook


class StageTableHook(GovernanceHook):
    """Records, decisions, promotions, leases."""

    def state(self, version: ModelPackageArn) -> VersionState:
        """Return what the table holds about a version."""
        records: dict[Stage, StageRecord] = {}
        decisions: list[Decision] = []
        promotion = None
        for item in self.query(version_pk(version)):
            kind = item["sk"].partition("#")[0]
            if kind == "STAGE":
                record = record_of(item)
                records[record.stage] = record
            elif kind == "DECISION":
                decisions.append(decision_of(item))
            elif kind == "PROMOTION":
                promotion = promotion_of(item)
        return VersionState(records, tuple(decisions), promotion)

    def decision(self, version: ModelPackageArn, target: Stage, attempt: int) -> Decision:
        """Return a decision. Raises `NotFound` when nobody has decided."""
        item = self.get(decision_key(version, target, attempt))
        if item is None:
            raise NotFound(
                f"nobody has decided on {target.value} of {version} (attempt {attempt})",
                principal=self.principal,
                next_step="A deployment needs the decision item; approve the version first.",
            )
        return decision_of(item)

    def move(
        self,
        record: StageRecord,
        status: Status,
        *,
        now: datetime,
        user: str,
        metrics: Mapping[str, Any] | None = None,
    ) -> StageRecord:
        """Write a record in another status; one that says it already is left as it is.

        Raises `UnexpectedState` when the state machine forbids it, `WriteConflict` when somebody
        moved the record meanwhile.
        """
        if record.status is status and metrics in (None, record.validation_metrics):
            return record
        moved = record.moved(status, now=now, user=user, validation_metrics=metrics)
        self.write(write_record(moved, record.status))
        self.log.info("%s: %s %s", record.version_arn, record.stage.value, status.value)
        return moved

    def add(self, record: StageRecord) -> StageRecord:
        """Write a version's first record in a stage. Raises `WriteConflict` when there is one."""
        self.write(write_record(record, None))
        self.log.info("%s: %s %s", record.version_arn, record.stage.value, record.status.value)
        return record

    def close(self, version: ModelPackageArn, status: PromotionStatus, now: datetime) -> None:
        """Say how a version's latest promotion fares; saying it again changes nothing."""
        promotion = self.state(version).promotion
        if promotion is None or promotion.status is status:
            return
        self.write(write_promotion(replace(promotion, status=status, updated_at=now), promotion))
        self.log.info("promotion %s: %s", promotion.run_id, status.value)

    def lease(self, where: Any, model: str) -> Lease | None:
        """Return the lease on a model's endpoint in an account role, or None."""
        item = self.get(lease_key(where, model))
        return lease_of(item) if item else None

    def live(self, where: Any, model: str) -> Live | None:
        """Return what a model's endpoint serves in an account role, or None."""
        item = self.get(live_key(where, model))
        return live_of(item) if item else None
