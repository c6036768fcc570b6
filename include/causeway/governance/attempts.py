"""The attempts to promote a version: what was decided in each, and what counts of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from causeway.errors import ApprovalRefused
from causeway.governance.approvals import waits_for_decision
from causeway.governance.decisions import Decision, Revocation
from causeway.governance.gestures import Gesture, Verdict
from causeway.governance.sync_changes import VersionState
from causeway.governance.table import Promotion, PromotionStatus
from causeway.governance.use_case_guard import LETS_IN
from causeway.governance.use_case_record import UseCaseRecord
from causeway.versions.stages import Stage, StageRecord

#: What the mark of a call begins with that changed a version before it was first seen.
UNSEEN: Final = "unseen-"


class Attempts:
    """Decisions, revocations and the latest promotion of one version; new ones are added."""

    def __init__(self, state: VersionState) -> None:
        self.decisions: list[Decision] = list(state.decisions)
        self.revocations: list[Revocation] = list(state.revocations)
        self.promotion = state.promotion
        #: Marks of gestures that were judged already: the ids of their events.
        self.judged: set[str] = set(state.refused) | _events(self.decisions, self.revocations)

    @property
    def running(self) -> int:
        """The latest attempt that anything is known of."""
        promoted = self.promotion.attempt if self.promotion else 1
        latest = self.latest(Stage.TEST)
        return max(promoted, latest.attempt if latest else 0)

    @property
    def stop(self) -> Revocation | None:
        """The revocation of the running attempt."""
        return self.revocation(self.running)

    def latest(self, target: Stage) -> Decision | None:
        """Return the latest decision on the entry into a stage; on production, of this attempt.

        An attempt begins with a decision on test. What was decided on production before it was
        about another attempt.
        """
        decisions = [
            decision
            for decision in self.decisions
            if decision.target is target
            and (target is Stage.TEST or decision.attempt == self.running)
        ]
        return max(decisions, key=lambda decision: decision.attempt, default=None)

    def standing(self, target: Stage) -> Decision | None:
        """Return the latest decision on a stage, unless its attempt was revoked."""
        latest = self.latest(target)
        return None if latest is None or self.revocation(latest.attempt) else latest

    def revocation(self, attempt: int) -> Revocation | None:
        """Return the revocation of an attempt."""
        return next((item for item in self.revocations if item.attempt == attempt), None)

    def verdict(self, target: Stage) -> Verdict | None:
        """Return what counts: a revocation rejects, whatever was decided before it."""
        if self.stop is not None:
            return Verdict.REJECTED
        latest = self.latest(target)
        return latest.verdict if latest else None

    def begun(self, registered: datetime) -> datetime:
        """Return when the running attempt began: with an approval, the first with the version."""
        latest = self.latest(Stage.TEST)
        if self.running == 1 or latest is None:
            return registered
        return latest.call.at if latest.call else latest.decided_at

    def attempt_for(self, gesture: Gesture) -> int | None:
        """Return a decision's attempt; None while an earlier, rejected one has not ended yet."""
        latest, running = self.latest(gesture.target), self.running
        behind = latest is None or latest.attempt < running
        if gesture.target is Stage.PRODUCTION or self.verdict(Stage.TEST) is not Verdict.REJECTED:
            return running
        if behind and self.stop is None:
            return running
        if self.promotion is not None and not self.has_ended(self.promotion):
            return None  # the rejection is still on its way to the promotion's run
        return running + 1

    def is_stop(self, gesture: Gesture, records: Mapping[Stage, StageRecord]) -> bool:
        """Tell whether a gesture stops what goes on, instead of deciding on what waits."""
        return gesture.verdict is Verdict.REJECTED and (
            not waits_for_decision(gesture.target, records)
            or self.verdict(gesture.target) is Verdict.APPROVED
        )

    def require_undoubted(self, gesture: Gesture) -> None:
        """Raise `ApprovalRefused` for an approval of what was changed before it was first seen."""
        doubted = any(mark.startswith(UNSEEN) for mark in self.judged)
        if doubted and gesture.verdict is Verdict.APPROVED:
            raise ApprovalRefused(
                f"{gesture.version_arn} was changed before it was first seen: nobody knows what "
                "was registered",
                quarantine=True,
                account=gesture.version_arn.account,
                principal=gesture.principal,
                next_step="Find out who changed it; train and register again.",
            )

    def goes_on(self, promotion: Promotion, use_case: UseCaseRecord | None) -> bool:
        """Tell whether somebody decided on an attempt since its run failed: the run has to see it.

        A wait that is over ends a run, and a decision may come later; so may the step of a use case
        that lets its versions in.
        """
        decisions = [
            decision
            for stage in (Stage.TEST, Stage.PRODUCTION)
            if (decision := self.standing(stage)) is not None
            and decision.attempt == promotion.attempt
        ]
        failed_at = promotion.updated_at
        admits = use_case is not None and use_case.stage in LETS_IN[Stage.TEST]
        let_in = admits and use_case is not None and use_case.since > failed_at
        return promotion.status is PromotionStatus.FAILED and any(
            decision.decided_at > failed_at or (let_in and decision.verdict is Verdict.APPROVED)
            for decision in decisions
        )

    def has_ended(self, promotion: Promotion) -> bool:
        """Tell whether a promotion is over; a failed one that was revoked does not go on."""
        failed = promotion.status is PromotionStatus.FAILED
        revoked = self.revocation(promotion.attempt) is not None
        return not promotion.status.is_open or (failed and revoked)


def _events(*lists: Iterable[Decision | Revocation]) -> set[str]:
    calls = [item.call for items in lists for item in items]
    return {call.event_id for call in calls if call and call.event_id}
