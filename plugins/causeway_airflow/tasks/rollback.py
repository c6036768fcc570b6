"""A model's production endpoint brought back to a version that was live before."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from causeway.deployment.leases import Live
from causeway.deployment.live_changes import went_live
from causeway.deployment.rollback import Past, choose, names_of
from causeway.deployment.rollout import judge_endpoint, require_success
from causeway.errors import UnexpectedState, WriteConflict
from causeway.governance.audit import Actor, Door
from causeway.governance.use_case_guard import require_admits
from causeway.items import absent
from causeway.reporting.alerts import Alert, Severity
from causeway.statuses import Meaning
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn, ModelPackageGroupArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.keys import revocation_key
from causeway.versions.stages import Stage
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.endpoints import EndpointsHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.results import Deployed
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.alerts import raise_alerts
from causeway_airflow.tasks.audit import lock_head
from causeway_airflow.tasks.deployment import bring, tags_of, take_back, until_gone, wait_of
from causeway_airflow.tasks.endpoint_leases import give_back, own_lease, take_lease
from causeway_airflow.tasks.endpoint_tests import SMOKE_ROWS, held_out_rows, predictions
from causeway_airflow.tasks.live_versions import production_records
from causeway_airflow.tasks.promotion import Subject, registry_version
from causeway_airflow.tasks.stage_records import stage_table
from causeway_airflow.waits import Done, Outcome, Pending

log = logging.getLogger(__name__)

ROLE: Final = AccountRole.PROD


def begin(
    hook: Hooks, case: UseCase, model: ModelSpec, version: int | None, run_id: str, user: str
) -> Outcome[Deployed]:
    """Take the lease, choose what to go back to, and begin or adopt the change of the endpoint.

    Raises:
        ApprovalRefused: nothing is live, and the use case lets nothing into production now.
        UnexpectedState: there is nothing to go back to; an endpoint that serves another version
            than the table says is brought back to that.
        LeaseHeld: another run deploys to the endpoint.
        EndpointBusy: another change of the endpoint is in progress.
    """
    table, endpoints = stage_table(hook), hook(EndpointsHook)
    live = table.live(ROLE, model.name)
    if live is not None and live.run_id == run_id and live.reason:
        # Cleared after its success, or killed when it had recorded: what followed is done again.
        return _settled(hook, live, _before(table, live, model), run_id)
    if live is None:
        raise UnexpectedState(
            f"nothing of {model.name} was ever live in {ROLE.value}",
            next_step="There is nothing to go back to: promote a version.",
        )
    if live.removed_at is not None:  # it serves nothing: to go back is to enter production again
        require_admits(table.use_case(case.id), case, Stage.PRODUCTION, topology())
    lease = take_lease(table, _subject(table, case, model, live, user, run_id), run_id)
    try:
        chosen = _choose(table, model, version)
    except UnexpectedState:
        _back_to_live(table, endpoints, model)
        give_back(table, lease)
        raise
    subject, names = _subject(table, case, model, chosen, user, run_id), names_of(chosen)
    carried = {"fencing": chosen.fencing, "under_way": True}
    tags = tags_of(names, chosen.version_arn, lease)
    if not bring(endpoints, names, tags, subject.account):
        return Pending(until_gone(names), carried=carried | {"under_way": False})
    return Pending(wait_of(names), carried=carried)


def look(
    hook: Hooks,
    case: UseCase,
    model: ModelSpec,
    version: int | None,
    run_id: str,
    user: str,
    reason: str,
    *,
    fencing: int,
    under_way: bool = True,
) -> Outcome[Deployed]:
    """Judge the endpoint; when it serves the earlier version, write that and say so.

    Raises:
        LeaseHeld: the lease went to another run.
        DeploymentFailed: the endpoint does not serve that version.
        WriteConflict: somebody stopped that version, or changed a record meanwhile.
    """
    if not under_way:
        outcome = begin(hook, case, model, version, run_id, user)
        again = isinstance(outcome, Pending) and outcome.carried["under_way"]
        return replace(outcome, anew=True) if isinstance(outcome, Pending) and again else outcome
    table, endpoints = stage_table(hook), hook(EndpointsHook)
    chosen = next(e for e in table.history(ROLE, model.name) if e.fencing == fencing)
    subject, names = _subject(table, case, model, chosen, user, run_id), names_of(chosen)
    observed = endpoints.observe(names.endpoint)
    judgement = judge_endpoint(
        names,
        status=observed.status or "gone",
        endpoint_config=observed.endpoint_config,
        artifact_sha256=observed.artifact_sha256,
    )
    lease = own_lease(table, subject, run_id)
    if judgement.verdict is Meaning.WAITING:
        return Pending(wait_of(names), carried={"fencing": fencing, "under_way": True})
    if judgement.verdict is Meaning.FAILURE:
        give_back(table, lease)
    require_success(names, judgement, account=subject.account, reason=observed.reason)
    now, before = datetime.now(UTC), table.live(ROLE, model.name)
    live = replace(
        chosen,
        run_id=run_id,
        fencing=lease.fencing,
        deployed_at=now,
        removed_at=None,
        removed_by="",
        reason=f"rolled back by {user}: {reason}",
    )
    changes = [
        went_live(live, before, subject.by, subject.account),
        *production_records(table, subject, before, now),
    ]
    if not table.record(changes, [absent(revocation_key(subject.version, subject.attempt))]):
        take_back(table, endpoints, subject, names)
        give_back(table, lease)
        raise WriteConflict(
            f"{subject.version} is not recorded as live: somebody stopped it, or changed lease or "
            "record meanwhile",
            account=subject.account,
            next_step="Clear the task: it chooses again.",
        )
    log.info("endpoint %s serves %s again: %s", live.endpoint, live.version_arn, reason)
    return _settled(hook, live, before, run_id)


def _settled(hook: Hooks, live: Live, before: Live | None, run_id: str) -> Outcome[Deployed]:
    """Do what follows a rollback that is recorded; doing it again changes nothing."""
    table = stage_table(hook)
    lease = table.lease(ROLE, live.model)
    if lease is not None and lease.owner == run_id:
        give_back(table, lease)
    raise_alerts(hook, [_alert(live, before, run_id)])
    lock_head(hook, live.version_arn.group)
    return Done(_result(live))


def _before(table: StageTableHook, live: Live, model: ModelSpec) -> Live | None:
    """Return what was live before, as the history says."""
    earlier = [entry for entry in table.history(ROLE, model.name) if entry.fencing < live.fencing]
    return max(earlier, key=lambda entry: entry.fencing, default=None)


def _choose(table: StageTableHook, model: ModelSpec, version: int | None) -> Live:
    """Return what to go back to, as the table says under the lease."""
    history, live = table.history(ROLE, model.name), table.live(ROLE, model.name)
    past = _past(table, {entry.version_arn for entry in history})
    return choose(history, live, past, _arn(model, version))


def _back_to_live(table: StageTableHook, endpoints: EndpointsHook, model: ModelSpec) -> None:
    """Bring the endpoint back from what a rollback began whose worker died; under the lease."""
    live = table.live(ROLE, model.name)
    if live is None or live.removed_at is not None:
        return
    observed = endpoints.observe(live.endpoint)
    if observed.status == "InService" and observed.endpoint_config != live.endpoint_config:
        endpoints.update(live.endpoint, live.endpoint_config)
        log.warning("endpoint %s goes back to %s", live.endpoint, live.endpoint_config)


def ask(hook: Hooks, case: UseCase, model: ModelSpec, run_id: str, user: str) -> list[list[float]]:
    """Ask the endpoint about a few rows. Raises `DeploymentFailed` for nonsense."""
    table = stage_table(hook)
    live = table.live(ROLE, model.name)
    if live is None:
        raise UnexpectedState(f"nothing of {model.name} is live", next_step="Clear the rollback.")
    subject = _subject(table, case, model, live, user, run_id)
    rows = held_out_rows(hook, subject, registry_version(hook, live.version_arn))
    return predictions(hook, subject, rows, rows.rows[:SMOKE_ROWS])


def _arn(model: ModelSpec, version: int | None) -> ModelPackageArn | None:
    if version is None:
        return None
    group = ModelPackageGroupArn.of(topology(), AccountRole.SHARED_SERVICES, model.group)
    return group.version(version)


def _past(
    table: StageTableHook, versions: Iterable[ModelPackageArn]
) -> dict[ModelPackageArn, Past]:
    past: dict[ModelPackageArn, Past] = {}
    for version in versions:
        state = table.state(version)
        record = state.records.get(Stage.PRODUCTION)
        past[version] = Past(
            state.facts.package_sha256 if state.facts else None,
            state.facts.artifact_sha256 if state.facts else None,
            bool(state.revocations),
            record.status if record else None,
        )
    return past


def _subject(
    table: StageTableHook, case: UseCase, model: ModelSpec, live: Live, user: str, run_id: str
) -> Subject:
    promotion = table.promotion(live.version_arn)
    attempt = promotion.attempt if promotion else 1
    by = Actor(f"airflow:{user}", Door.AIRFLOW, f"{model.name}__rollback {run_id}")
    return Subject(case, model, live.version_arn, attempt, ROLE, by)


def _result(live: Live) -> Deployed:
    return {
        "endpoint": live.endpoint,
        "endpoint_config": live.endpoint_config,
        "version_arn": str(live.version_arn),
        "account": topology().account(ROLE),
    }


def _alert(live: Live, before: Live | None, run: str) -> Alert:
    return Alert(
        what=f"{live.reason} (from {before.version_arn if before else 'nothing'})",
        severity=Severity.WARNING,
        account=topology().account(ROLE),
        subject=str(live.version_arn),
        next_step="Find out what was wrong with the version before; stop it if it must not return.",
        run=run,
    )
