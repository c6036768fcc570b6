"""The governance sync: registry and stage table compared, the plan carried out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol

from causeway.errors import CausewayError
from causeway.governance.audit import Actor, Change, Door
from causeway.governance.changes import (
    decided,
    first_seen,
    promoted,
    recorded,
    refused,
    stopped,
)
from causeway.governance.gestures import Verdict
from causeway.governance.registry_calls import UPDATE, RegistryCall, call_of
from causeway.governance.sync import calls_since, plan_sync, since_last_look
from causeway.governance.sync_changes import (
    PromotionStart,
    RegistryUpdate,
    SyncPlan,
    VersionState,
)
from causeway.governance.table import (
    LOOKED_AT,
    Promotion,
    PromotionStatus,
    looked_at,
    write_looked_at,
)
from causeway.governance.use_case_changes import ADVANCED, SENT_BACK
from causeway.governance.use_case_record import chain_of
from causeway.reporting.alerts import Alert, Severity
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.registry import RegistryVersion, version_of
from causeway.versions.stages import Stage
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.audit_log import AuditLogHook
from causeway_airflow.hooks.audited_table import ChainBroken
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.registry import RegistryHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.promotion_runs import promotion_dag_id, run_of
from causeway_airflow.results import PromotionRun
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.alerts import raise_alerts
from causeway_airflow.tasks.audit import lock_head
from causeway_airflow.tasks.stage_records import stage_table
from causeway_airflow.tasks.use_case_words import alerts_of as use_case_alerts
from causeway_airflow.tasks.use_case_words import failure_alerts, judge_words

log = logging.getLogger(__name__)

READERS: Final = 8


class NotSetUp(CausewayError):  # noqa: N818 - the name says what is the case, as causeway.errors do
    """The accounts are not there yet; there is nothing to compare."""


class Scheduler(Protocol):
    """What the sync asks Airflow."""

    def is_set_up(self) -> bool:
        """Tell whether the accounts were ever set up."""
        ...

    def has_run(self, dag_id: str, run_id: str) -> bool:
        """Tell whether a DAG run exists."""
        ...

    def has_failed(self, dag_id: str, run_id: str) -> bool:
        """Tell whether a DAG run exists and has failed."""
        ...


@dataclass(frozen=True)
class Synced:
    """What came of a sync: the promotion runs that are missing, and what stopped which groups."""

    runs: list[PromotionRun]
    broken: Mapping[str, str]


class Recording:
    """Changes as they are written; a group whose chain is broken is left, others go on."""

    def __init__(self) -> None:
        self.broken: dict[str, str] = {}

    def record(self, table: StageTableHook, change: Change) -> bool:
        """Write a change. False when its condition did not hold, or its chain is broken."""
        if change.chain in self.broken:
            return False
        try:
            return table.record([change])
        except ChainBroken as error:
            log.error("%s: nothing of the group is written: %s", change.chain, error)
            self.broken[change.chain] = str(error)
            return False


def sync(hook: Hooks, scheduler: Scheduler, run: str) -> Synced:
    """Plan and carry out; return the promotion runs that are missing, and the broken chains.

    A write whose condition does not hold is left to the next sync, which decides on the new state.
    While a chain is broken, or a word on a use case is left, the next sync looks at the same calls
    again.
    `run` is this run, as alerts name it.

    Raises:
        NotSetUp: the accounts were never set up.
    """
    registry, table = hook(RegistryHook), stage_table(hook)
    try:
        versions = versions_of(registry)
        states = states_of(table, versions)
        last = looked_at(table.get(LOOKED_AT))
    except AwsCallError as error:
        if (error.denied or error.missing) and not scheduler.is_set_up():
            raise NotSetUp(
                f"the accounts are not set up yet: run platform__accounts ({error.what})"
            ) from error
        raise
    versions = [described(registry, version, states[version.arn]) for version in versions]
    now = datetime.now(UTC)
    observed = (versions, states, use_cases(), topology(), now)
    calls = recorded_calls(hook, calls_since(*observed, last))
    plan = plan_sync(*observed, calls, table.use_cases())
    for ignored in plan.ignored:
        log.info("ignored: %s", ignored)
    recording = Recording()
    decider = hook(StageTableHook, AccountRole.GOVERNANCE, "decider")
    write_decisions(plan, recording, decider, run, now)
    lock_refusals(plan, recording, hook, run)
    write_records(plan, recording, table, run)
    # Before the registry is set back: a sync that is killed here raises them again.
    raise_alerts(hook, alerts_of(plan, run))
    for refusal in plan.refusals:
        if refusal.event_id:
            recording.record(table, refused(refusal, refusal.event_id, run, now))
    for update in plan.registry:
        if update.version_arn.group not in recording.broken:
            update_registry(registry, update)
    runs = runs_to_start(plan.promotions, recording, table, scheduler, actor(run))
    # After all that versions need: what is wrong with a use case holds up nothing of them.
    since = since_last_look(topology(), now, last)
    if judge_use_cases(hook, recording, versions, since, now, run) and not recording.broken:
        table.apply(write_looked_at(now))
    return Synced(runs, recording.broken)


def versions_of(registry: RegistryHook) -> list[RegistryVersion]:
    """Return every version of every model group."""
    groups = [model.group for case in use_cases() for model in case.models]
    return [version_of(package) for group in groups for package in registry.search(group)]


def states_of(
    table: StageTableHook, versions: Iterable[RegistryVersion]
) -> Mapping[ModelPackageArn, VersionState]:
    """Return what the table holds about each version."""
    arns = [version.arn for version in versions]
    with ThreadPoolExecutor(READERS) as threads:
        return dict(zip(arns, threads.map(table.state, arns), strict=True))


def described(
    registry: RegistryHook, version: RegistryVersion, state: VersionState
) -> RegistryVersion:
    """Return a version that is new, or that Search shows changed, as the registry describes it.

    Whether Search returns all that the fingerprint covers is not verified on AWS: facts and
    changes are judged by descriptions alone.
    """
    if state.facts is not None and state.facts.package_sha256 == version.package_sha256:
        return version
    return version_of(registry.describe(str(version.arn)))


def recorded_calls(hook: Hooks, since: datetime) -> list[RegistryCall]:
    """Return who changed versions since then."""
    events = hook(AuditLogHook).calls(UPDATE, since)
    return [call for event in events if (call := call_of(event)) is not None]


def actor(run: str) -> Actor:
    """Return who acts where no person decided: the run."""
    return Actor(f"airflow:{run.partition(' ')[0]}", Door.DAG, run)


def write_decisions(
    plan: SyncPlan, recording: Recording, table: StageTableHook, run: str, now: datetime
) -> None:
    """Write what is known and decided of versions, as the one duty that may; each once."""
    for facts in plan.facts:
        if recording.record(table, first_seen(facts, actor(run))):
            log.info("%s: first seen, package %s", facts.version_arn, facts.package_sha256)
    for stop in plan.revocations:
        if recording.record(table, stopped(stop, run, now)):
            log.info("%s: stopped by %s: %s", stop.version_arn, stop.person, stop.reason)
    for decision in plan.decisions:
        written = recording.record(table, decided(decision, run, now))
        log.info(
            "%s %s for %s by %s: %s",
            decision.version_arn,
            decision.verdict.value,
            decision.target.value,
            decision.person,
            "written" if written else "not written",
        )


def lock_refusals(plan: SyncPlan, recording: Recording, hook: Hooks, run: str) -> None:
    """Lock the heads after a stop, or a rejection for production; a failure stops nothing else.

    An approval is locked by the deployment that it lets in.
    """
    stopped = {stop.version_arn.group for stop in plan.revocations}
    rejected = {
        decision.version_arn.group
        for decision in plan.decisions
        if decision.verdict is Verdict.REJECTED and decision.target is Stage.PRODUCTION
    }
    for group in sorted((stopped | rejected) - set(recording.broken)):
        lock_or_alert(hook, group, run)


def lock_or_alert(hook: Hooks, chain: str, run: str) -> None:
    """Lock the head of a chain; a failure is an alert."""
    try:
        lock_head(hook, chain)
    except CausewayError as error:
        log.exception("the head of %s is not locked", chain)
        alert = Alert(
            what=f"a decision is recorded, and its entry is not locked: {error}",
            severity=Severity.WARNING,
            account=topology().account(AccountRole.GOVERNANCE),
            subject=chain,
            next_step="platform__audit locks it within a day; run it now if that is too late.",
            run=run,
        )
        raise_alerts(hook, [alert])


def judge_use_cases(
    hook: Hooks,
    recording: Recording,
    versions: Iterable[RegistryVersion],
    since: datetime,
    now: datetime,
    run: str,
) -> bool:
    """Judge what people said of use cases, and lock what moved one. False when a word is left."""
    arns = [version.arn for version in versions]
    judgements = judge_words(hook, recording.record, arns, since, now, run)
    moved = {
        chain_of(outcome.judged.word.use_case)
        for outcome in judgements.outcomes
        if outcome.judged.outcome in (ADVANCED, SENT_BACK)
    }
    for chain in sorted(moved):
        lock_or_alert(hook, chain, run)
    raise_alerts(hook, use_case_alerts(judgements.outcomes, run))
    raise_alerts(hook, failure_alerts(judgements.failed, run))
    return not judgements.left


def write_records(plan: SyncPlan, recording: Recording, table: StageTableHook, run: str) -> None:
    """Write stage records, in the plan's order."""
    for change in plan.records:
        record = change.record
        by = Actor(record.audit_user, Door.DAG, run)
        written = recording.record(table, recorded(record, change.before, by))
        log.info(
            "%s: %s %s%s",
            record.version_arn,
            record.stage.value,
            record.status.value,
            "" if written else " not written: the next sync looks again",
        )


