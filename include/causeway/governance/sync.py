"""The sync's plan: the registry and the governance table go in, the changes to make come out.

Events only trigger the sync; this function of the observed state decides. Once a plan is applied
the next plan is empty, however often an event arrives, late or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from causeway.errors import ApprovalRefused
from causeway.governance.approvals import Decision, Gesture, Verdict, decide, gestures_of
from causeway.governance.attribution import RegistryCall, attributed
from causeway.governance.sync_changes import (
    PromotionStart,
    RecordChange,
    Refusal,
    RegistryUpdate,
    SyncPlan,
    VersionState,
)
from causeway.governance.table import Promotion, PromotionStatus, new_record
from causeway.topology.accounts import Topology
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec, UseCase, model_of_group
from causeway.versions.registry import RegistryVersion
from causeway.versions.stages import (
    Stage,
    StageRecord,
    Status,
    current,
    lifecycle_of,
    may_move,
)

#: The audit user of changes that the sync makes by itself.
SYNC_USER: Final = "causeway-sync"


def plan_sync(
    versions: Iterable[RegistryVersion],
    states: Mapping[ModelPackageArn, VersionState],
    use_cases: tuple[UseCase, ...],
    topology: Topology,
    now: datetime,
    calls: Iterable[RegistryCall] = (),
) -> SyncPlan:
    """Compare the registry with the governance table.

    For each version: a Development record if there is none (quarantined when the version is
    bound to no digest); a decision for each new gesture that passes the guard, a refusal with
    set-back for each that does not; the records that follow from the decisions; one promotion
    if none is open; and the registry's life-cycle as a mirror of the records.

    `calls` are the recorded changes of the versions that `calls_since` names: they say who made
    a gesture. While they cannot yet, the gesture waits and the version is left as it is.
    """
    all_calls = tuple(calls)
    plans: list[SyncPlan] = []
    ignored: list[str] = []
    for version in sorted(versions, key=lambda v: (v.arn.group, v.arn.version)):
        owner = model_of_group(use_cases, version.arn.group)
        if owner is None or version.package_status != "Completed":
            ignored.append(str(version.arn))
            continue
        state = states.get(version.arn, VersionState())
        plans.append(_VersionPlan(version, state, *owner, topology, now, all_calls).plan())
    return SyncPlan(
        decisions=tuple(item for plan in plans for item in plan.decisions),
        records=tuple(item for plan in plans for item in plan.records),
        refusals=tuple(item for plan in plans for item in plan.refusals),
        registry=tuple(item for plan in plans for item in plan.registry),
        promotions=tuple(item for plan in plans for item in plan.promotions),
        ignored=tuple(ignored),
    )


def calls_since(
    versions: Iterable[RegistryVersion],
    states: Mapping[ModelPackageArn, VersionState],
    use_cases: tuple[UseCase, ...],
    topology: Topology,
    now: datetime,
) -> datetime | None:
    """Return since when calls have to be known to judge the new gestures; None: there are none."""
    times: list[datetime] = []
    for version in versions:
        owner = model_of_group(use_cases, version.arn.group)
        if owner is None or version.package_status != "Completed":
            continue
        state = states.get(version.arn, VersionState())
        plan = _VersionPlan(version, state, *owner, topology, now)
        for gesture in plan.new_gestures():
            decision_times = [
                decision.decided_at
                for decision in state.decisions
                if decision.target is gesture.target
            ]
            times.append(max([version.created_at, *decision_times]))
    return min(times) - _CLOCKS if times else None


class _VersionPlan:
    """The plan of one version, built step by step on a copy of its state."""

    def __init__(
        self,
        version: RegistryVersion,
        state: VersionState,
        case: UseCase,
        model: ModelSpec,
        topology: Topology,
        now: datetime,
        calls: tuple[RegistryCall, ...] = (),
    ) -> None:
        self.version, self.case, self.model = version, case, model
        self.topology, self.now, self.calls = topology, now, calls
        self.before = dict(state.records)
        self.records = dict(state.records)
        self.decisions = list(state.decisions)
        self.promotion = state.promotion
        self.new_decisions: list[Decision] = []
        self.refusals: list[Refusal] = []
        self.changes: list[RecordChange] = []
        self.unattributed = False

    def new_gestures(self) -> list[Gesture]:
        return [gesture for gesture in gestures_of(self.version) if self._is_new(gesture)]

    def plan(self) -> SyncPlan:
        self._have_development_record()
        delay = timedelta(minutes=self.topology.trail_delay_minutes)
        for gesture in gestures_of(self.version):
            if not self._is_new(gesture):
                continue
            by = attributed(gesture, self.version, self.calls, delay=delay, now=self.now)
            if by is None:
                self.unattributed = True
            else:
                self._judge(by)
        self._follow_test_decision()
        self._follow_production_decision()
        start = self._promotion_to_start()
        return SyncPlan(
            decisions=tuple(self.new_decisions),
            records=tuple(self.changes),
            refusals=tuple(self.refusals),
            registry=self._mirror(),
            promotions=(start,) if start else (),
        )

    def _have_development_record(self) -> None:
        if Stage.DEVELOPMENT in self.records:
            return
        self._begin(Stage.DEVELOPMENT, self.version.trained_by or SYNC_USER)
        if not (self.version.artifact_sha256 and self.version.gate_report_sha256):
            reason = f"{self.version.arn} carries no artifact digest or no gate-report digest"
            self.refusals.append(Refusal(self.version.arn, reason, quarantined=True))
            self._quarantine()

    def _is_new(self, gesture: Gesture) -> bool:
        # The registry keeps its words, and our own mirror writes some of them: what says the
        # same as the records or as the decision is no gesture.
        if gesture.target is Stage.PRODUCTION and self._is_mirrored(current(self.before)):
            return False
        latest = self._latest(gesture.target)
        return latest is None or gesture.verdict is not latest.verdict

    def _judge(self, gesture: Gesture) -> None:
        attempt = self._attempt_for(gesture)
        if attempt is None:
            return
        try:
            decision = decide(
                gesture,
                self.version,
                self.records,
                self.model,
                self.topology,
                attempt=attempt,
                now=self.now,
            )
        except ApprovalRefused as refused:
            quarantined = refused.quarantine and self._quarantine()
            self.refusals.append(
                Refusal(self.version.arn, str(refused), quarantined, gesture.principal)
            )
            return
        self.new_decisions.append(decision)
        self.decisions.append(decision)

    def _attempt_for(self, gesture: Gesture) -> int | None:
        """The decision's attempt; None while an earlier, ended attempt is not complete yet."""
        latest = self._latest(gesture.target)
        running = self.promotion.attempt if self.promotion else 1
        if gesture.target is Stage.PRODUCTION or latest is None or latest.attempt < running:
            return running
        if latest.verdict is Verdict.APPROVED:
            return running  # the guard refuses it: what was approved is not taken back here
        if self.promotion is not None and self.promotion.status.is_open:
            return None  # the rejection is still on its way to the promotion's run
        return latest.attempt + 1

    def _quarantine(self) -> bool:
        record = current(self.records)
        if record is None or not may_move(record.stage, record.status, Status.QUARANTINED):
            return False
        if record.status is not Status.QUARANTINED:
            self._move(record, Status.QUARANTINED, SYNC_USER)
        return True

    def _move(self, record: StageRecord, status: Status, user: str) -> None:
        self._put(record.moved(status, now=self.now, user=user))

    def _put(self, record: StageRecord) -> None:
        # Each step is a write of its own, so that the table sees only changes that are allowed.
        before = self.records.get(record.stage)
        self.changes.append(RecordChange(record, before.status if before else None))
        self.records[record.stage] = record

    def _begin(self, stage: Stage, user: str) -> None:
        arn, pending = self.version.arn, Status.PENDING
        record = new_record(arn, stage, pending, self.case, self.model, now=self.now, user=user)
        if stage is Stage.DEVELOPMENT:
            record = replace(record, validation_metrics=self.version.validation_metrics)
        self._put(record)

    def _follow_test_decision(self) -> None:
        decision, record = self._latest(Stage.TEST), self.records[Stage.DEVELOPMENT]
        if decision is None or not _is_behind(record, decision):
            return
        approved = decision.verdict is Verdict.APPROVED
        fixed = approved and record.status is Status.REJECTED
        if record.status in _WAITING or fixed:
            self._move(record, Status.APPROVED if approved else Status.REJECTED, decision.person)

    def _follow_production_decision(self) -> None:
        decision, test = self._latest(Stage.PRODUCTION), self.records.get(Stage.TEST)
        if decision is None or test is None:
            return
        approved = decision.verdict is Verdict.APPROVED
        if test.status in _WAITING and _is_behind(test, decision):
            self._move(test, Status.APPROVED if approved else Status.REJECTED, decision.person)
        if not approved or self.records[Stage.TEST].status is not Status.APPROVED:
            return
        production = self.records.get(Stage.PRODUCTION)
        if production is None:
            self._begin(Stage.PRODUCTION, decision.person)
        elif production.status is Status.REJECTED and _is_behind(production, decision):
            self._move(production, Status.PENDING, decision.person)

    def _promotion_to_start(self) -> PromotionStart | None:
        promotion, decision = self.promotion, self._latest(Stage.TEST)
        if promotion is not None and promotion.status is PromotionStatus.REQUESTED:
            return PromotionStart(promotion, promotion)
        approved = decision if decision and decision.verdict is Verdict.APPROVED else None
        if promotion is None:
            status = self.records[Stage.DEVELOPMENT].status
            if status is Status.PENDING or (status is Status.APPROVED and approved):
                return self._request(approved.attempt if approved else 1)
        elif not promotion.status.is_open and approved and approved.attempt > promotion.attempt:
            return self._request(approved.attempt)
        return None

    def _request(self, attempt: int) -> PromotionStart:
        promotion = Promotion(
            version_arn=self.version.arn,
            attempt=attempt,
            status=PromotionStatus.REQUESTED,
            model=self.model.name,
            use_case_id=self.case.id,
            updated_at=self.now,
        )
        return PromotionStart(promotion, self.promotion)

    def _mirror(self) -> tuple[RegistryUpdate, ...]:
        """Set the registry's words to what the records and the decision say."""
        if self.unattributed:
            return ()  # it would overwrite a gesture that has not been judged yet
        record, decision = current(self.records), self._latest(Stage.TEST)
        cycle = None
        if record is not None and not self._is_mirrored(record):
            cycle = lifecycle_of(record.stage, record.status, f"by {record.audit_user}")
        approval = _APPROVAL_STATUS[decision.verdict if decision else None]
        reason = decision.reason if decision else "set back: nobody entitled has decided"
        if self._attempt_waits():
            approval = self.version.approval_status
        changed = approval != self.version.approval_status
        if cycle is None and not changed:
            return ()
        return (
            RegistryUpdate(
                self.version.arn,
                self.version.modified_at,
                approval if changed else None,
                reason if changed else None,
                cycle,
            ),
        )

    def _attempt_waits(self) -> bool:
        # A gesture that waits for the end of an earlier attempt must not be overwritten.
        return any(
            self._is_new(gesture) and self._attempt_for(gesture) is None
            for gesture in gestures_of(self.version)
        )

    def _is_mirrored(self, record: StageRecord | None) -> bool:
        mirror = self.version.lifecycle
        if record is None or mirror is None:
            return False
        cycle = lifecycle_of(record.stage, record.status)
        return (mirror.stage, mirror.status) == (cycle.stage, cycle.status)

    def _latest(self, target: Stage) -> Decision | None:
        decisions = [decision for decision in self.decisions if decision.target is target]
        return max(decisions, key=lambda decision: decision.attempt, default=None)


#: By how much the clocks of the registry, CloudTrail and Airflow may differ.
_CLOCKS: Final = timedelta(minutes=5)

#: The statuses of a record that a decision ends.
_WAITING: Final = (Status.PENDING, Status.QUARANTINED)

_APPROVAL_STATUS: Final[Mapping[Verdict | None, str]] = MappingProxyType(
    {
        None: "PendingManualApproval",
        Verdict.APPROVED: "Approved",
        Verdict.REJECTED: "Rejected",
    }
)


def _is_behind(record: StageRecord, decision: Decision) -> bool:
    # A record that was written after the decision has changed (or was quarantined) since.
    return record.audit_timestamp <= decision.decided_at
