"""The governance sync: registry and stage table compared, the plan carried out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from causeway.governance.attribution import UPDATE, RegistryCall, call_of
from causeway.governance.sync import asked_since, plan_sync
from causeway.governance.sync_plan import (
    PromotionStart,
    Refusal,
    RegistryUpdate,
    SyncPlan,
    VersionState,
)
from causeway.governance.table import (
    Promotion,
    PromotionStatus,
    decision_item,
    write_promotion,
    write_record,
)
from causeway.items import create
from causeway.reporting.alerts import Alert, Severity
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import decision_key
from causeway.versions.registry import RegistryVersion, version_of
from causeway_airflow.assets import PLATFORM
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.notifiers.alerts import raise_alerts, run_of
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.registry import RegistryHook
    from causeway_airflow.hooks.stage_table import StageTableHook

READERS = 8


def promotion_dag_id(model: str) -> str:
    """Return the id of a model's promotion DAG."""
    return f"{model}__promotion"


class SyncOperator(CausewayOperator):
    """Read the registry, write what follows from it, and say which promotions are to be started.

    Events only wake this task; late, doubled or lost ones change nothing but latency. A write whose
    condition does not hold is left to the next sync, which decides on the new state.

    :returns: the arguments of one `TriggerDagRunOperator` for each promotion run that is missing
    """

    def __init__(
        self,
        *,
        account_role: str = "shared_services",
        duty: str = "registry-sync",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("inlets", [PLATFORM])
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> list[dict[str, Any]]:
        """Plan and carry out; see the class."""
        from causeway_airflow.hooks.base import AwsCallError
        from causeway_airflow.hooks.registry import RegistryHook
        from causeway_airflow.hooks.stage_table import StageTableHook

        registry = RegistryHook(self.connection(), self.region_name)
        table = StageTableHook(self.connection("governance", "recorder"), self.region_name)
        try:
            versions = self._versions(registry)
            states = self._states(table, versions)
        except AwsCallError as error:
            if (error.denied or error.missing) and not _set_up(context):
                raise AirflowSkipException(
                    f"the accounts are not set up yet: run platform__accounts ({error.what})"
                ) from error
            raise
        now = datetime.now(UTC)
        seen = (versions, states, use_cases(), topology(), now)
        plan = plan_sync(*seen, self._calls(asked_since(*seen)))
        for ignored in plan.ignored:
            self.log.info("ignored: %s", ignored)
        self._write(plan, table)
        # Before the registry is set back: a sync that is killed here raises them again.
        raise_alerts(_alert(refusal, run_of(context)) for refusal in plan.refusals)
        for update in plan.registry:
            self._set(registry, update)
        return self._to_start(plan.promotions, table, context)

    def _versions(self, registry: RegistryHook) -> list[RegistryVersion]:
        groups = [model.group for case in use_cases() for model in case.models]
        return [version_of(found) for group in groups for found in registry.search(group)]

    def _calls(self, since: datetime | None) -> list[RegistryCall]:
        """Return who changed versions since then; without a new gesture nobody is asked for."""
        if since is None:
            return []
        from causeway_airflow.hooks.audit_log import AuditLogHook

        recorded = AuditLogHook(self.connection(), self.region_name).calls(UPDATE, since)
        return [call for event in recorded if (call := call_of(event)) is not None]

    def _states(
        self, table: StageTableHook, versions: Iterable[RegistryVersion]
    ) -> Mapping[ModelPackageArn, VersionState]:
        arns = [version.arn for version in versions]
        with ThreadPoolExecutor(READERS) as threads:
            return dict(zip(arns, threads.map(table.state, arns), strict=True))

    def _write(self, plan: SyncPlan, table: StageTableHook) -> None:
        """Write decisions and records, in the plan's order."""
        for decision in plan.decisions:
            key = decision_key(decision.version_arn, decision.target, decision.attempt)
            written = table.apply(create(key, decision_item(decision)))
            self.log.info(
                "%s %s for %s by %s: %s",
                decision.version_arn,
                decision.verdict.value,
                decision.target.value,
                decision.person,
                "written" if written else "was there already",
            )
        for change in plan.records:
            record = change.record
            written = table.apply(write_record(record, change.before))
            self.log.info(
                "%s: %s %s%s",
                record.version_arn,
                record.stage.value,
                record.status.value,
                "" if written else " not written: the record changed meanwhile",
            )

    def _set(self, registry: RegistryHook, update: RegistryUpdate) -> None:
        """Write the registry's words while the version is as it was seen."""
        seen = version_of(registry.describe(str(update.version_arn)))
        if seen.modified_at != update.seen_at:
            self.log.info("%s changed meanwhile: left to the next sync", update.version_arn)
            return
        registry.call("update_model_package", **update.request())
        self.log.info("%s set to %s", update.version_arn, update)

    def _to_start(
        self, starts: Iterable[PromotionStart], table: StageTableHook, context: Context
    ) -> list[dict[str, Any]]:
        """Note what is requested; return what has no run yet, mark running what has."""
        missing: list[dict[str, Any]] = []
        for start in starts:
            promotion = start.promotion
            if start.before != promotion:
                if table.apply(write_promotion(promotion, start.before)) is None:
                    continue  # another sync requested it
            elif self._has_run(promotion, context):
                running = replace(
                    promotion, status=PromotionStatus.RUNNING, updated_at=datetime.now(UTC)
                )
                table.apply(write_promotion(running, promotion))
                continue
            self.log.info("promotion to start: %s", promotion.run_id)
            missing.append(_run_of(promotion))
        return missing

    def _has_run(self, promotion: Promotion, context: Context) -> bool:
        dag_id = promotion_dag_id(promotion.model)
        return bool(context["ti"].get_dr_count(dag_id, run_ids=[promotion.run_id]))


def _run_of(promotion: Promotion) -> dict[str, Any]:
    arn = promotion.version_arn
    return {
        "trigger_dag_id": promotion_dag_id(promotion.model),
        "trigger_run_id": promotion.run_id,
        "conf": {
            "version_arn": str(arn),
            "version": arn.version,
            "group": arn.group,
            "attempt": promotion.attempt,
        },
    }


def _alert(refusal: Refusal, run: str) -> Alert:
    version = refusal.version_arn
    done = "quarantined" if refusal.quarantined else "set back"
    return Alert(
        what=f"{done}: {refusal.reason} (by {refusal.principal or 'nobody known'})",
        severity=Severity.CRITICAL if refusal.quarantined else Severity.WARNING,
        account=version.account,
        subject=str(version),
        next_step="Ask who did it; an entitled person may then approve the version anew.",
        run=run,
    )


def _set_up(context: Context) -> bool:
    """Return whether platform__accounts ever succeeded: its asset has an event."""
    return len(context["inlet_events"][PLATFORM]) > 0
