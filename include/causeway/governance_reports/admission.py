"""The approvals that let a live version into production."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from causeway.deployment.leases import Live
from causeway.governance.decisions import Decision, Revocation
from causeway.governance.gestures import DECIDABLE, Verdict
from causeway.governance.table import promotion_run_id
from causeway.versions.stages import Stage


@dataclass(frozen=True)
class Admission:
    """What let a version in: the approvals of one promotion attempt, and who stopped it."""

    live: Live
    approvals: Mapping[Stage, Decision]
    stop: Revocation | None

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the evidence: approvals missing, without a call, of something else."""
        missing = [
            f"no approval for {stage.value} is recorded"
            for stage in DECIDABLE
            if stage not in self.approvals
        ]
        without_call = [
            f"no call of the approval for {stage.value} is recorded"
            for stage, decision in self.approvals.items()
            if decision.call is None
        ]
        other = [
            f"the approval for {stage.value} is of {what} {theirs or 'nothing'}"
            for stage, decision in self.approvals.items()
            for what, theirs, ours in (
                ("artifact", decision.artifact_sha256, self.live.artifact_sha256),
                ("package", decision.package_sha256, self.live.package_sha256),
            )
            if ours and theirs != ours  # what went live before packages were noted has none
        ]
        return (*missing, *without_call, *other)


def admission(
    live: Live, decisions: Iterable[Decision], revocations: Iterable[Revocation]
) -> Admission:
    """Find what let a version in.

    A promotion is named after its attempt. A rollback has none of its own: it goes back to what the
    latest approved attempt before it let in.
    """
    approvals = [
        decision
        for decision in decisions
        if decision.verdict is Verdict.APPROVED and decision.decided_at <= live.deployed_at
    ]
    own = [
        decision
        for decision in approvals
        if promotion_run_id(decision.version_arn, decision.attempt) == live.run_id
    ]
    production = [decision for decision in approvals if decision.target is Stage.PRODUCTION]
    attempt = max((decision.attempt for decision in own or production), default=None)
    return Admission(
        live,
        {
            stage: decision
            for stage in DECIDABLE
            for decision in approvals
            if decision.target is stage and decision.attempt == attempt
        },
        next((stop for stop in revocations if stop.attempt == attempt), None),
    )
