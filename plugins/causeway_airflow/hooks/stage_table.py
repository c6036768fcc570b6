"""The governance table in the domain's values: what it holds about a version and an endpoint."""

from __future__ import annotations

from causeway.deployment.leases import Lease, Live, lease_key, lease_of, live_key, live_of
from causeway.errors import NotFound
from causeway.governance.approvals import Decision
from causeway.governance.sync_changes import VersionState
from causeway.governance.table import decision_of, promotion_of, record_of
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import decision_key, version_pk
from causeway.versions.stages import Stage, StageRecord
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

    def lease(self, role: AccountRole, model: str) -> Lease | None:
        """Return the lease on a model's endpoint in an account role, or None."""
        item = self.get(lease_key(role, model))
        return lease_of(item) if item else None

    def live(self, role: AccountRole, model: str) -> Live | None:
        """Return what a model's endpoint serves in an account role, or None."""
        item = self.get(live_key(role, model))
        return live_of(item) if item else None
