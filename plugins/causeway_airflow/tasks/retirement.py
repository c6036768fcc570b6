"""A version taken out of production for good: its endpoint, where it is live, and its record."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from causeway.deployment.leases import Live
from causeway.deployment.live_changes import removed
from causeway.deployment.rollback import names_of
from causeway.errors import CausewayError, UnexpectedState, WriteConflict
from causeway.governance.audit import Actor, Door
from causeway.governance.changes import recorded
from causeway.model_cards.lifecycle import HandOver
from causeway.reporting.alerts import Alert, Severity
from causeway.statuses import Meaning, meaning
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn, ModelPackageGroupArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import version_of
from causeway.versions.stages import Stage, StageRecord, Status
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.endpoints import EndpointsHook
from causeway_airflow.hooks.model_cards import ModelCardsHook
from causeway_airflow.hooks.registry import RegistryHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.results import Retired
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.alerts import raise_alerts
from causeway_airflow.tasks.audit import lock_head
from causeway_airflow.tasks.deployment import EndpointBusy, until_gone
from causeway_airflow.tasks.endpoint_leases import give_back, take_lease
from causeway_airflow.tasks.model_cards import hand_over_card, share_card
from causeway_airflow.tasks.promotion import Subject
from causeway_airflow.tasks.stage_records import stage_table
from causeway_airflow.tasks.use_case_records import stage_word
from causeway_airflow.waits import Done, Outcome, Pending

log = logging.getLogger(__name__)

ROLE: Final = AccountRole.PROD


def begin(
    hook: Hooks,
    case: UseCase,
    model: ModelSpec,
    version: int | None,
    reason: str,
    run_id: str,
    user: str,
) -> Outcome[Retired]:
    """Delete the endpoint where the version is live, and write that it is retired.

    What an earlier try has done is left as it is, and what it has not is done.

    Raises:
        UnexpectedState: the version was never in production, or is on its way there.
        LeaseHeld: another run deploys to the endpoint.
        EndpointBusy: it changes, and AWS deletes it only afterwards.
    """
    table = stage_table(hook)
    arn = _arn(table, model, version, run_id)
    by = Actor(f"airflow:{user}", Door.AIRFLOW, f"{model.name}__retire {run_id}")
    subject = Subject(case, model, arn, 1, ROLE, by)
    lease = take_lease(table, subject, run_id)
    try:
        served = _served(table, subject)  # nobody else changes it under the lease
        record = _record(table, subject)
        retired = record.moved(Status.RETIRED, now=datetime.now(UTC), user=by.person)
        changes = []
        if served is not None:
            _delete(hook(EndpointsHook), served, subject.account)
            changes.append(
                removed(
                    served,
                    by,
                    subject.account,
                    run_id=run_id,
                    fencing=lease.fencing,
                    at=retired.audit_timestamp,
                )
            )
        if record.status is not Status.RETIRED:
            changes.append(recorded(retired, record.status, by, subject.account))
        if changes and not table.record([replace(change, reason=reason) for change in changes]):
            raise WriteConflict(
                f"{arn} is not recorded as retired: somebody changed its record meanwhile",
                account=subject.account,
                next_step="Clear the task: it looks again.",
            )
    except CausewayError as error:
        if not error.retryable:
            give_back(table, lease)
        raise
    give_back(table, lease)
    raise_alerts(hook, [_alert(arn, f"retired by {user}: {reason}", run_id)])
    lock_head(hook, arn.group)
    result: Retired = {
        "version_arn": str(arn),
        "endpoint": model.endpoint,
        "removed": served is not None,
    }
    if served is None:
        return Done(result)
    return Pending(until_gone(names_of(served)), carried=dict(result))


def archive_card(hook: Hooks, case: UseCase, model: ModelSpec, version_arn: str) -> bool:
    """Archive the model's card, for good, and take back its shares; return whether it was open.

    A card that tells of another version than the retired one is left as it is.
    """
    role = AccountRole.SHARED_SERVICES
    version = version_of(hook(RegistryHook, role, "registry-sync").describe(version_arn))
    cards, stage = hook(ModelCardsHook), stage_word(stage_table(hook), case)
    updates = hand_over_card(cards, case, model, version, HandOver.RETIREMENT, stage)
    by = Actor(f"airflow:{model.name}__retire", Door.DAG, "")
    share_card(hook, Subject(case, model, version.arn, 1, role, by))
    log.info("card of %s: %s", model.group, "archived" if updates else "left as it is")
    return bool(updates)


def _arn(
    table: StageTableHook, model: ModelSpec, version: int | None, run_id: str
) -> ModelPackageArn:
    """Return the version to retire; a run that is started again stays with what it has retired."""
    if version is not None:
        group = ModelPackageGroupArn.of(topology(), AccountRole.SHARED_SERVICES, model.group)
        return group.version(version)
    for entry in table.history(ROLE, model.name):
        if entry.removed_by == run_id:
            return entry.version_arn
    live = table.live(ROLE, model.name)
    if live is None or live.removed_at is not None:
        raise UnexpectedState(
            f"nothing of {model.name} is live in {ROLE.value}",
            next_step="Name the version to retire by its number, if any.",
        )
    return live.version_arn


def _served(table: StageTableHook, subject: Subject) -> Live | None:
    """Return what the endpoint serves where that is the version, else None."""
    live = table.live(ROLE, subject.model.name)
    is_live = live is not None and live.version_arn == subject.version
    return live if live is not None and is_live and live.removed_at is None else None


def _record(table: StageTableHook, subject: Subject) -> StageRecord:
    record = table.state(subject.version).records.get(Stage.PRODUCTION)
    if record is None:
        raise UnexpectedState(
            f"{subject.version} was never in production",
            account=subject.account,
            next_step="Name a version that was, by its number.",
        )
    return record


def _delete(endpoints: EndpointsHook, live: Live, account: str) -> None:
    """Delete the endpoint, whatever it serves by now: its model has none any more."""
    observed = endpoints.observe(live.endpoint)
    if observed.status is None or observed.status == "Deleting":
        return
    if meaning("EndpointStatus", observed.status) is Meaning.WAITING:
        raise EndpointBusy(
            f"endpoint {live.endpoint} is {observed.status}",
            account=account,
            next_step="The task retries until that change has ended.",
        )
    endpoints.delete(live.endpoint)


def _alert(arn: ModelPackageArn, what: str, run: str) -> Alert:
    return Alert(
        what=what,
        severity=Severity.WARNING,
        account=topology().account(ROLE),
        subject=str(arn),
        next_step="Tell those who call the endpoint; a rollback brings an earlier version back.",
        run=run,
    )