def update_registry(registry: RegistryHook, update: RegistryUpdate) -> None:
    """Write the registry's words while the version is as it was when the plan was made."""
    version = version_of(registry.describe(str(update.version_arn)))
    if version.modified_at != update.seen_at:
        log.info("%s changed meanwhile: left to the next sync", update.version_arn)
        return
    registry.call("update_model_package", **update.request())
    log.info("%s set to %s", update.version_arn, update)


def runs_to_start(
    starts: Iterable[PromotionStart],
    recording: Recording,
    table: StageTableHook,
    scheduler: Scheduler,
    by: Actor,
) -> list[PromotionRun]:
    """Note what is requested or goes on; return which runs are to be started or cleared.

    What has a run that goes on is marked as running.
    """
    missing: list[PromotionRun] = []
    for start in starts:
        promotion = start.promotion
        if start.before != promotion:
            if not recording.record(table, promoted(promotion, start.before, by)):
                continue  # another sync requested it, or nothing of the group is written
        elif _goes_on(promotion, scheduler):
            recording.record(table, promoted(running(promotion), promotion, by))
            continue
        log.info("promotion to start: %s (%s)", promotion.run_id, promotion.status.value)
        missing.append(run_of(promotion))
    return missing


def _goes_on(promotion: Promotion, scheduler: Scheduler) -> bool:
    """Tell whether a promotion's run was started, and cleared if it had failed."""
    run = promotion_dag_id(promotion.model), promotion.run_id
    reopened = promotion.status is PromotionStatus.REOPENED
    return scheduler.has_run(*run) and not (reopened and scheduler.has_failed(*run))


