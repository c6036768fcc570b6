"""The sync's plan of one version: its state and what the registry says in, the changes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from causeway.errors import ApprovalRefused
from causeway.governance.approvals import WAITING, decide, revoke
from causeway.governance.attempts import UNSEEN, Attempts
from causeway.governance.attribution import attributed
from causeway.governance.decisions import Decision, Facts, Revocation, facts_of
from causeway.governance.gestures import (
    UNDECIDED,
    Gesture,
    Verdict,
    gestures_of,
    is_taken_back,
    stop_of,
    withdrawal_of,
)
from causeway.governance.registry_calls import RegistryCall, unseen_changes
from causeway.governance.sync_changes import (
    PromotionStart,
    RecordChange,
    Refusal,
    RegistryUpdate,
    SyncPlan,
    VersionState,
)
from causeway.governance.table import Promotion, PromotionStatus, new_record
from causeway.governance.use_case_record import UseCaseRecord
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.use_cases.stages import UNRECORDED
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import DATA_SOURCE, SYNTHETIC, RegistryVersion
from causeway.versions.stages import (
    LifeCycle,
    Stage,
    StageRecord,
    Status,
    current,
    lifecycle_of,
    may_move,
)

#: The audit user of changes that the sync makes by itself.
SYNC_USER: Final = "causeway-sync"

#: A promotion whose run the sync starts, or clears, until it sees that it goes on.
STARTING: Final = (PromotionStatus.REQUESTED, PromotionStatus.REOPENED)

_APPROVAL_STATUS: Final[Mapping[Verdict | None, str]] = MappingProxyType(
    {None: UNDECIDED, Verdict.APPROVED: "Approved", Verdict.REJECTED: "Rejected"}
)


class VersionPlan:
    """The plan of one version, built step by step on a copy of its state."""

    def __init__(
        self,
        version: RegistryVersion,
        state: VersionState,
        case: UseCase,
        model: ModelSpec,
        topology: Topology,
        now: datetime,
        calls: Iterable[RegistryCall] = (),
        use_case: UseCaseRecord | None = None,
    ) -> None:
        self.version, self.case, self.model = version, case, model
        self.use_case = use_case
        self.topology, self.now = topology, now
        self.calls = [call for call in calls if call.version_arn == str(version.arn)]
        self.before, self.records = dict(state.records), dict(state.records)
        self.attempts = Attempts(state)
        self.facts = state.facts
        self.new_facts: list[Facts] = []
        self.new_decisions: list[Decision] = []
        self.new_revocations: list[Revocation] = []
        self.refusals: list[Refusal] = []
        self.changes: list[RecordChange] = []
        #: A gesture that cannot be judged yet: its author is unknown, an earlier attempt goes on.
        self.unattributed, self.postponed = False, False

    def plan(self) -> SyncPlan:
        """Return the changes."""
        self._have_facts()
        self._have_development_record()
        self._find_changes()
        delay = timedelta(minutes=self.topology.trail_delay_minutes)
        for gesture in self.new_gestures():
            by = attributed(gesture, self.version, self.calls, delay=delay, now=self.now)
            if by is None:
                self.unattributed = True
            elif not self._is_our_own(by):
                self._judge(by)
        for stop in self._replaced_stops():
            self._judge(stop)
        self._follow_test_decision()
        self._follow_production_decision()
        self._follow_revocation()
        start = self._promotion_to_start()
        return SyncPlan(
            facts=tuple(self.new_facts),
            revocations=tuple(self.new_revocations),
            decisions=tuple(self.new_decisions),
            records=tuple(self.changes),
            refusals=tuple(self.refusals),
            registry=self._mirror(),
            promotions=(start,) if start else (),
        )

    def new_gestures(self) -> list[Gesture]:
        """Return what the registry asks for beyond what was decided."""
        gestures = [gesture for gesture in gestures_of(self.version) if self._is_new(gesture)]
        withdrawal, latest = withdrawal_of(self.version), self.attempts.latest(Stage.TEST)
        # Before the mirror of a decision the registry says the same without anybody's doing.
        later = latest is not None and self.version.modified_at > latest.decided_at
        if withdrawal and later and self.attempts.verdict(Stage.TEST) is Verdict.APPROVED:
            gestures.append(withdrawal)
        return gestures

    def _is_new(self, gesture: Gesture) -> bool:
        # The registry keeps its words, and our own mirror writes some of them: what says the
        # same as the records or as the decision is no gesture.
        if gesture.target is Stage.PRODUCTION and self._is_mirrored(current(self.before)):
            return False
        return gesture.verdict is not self.attempts.verdict(gesture.target)

    def _is_our_own(self, gesture: Gesture) -> bool:
        """Tell whether the sync itself wrote it: a mirror that the records have overtaken."""
        sync = self.topology.role_arn(AccountRole.SHARED_SERVICES, "registry-sync")
        return gesture.call is not None and gesture.call.role == sync

    def _replaced_stops(self) -> list[Gesture]:
        """Return the stops of this attempt that another write has replaced in the registry.

        Who approves the same after that has changed their mind. A withdrawal withdraws something.
        """
        begun, stops = self.attempts.begun(self.version.created_at), []
        for call in sorted(self.calls, key=lambda call: call.at):
            stop = stop_of(call, self.version.arn)
            if stop is None or call.at < begun or self._is_our_own(stop):
                continue
            verdict = self.attempts.verdict(stop.target)
            idle = call.approval == UNDECIDED and verdict is not Verdict.APPROVED
            if not idle and verdict is not Verdict.REJECTED and not is_taken_back(stop, self.calls):
                stops.append(stop)
        return stops

    def _have_facts(self) -> None:
        if self.facts is None:
            self.facts = facts_of(self.version, self.now)
            self.new_facts.append(self.facts)

    def _have_development_record(self) -> None:
        if Stage.DEVELOPMENT in self.records:
            return
        self._begin(Stage.DEVELOPMENT, self.version.trained_by or SYNC_USER)
        if not (self.version.artifact_sha256 and self.version.gate_report_sha256):
            reason = f"{self.version.arn} carries no artifact digest or no gate-report digest"
            self.refusals.append(Refusal(self.version.arn, reason, quarantined=True))
            self._quarantine()

    def _find_changes(self) -> None:
        """Quarantine a version that is not what was registered; say so once for each content."""
        facts, mark = self.facts, f"package-{self.version.package_sha256}"
        seen_at = facts.seen_at if facts else self.now
        for call in unseen_changes(self.calls, str(self.version.arn), seen_at, self.topology):
            self._suspect(f"was changed before it was first seen, by {call.role}", call)
        same = facts is not None and facts.package_sha256 == self.version.package_sha256
        if (same and self.version.is_as_registered) or mark in self.attempts.judged:
            return
        self.attempts.judged.add(mark)
        what = f"the package {self.version.arn} is not what was registered"
        principal, quarantined = self.version.modified_by_arn, self._quarantine()
        self.refusals.append(Refusal(self.version.arn, what, quarantined, principal, mark))

    def _suspect(self, why: str, call: RegistryCall) -> None:
        """Quarantine the version for a call, once."""
        mark = f"{UNSEEN}{call.event_id}"
        if mark in self.attempts.judged:
            return
        self.attempts.judged.add(mark)
        what = f"the package {self.version.arn} {why}"
        quarantined = self._quarantine()
        self.refusals.append(Refusal(self.version.arn, what, quarantined, call.principal, mark))

    def _judge(self, gesture: Gesture) -> None:
        event = gesture.call.event_id if gesture.call else None
        if event in self.attempts.judged:
            return
        stops = self.attempts.is_stop(gesture, self.records)
        attempt = self.attempts.running if stops else self.attempts.attempt_for(gesture)
        if attempt is None:
            self.postponed = True
            return
        if event:
            self.attempts.judged.add(event)
        try:
            self._stop(gesture, attempt) if stops else self._decide(gesture, attempt)
        except ApprovalRefused as refused:
            quarantined = refused.quarantine and self._quarantine()
            self.refusals.append(
                Refusal(self.version.arn, str(refused), quarantined, gesture.principal, event)
            )

    def _decide(self, gesture: Gesture, attempt: int) -> None:
        self.attempts.require_undoubted(gesture)
        decision = decide(
            gesture,
            self.version,
            self.facts,
            self.records,
            self.model,
            self.topology,
            attempt=attempt,
            now=self.now,
            decisions=self.attempts.decisions,
        )
        self.new_decisions.append(decision)
        self.attempts.decisions.append(decision)

    def _stop(self, gesture: Gesture, attempt: int) -> None:
        stop = revoke(gesture, self.model, self.topology, attempt=attempt, now=self.now)
        if self.attempts.revocation(attempt) is None:
            self.new_revocations.append(stop)
            self.attempts.revocations.append(stop)

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
        metadata = self.version.metadata
        record = new_record(
            arn,
            stage,
            pending,
            self.case,
            self.model,
            now=self.now,
            user=user,
            use_case_stage=self.use_case.stage.value if self.use_case else UNRECORDED,
            data_source=metadata.get(DATA_SOURCE, ""),
            synthetic=metadata.get(SYNTHETIC, ""),
        )
        if stage is Stage.DEVELOPMENT:
            record = replace(record, validation_metrics=self.version.validation_metrics)
        self._put(record)

    def _follow_test_decision(self) -> None:
        decision = self.attempts.standing(Stage.TEST)
        record = self.records[Stage.DEVELOPMENT]
        if decision is None or not _is_behind(record, decision.decided_at):
            return
        approved = decision.verdict is Verdict.APPROVED
        fixed = approved and record.status is Status.REJECTED
        if record.status in WAITING or fixed:
            self._move(record, Status.APPROVED if approved else Status.REJECTED, decision.person)

    def _follow_production_decision(self) -> None:
        decision = self.attempts.standing(Stage.PRODUCTION)
        test = self.records.get(Stage.TEST)
        if decision is None or test is None:
            return
        approved = decision.verdict is Verdict.APPROVED
        if test.status in WAITING and _is_behind(test, decision.decided_at):
            self._move(test, Status.APPROVED if approved else Status.REJECTED, decision.person)
        if not approved or self.records[Stage.TEST].status is not Status.APPROVED:
            return
        production = self.records.get(Stage.PRODUCTION)
        if production is None:
            self._begin(Stage.PRODUCTION, decision.person)
        elif production.status is Status.REJECTED and _is_behind(production, decision.decided_at):
            self._move(production, Status.PENDING, decision.person)

    def _follow_revocation(self) -> None:
        """Reject what the stopped attempt has reached; what is live stays, and is marked so."""
        stop, production = self.attempts.stop, self.records.get(Stage.PRODUCTION)
        if stop is None or (production is not None and production.status is Status.DEPLOYED):
            return
        for stage in (Stage.DEVELOPMENT, Stage.TEST, Stage.PRODUCTION):
            record = self.records.get(stage)
            if record is None or record.status is Status.REJECTED:
                continue
            if _is_behind(record, stop.revoked_at) and may_move(
                stage, record.status, Status.REJECTED
            ):
                self._move(record, Status.REJECTED, stop.person)

    def _promotion_to_start(self) -> PromotionStart | None:
        promotion, decision = self.attempts.promotion, self.attempts.standing(Stage.TEST)
        if promotion is not None and promotion.status in STARTING:
            return PromotionStart(promotion, promotion)
        if promotion is not None and self.attempts.goes_on(promotion, self.use_case):
            reopened = replace(promotion, status=PromotionStatus.REOPENED, updated_at=self.now)
            return PromotionStart(reopened, promotion)
        approved = decision if decision and decision.verdict is Verdict.APPROVED else None
        if promotion is None:
            status = self.records[Stage.DEVELOPMENT].status
            if status is Status.PENDING or (status is Status.APPROVED and approved):
                return self._request(approved.attempt if approved else 1)
        elif approved and approved.attempt > promotion.attempt:
            ended = self.attempts.has_ended(promotion)
            return self._request(approved.attempt) if ended else None
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
        return PromotionStart(promotion, self.attempts.promotion)

    def _mirror(self) -> tuple[RegistryUpdate, ...]:
        """Set the registry's words to what the records and the decisions say."""
        if self.unattributed:
            return ()  # it would overwrite a gesture that has not been judged yet
        record = current(self.records)
        cycle = None
        if record is not None and not self._is_mirrored(record):
            cycle = self._words_of(record, f"by {record.audit_user}")
        approval = _APPROVAL_STATUS[self.attempts.verdict(Stage.TEST)]
        if self.postponed:
            approval = self.version.approval_status
        changed = approval != self.version.approval_status
        if cycle is None and not changed:
            return ()
        return (
            RegistryUpdate(
                self.version.arn,
                self.version.modified_at,
                approval if changed else None,
                self._reason() if changed else None,
                cycle,
            ),
        )

    def _is_mirrored(self, record: StageRecord | None) -> bool:
        mirror = self.version.lifecycle
        if record is None or mirror is None:
            return False
        cycle = self._words_of(record)
        return (mirror.stage, mirror.status) == (cycle.stage, cycle.status)

    def _words_of(self, record: StageRecord, description: str = "") -> LifeCycle:
        """Return the registry's words; a live version that was stopped is on hold."""
        stop = self.attempts.stop
        if stop is not None and record.status is Status.DEPLOYED:
            text = f"live, and stopped by {stop.person}: {stop.reason}"
            return lifecycle_of(record.stage, Status.QUARANTINED, text)
        return lifecycle_of(record.stage, record.status, description)

    def _reason(self) -> str:
        stop, decision = self.attempts.stop, self.attempts.latest(Stage.TEST)
        if stop is not None:
            return f"stopped by {stop.person}: {stop.reason}"
        return decision.reason if decision else "set back: nobody entitled has decided"


def _is_behind(record: StageRecord, decided_at: datetime) -> bool:
    # A record that was written after the decision has changed (or was quarantined) since.
    return record.audit_timestamp <= decided_at
