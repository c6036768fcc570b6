"""Clearance: whether a version may enter a stage now, judged from the table and the registry.

It is asked for right before a deployment starts, and again right before what is live is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from causeway.errors import ApprovalRefused, UnexpectedState
from causeway.governance.approvals import APPROVERS, approver_role, entitled, may_stop
from causeway.governance.decisions import Decision, Facts, Revocation
from causeway.governance.gestures import UNDECIDED, Verdict, is_taken_back, stop_of
from causeway.governance.registry_calls import RegistryCall, unseen_changes
from causeway.topology.accounts import Topology
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec
from causeway.versions.registry import RegistryVersion
from causeway.versions.stages import Stage


class StoppedInTheRegistry(UnexpectedState):
    """The registry says that somebody stops the version; the sync has not judged that yet."""

    retryable = True


@dataclass(frozen=True)
class Standing:
    """What the table holds about a promotion attempt; `decisions` are those of the attempt."""

    attempt: int
    facts: Facts | None
    decisions: Sequence[Decision]
    revocation: Revocation | None

    def decision(self, target: Stage) -> Decision | None:
        """Return the decision on the entry into a stage."""
        return next((item for item in self.decisions if item.target is target), None)


def clearance(
    target: Stage,
    version: RegistryVersion,
    standing: Standing,
    model: ModelSpec,
    topology: Topology,
) -> tuple[Decision, ...]:
    """Return the decisions that let a version into a stage: on those before it, and on it.

    Raises:
        ApprovalRefused: the attempt was revoked; a decision is missing, a rejection, made on
            something else, or by somebody who may not.
        StoppedInTheRegistry: somebody has stopped it there.
    """
    require_not_revoked(version.arn, standing)
    require_not_stopped(version, target, standing.attempt)
    facts = standing.facts
    same = facts is not None and version.package_sha256 == facts.package_sha256
    if facts is None or not same or not version.is_as_registered:
        raise _refused(
            version,
            target,
            f"its fingerprint is {version.package_sha256}, first seen was "
            f"{facts.package_sha256 if facts else 'nothing'}",
            "Find out who changed it (CloudTrail, UpdateModelPackage); register the model again.",
        )
    needed = (Stage.TEST,) if target is Stage.TEST else (Stage.TEST, Stage.PRODUCTION)
    decisions = tuple(_valid(stage, version, standing, facts, model, topology) for stage in needed)
    if len({decision.person for decision in decisions}) < len(decisions):
        raise _refused(
            version,
            target,
            f"{decisions[0].person} decided on each stage",
            "Two stages take two people: find out who wrote the decisions.",
        )
    first, last = decisions[0].call, decisions[-1].call
    if first is None or last is None or last.at < first.at:
        raise _refused(
            version,
            target,
            f"{decisions[-1].person} approved it before {decisions[0].person} did in this attempt",
            "A decision of an earlier attempt does not count: have the version approved again.",
        )
    return decisions


def require_in_time(decision: Decision, model: ModelSpec, now: datetime) -> None:
    """Raise `ApprovalRefused` when a decision ran out; what has started may end after that.

    Whoever writes decisions cannot make one hold longer than its call lets it.
    """
    until = decision.valid_until
    if decision.call is not None:
        until = min(until, decision.call.at + timedelta(days=model.approval_valid_days))
    if now >= until:
        raise ApprovalRefused(
            f"{decision.version_arn} may not enter {decision.target.value}: approved by "
            f"{decision.person} until {until:%Y-%m-%d %H:%M} UTC",
            account=decision.version_arn.account,
            next_step="The approval ran out: have the version approved again.",
        )


def require_not_revoked(version: ModelPackageArn, standing: Standing) -> None:
    """Raise `ApprovalRefused` when somebody entitled has stopped the attempt."""
    stop = standing.revocation
    if stop is not None:
        raise ApprovalRefused(
            f"{version}: attempt {standing.attempt} was revoked by {stop.person}: {stop.reason}",
            account=version.account,
            next_step="Nothing runs on; an approval after that starts a new attempt.",
        )


def require_not_stopped(version: RegistryVersion, target: Stage, attempt: int) -> None:
    """Raise `StoppedInTheRegistry` when the registry says that somebody stops the version.

    `CreateModel` refuses what is not Approved as well; an update of an endpoint does not look, and
    neither looks at the life cycle. Into test, a later attempt begins with the life cycle that the
    one before it ended with.
    """
    word, cycle = version.approval_status, version.lifecycle
    if cycle and (cycle.stage, cycle.status) == ("Production", "Rejected"):
        rejected = target is Stage.PRODUCTION or attempt == 1
        word = f"{cycle.stage} {cycle.status}" if rejected else word
    if word in ("Rejected", UNDECIDED, "Production Rejected"):
        raise StoppedInTheRegistry(
            f"{version.arn} is {word} in the registry",
            account=version.arn.account,
            next_step="The sync judges who set that; until then nothing is deployed.",
        )


def require_unchanged_before_seen(
    facts: Facts | None, calls: Sequence[RegistryCall], topology: Topology
) -> None:
    """Raise `ApprovalRefused` when somebody changed the version before it was first seen.

    The fingerprint of the request can be changed together with what it is of.
    """
    for call in (
        unseen_changes(calls, str(facts.version_arn), facts.seen_at, topology) if facts else ()
    ):
        raise ApprovalRefused(
            f"{call.version_arn} was changed before it was first seen, by {call.principal}",
            account=facts.version_arn.account if facts else None,
            next_step="Find out who did it; train and register again.",
        )


def require_no_later_stop(
    decisions: Sequence[Decision],
    calls: Sequence[RegistryCall],
    model: ModelSpec,
    topology: Topology,
) -> None:
    """Raise `ApprovalRefused` when somebody entitled stopped the version after a decision's call.

    Nobody writes CloudTrail: an event of before a stop approves nothing after it, whatever the
    table says.
    """
    for decision in decisions:
        for call in calls:
            stop = stop_of(call, decision.version_arn)
            if (
                stop is not None
                and call.version_arn == str(decision.version_arn)
                and (decision.call is None or call.at > decision.call.at)
                and not is_taken_back(stop, calls)
                and may_stop(stop, model, topology)
            ):
                raise ApprovalRefused(
                    f"{decision.version_arn}: {stop.reason} by {stop.identity} after "
                    f"{decision.person} approved it for {decision.target.value}",
                    account=decision.version_arn.account,
                    next_step="Nothing runs on; an approval after that starts a new attempt.",
                )


def require_evidence(decision: Decision, call: RegistryCall | None) -> None:
    """Compare the call that a decision names with what CloudTrail says of that event.

    Its history goes back 90 days (API reference, LookupEvents). A decision that is older lets
    nothing in: nobody could tell it from one that was invented.

    Raises:
        ApprovalRefused: there is no such event, or it says something else.
    """
    if call is None or call != decision.call:
        raise ApprovalRefused(
            f"the decision of {decision.person} on {decision.target.value} of "
            f"{decision.version_arn} names event "
            f"{decision.call.event_id if decision.call else 'none'}; CloudTrail has "
            f"{'no such call' if call is None else f'another one: {call}'}",
            account=decision.version_arn.account,
            next_step="CloudTrail forgets after 90 days; find out who wrote a younger decision "
            "(PutItem). Approve again.",
        )


def _valid(
    stage: Stage,
    version: RegistryVersion,
    standing: Standing,
    facts: Facts,
    model: ModelSpec,
    topology: Topology,
) -> Decision:
    """Return the decision on a stage; raise when it does not hold whatever it claims."""
    decision = standing.decision(stage)
    if decision is None or decision.verdict is not Verdict.APPROVED:
        what = f"{decision.verdict.value} by {decision.person}" if decision else "nobody decided"
        raise _refused(version, stage, what, "Have the version approved.")
    bound = (decision.package_sha256, decision.artifact_sha256, decision.gate_report_sha256)
    if bound != (facts.package_sha256, facts.artifact_sha256, facts.gate_report_sha256):
        raise _refused(
            version,
            stage,
            f"approved by {decision.person} for package {decision.package_sha256}, artifact "
            f"{decision.artifact_sha256}; it is {facts.package_sha256}, {facts.artifact_sha256}",
            "Find out who changed the version; register the model again.",
        )
    # Facts can be written over by who writes decisions, the registry's by another duty.
    others = {facts.trained_by, facts.requested_by, version.trained_by, version.requested_by}
    if decision.person in others or decision.person not in entitled(model, stage):
        raise _refused(
            version,
            stage,
            f"approved by {decision.person}, who may not decide on it",
            f"Ask one of: {', '.join(entitled(model, stage))}.",
        )
    call = decision.call
    if call is None or not _is_by(call, decision, topology):
        source = f"a call of {call.identity} as {call.role}" if call else "no call"
        raise _refused(
            version,
            stage,
            f"the decision of {decision.person} comes from {source}",
            f"Find out who wrote it; {APPROVERS[stage]} decides.",
        )
    return decision


def _is_by(call: RegistryCall, decision: Decision, topology: Topology) -> bool:
    return (
        call.version_arn == str(decision.version_arn)
        and call.approves(decision.target)
        and call.role == approver_role(decision.target, topology)
        and topology.person_of_source_identity(call.identity) == decision.person
    )


def _refused(version: RegistryVersion, stage: Stage, what: str, next_step: str) -> ApprovalRefused:
    return ApprovalRefused(
        f"{version.arn} may not enter {stage.value}: {what}",
        account=version.arn.account,
        next_step=next_step,
    )