def running(promotion: Promotion) -> Promotion:
    """Return a promotion as one whose run exists."""
    return replace(promotion, status=PromotionStatus.RUNNING, updated_at=datetime.now(UTC))


def alerts_of(plan: SyncPlan, run: str) -> Iterator[Alert]:
    """Return the alerts of what was refused, and of live versions that somebody stops."""
    for refusal in plan.refusals:
        effect = "quarantined" if refusal.quarantined else "set back"
        yield Alert(
            what=f"{effect}: {refusal.reason} (by {refusal.principal or 'nobody known'})",
            severity=Severity.CRITICAL if refusal.quarantined else Severity.WARNING,
            account=refusal.version_arn.account,
            subject=str(refusal.version_arn),
            next_step="Ask who did it; an entitled person may then approve the version anew.",
            run=run,
        )
    for start in plan.promotions:
        if start.promotion.status is PromotionStatus.REOPENED and start.before != start.promotion:
            promotion = start.promotion
            yield Alert(
                what=f"promotion {promotion.run_id} goes on: it was decided on after it had failed",
                severity=Severity.NOTICE,
                account=promotion.version_arn.account,
                subject=str(promotion.version_arn),
                next_step="Its run begins anew; what it did before is found and left as it is.",
                run=run,
            )
    for stop in plan.revocations:
        yield Alert(
            what=f"stopped by {stop.person}: {stop.reason}",
            severity=Severity.CRITICAL,
            account=stop.version_arn.account,
            subject=str(stop.version_arn),
            next_step="Nothing of this attempt goes on. If the version is live, roll it back.",
            run=run,
        )
