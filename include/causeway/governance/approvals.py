"""The guard: the only place that turns a gesture into a decision or a revocation.

A decision is an item of the governance table, bound to everything that was registered and to the
gate report that it was made on. Four eyes rest on the facts of the table, never on what the
registry says at the time: whoever may approve there could change it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from causeway.errors import ApprovalRefused
from causeway.governance.decisions import Decision, Facts, Revocation
from causeway.governance.gestures import DECIDABLE, Channel, Gesture, Verdict
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.use_cases.use_case import ModelSpec
from causeway.versions.registry import RegistryVersion
from causeway.versions.stages import STAGE_BEFORE, Stage, StageRecord, Status

#: The duty that a person takes on to decide on the entry into a stage.
APPROVERS: Final = {Stage.TEST: "test-approver", Stage.PRODUCTION: "production-approver"}
#: The statuses of the stage before, in which it waits for a decision.
WAITING: Final = frozenset({Status.PENDING, Status.QUARANTINED})


def person_behind(gesture: Gesture, topology: Topology) -> str | None:
    """Return the person that the topology maps the gesture's identity to, or None."""
    if gesture.channel is Channel.AIRFLOW:
        return topology.person_of_airflow_user(gesture.identity)
    return topology.person_of_source_identity(gesture.identity)


def approver_role(target: Stage, topology: Topology) -> str:
    """Return the ARN of the role that people decide with on the entry into a stage."""
    return topology.role_arn(AccountRole.SHARED_SERVICES, APPROVERS[target])


def entitled(model: ModelSpec, target: Stage) -> tuple[str, ...]:
    """Return who may decide on the entry into a stage."""
    people = {Stage.TEST: model.approvers.test, Stage.PRODUCTION: model.approvers.production}
    return tuple(people.get(target, ()))


def waits_for_decision(target: Stage, records: Mapping[Stage, StageRecord]) -> bool:
    """Tell whether the stage before the target waits for somebody's decision."""
    record = records.get(STAGE_BEFORE[target])
    if record is None:
        return False
    # A rejected version that was fixed may be asked for again.
    again = target is Stage.TEST and record.status is Status.REJECTED
    return again or record.status in WAITING


def decide(
    gesture: Gesture,
    version: RegistryVersion | None,
    facts: Facts | None,
    records: Mapping[Stage, StageRecord],
    model: ModelSpec,
    topology: Topology,
    *,
    attempt: int,
    now: datetime,
    decisions: Iterable[Decision] = (),
) -> Decision:
    """Turn a gesture into a decision, or refuse it.

    Args:
        gesture: what was asked for, by whom.
        version: the registry's version, None when it does not exist.
        facts: what the version was when it was first seen.
        records: the version's stage records.
        model: the model's rules (who is entitled, how long an approval holds).
        topology: the people, and the roles that they decide with.
        attempt: the promotion attempt that the decision belongs to.
        now: the time of the decision.
        decisions: what was decided about the version before.

    Raises:
        ApprovalRefused: naming the person and the reason; `quarantine` says whether the
            gesture itself is suspect.
    """
    what = _what(gesture)
    if version is None or facts is None:
        missing = "does not exist" if version is None else "was never seen before"
        raise _refused(gesture, f"{what}: the version {missing}", "Name a version that is.")
    require_bound(gesture, version, facts)
    person = require_entitled(
        gesture, facts, records, model, topology, attempt=attempt, decisions=decisions
    )
    return Decision(
        version_arn=version.arn,
        target=gesture.target,
        attempt=attempt,
        verdict=gesture.verdict,
        person=person,
        reason=gesture.reason,
        package_sha256=facts.package_sha256,
        artifact_sha256=facts.artifact_sha256 or "",
        gate_report_sha256=facts.gate_report_sha256 or "",
        decided_at=now,
        valid_until=now + timedelta(days=model.approval_valid_days),
        call=gesture.call,
    )


def require_entitled(
    gesture: Gesture,
    facts: Facts,
    records: Mapping[Stage, StageRecord],
    model: ModelSpec,
    topology: Topology,
    *,
    attempt: int,
    decisions: Iterable[Decision] = (),
) -> str:
    """Return the person behind a gesture who may make this decision now.

    It is all of `decide` but what the registry says of the package.

    Raises:
        ApprovalRefused: as `decide` does.
    """
    what = _what(gesture)
    person = _entitled_person(gesture, model, topology, what)
    _check_four_eyes(gesture, person, facts, model, what)
    _check_other_stage(gesture, person, attempt, decisions, what)
    _check_stage(gesture, records, what)
    return person


def revoke(
    gesture: Gesture, model: ModelSpec, topology: Topology, *, attempt: int, now: datetime
) -> Revocation:
    """Turn a rejection into the revocation of a promotion attempt, or refuse it.

    Whoever may decide on one stage of the model may stop it at any time; four eyes are not asked
    for, since a stop lets nothing in.

    Raises:
        ApprovalRefused: nobody entitled asked for it; the version is not suspect for that.
    """
    what = f"revocation of attempt {attempt} of {gesture.version_arn}"
    person = _known_person(gesture, topology, DECIDABLE, what, quarantine=False)
    people = [name for stage in DECIDABLE for name in entitled(model, stage)]
    if person not in people:
        raise _refused(
            gesture,
            f"{what}: {person} decides on no stage of model {model.name}",
            f"Ask one of: {', '.join(people)}.",
        )
    return Revocation(gesture.version_arn, attempt, person, gesture.reason, now, gesture.call)


def may_stop(gesture: Gesture, model: ModelSpec, topology: Topology) -> bool:
    """Tell whether a rejection stops an attempt: whether `revoke` would take it."""
    try:
        revoke(gesture, model, topology, attempt=1, now=gesture.at)
    except ApprovalRefused:
        return False
    return True


def require_bound(gesture: Gesture, version: RegistryVersion, facts: Facts) -> None:
    """Raise `ApprovalRefused` when the version is not what was registered, or names no digests."""
    what = _what(gesture)
    if version.arn != gesture.version_arn or facts.version_arn != version.arn:
        raise _refused(gesture, f"{what}: the facts are of {version.arn}", "Read it again.")
    missing = [
        name
        for name, value in (
            ("artifact-sha256", facts.artifact_sha256),
            ("gate-report-sha256", facts.gate_report_sha256),
        )
        if not value
    ]
    if missing:
        raise _refused(
            gesture,
            f"{what}: the version carries no {' and no '.join(missing)}, so there is nothing "
            "that a decision could be bound to",
            "Register the model again through the training DAG, which writes the digests.",
            quarantine=True,
        )
    if not version.is_as_registered or version.package_sha256 != facts.package_sha256:
        raise _refused(
            gesture,
            f"{what}: the package was changed after it was registered; its fingerprint is "
            f"{version.package_sha256}, first seen was {facts.package_sha256}",
            "Find out who changed it (CloudTrail, UpdateModelPackage); register the model again.",
            quarantine=True,
        )


def _entitled_person(gesture: Gesture, model: ModelSpec, topology: Topology, what: str) -> str:
    people = entitled(model, gesture.target)
    if gesture.target not in DECIDABLE:
        allowed = ", ".join(stage.value for stage in DECIDABLE)
        raise _refused(gesture, f"{what}: nobody decides on that stage", f"Use: {allowed}.")
    person = _known_person(gesture, topology, (gesture.target,), what, quarantine=True)
    if person not in people:
        raise _refused(
            gesture,
            f"{what}: {person} may not decide on {gesture.target.value} of model {model.name}",
            f"Ask one of: {', '.join(people)}.",
            quarantine=True,
        )
    return person


def _known_person(
    gesture: Gesture,
    topology: Topology,
    stages: Iterable[Stage],
    what: str,
    *,
    quarantine: bool,
) -> str:
    """Return the person behind the gesture, who came by the role of one of the stages."""
    person = person_behind(gesture, topology)
    if person is None:
        raise _refused(
            gesture,
            f"{what}: no person of topology {topology.name} has the identity {gesture.identity!r}",
            "Decide with the approver role of the stage and your own SourceIdentity.",
            quarantine=quarantine,
        )
    roles = [approver_role(stage, topology) for stage in stages]
    used = gesture.call.role if gesture.call else None
    if gesture.channel is Channel.REGISTRY and used not in roles:
        raise _refused(
            gesture,
            f"{what}: it was made as {used or 'no role'}; a source identity proves {person} only "
            f"in {' or '.join(roles)}",
            f"Take on {roles[0]}; find out who made the call.",
            quarantine=quarantine,
        )
    return person


def _check_four_eyes(
    gesture: Gesture, person: str, facts: Facts, model: ModelSpec, what: str
) -> None:
    for duty, other in (("trained", facts.trained_by), ("requested", facts.requested_by)):
        if person == other:
            others = [p for p in entitled(model, gesture.target) if p != person]
            raise _refused(
                gesture,
                f"{what}: {person} {duty} this version and may not also decide on it (four eyes)",
                f"Ask another of: {', '.join(others) or 'nobody'}.",
                quarantine=True,
            )


def _check_other_stage(
    gesture: Gesture, person: str, attempt: int, decisions: Iterable[Decision], what: str
) -> None:
    for decision in decisions:
        other = decision.attempt == attempt and decision.target is not gesture.target
        approved = {decision.verdict, gesture.verdict} == {Verdict.APPROVED}
        if other and approved and decision.person == person:
            raise _refused(
                gesture,
                f"{what}: {person} decided on {decision.target.value} of it as well; two stages "
                "take two people",
                f"Ask another one who may decide on {gesture.target.value}.",
                quarantine=True,
            )


def _check_stage(gesture: Gesture, records: Mapping[Stage, StageRecord], what: str) -> None:
    before = STAGE_BEFORE[gesture.target]
    record = records.get(before)
    if record is None:
        raise _refused(
            gesture,
            f"{what}: the version has no {before.value} record yet",
            f"Wait until it has gone through {before.value}.",
        )
    if not waits_for_decision(gesture.target, records):
        raise _refused(
            gesture,
            f"{what}: its {before.value} record is {record.status.value}, not waiting for a "
            "decision",
            "A decision is made once in an attempt. Another attempt begins where the version is "
            "rejected for test and then approved for test.",
        )
    approving = gesture.verdict is Verdict.APPROVED
    if gesture.target is Stage.PRODUCTION and approving and not record.validation_metrics:
        raise _refused(
            gesture,
            f"{what}: its test record holds no metrics",
            "Wait for the integration test on the test endpoint.",
        )


def _what(gesture: Gesture) -> str:
    return f"{gesture.verdict.value} for {gesture.target.value} of {gesture.version_arn}"


def _refused(
    gesture: Gesture, what: str, next_step: str, *, quarantine: bool = False
) -> ApprovalRefused:
    return ApprovalRefused(
        what,
        quarantine=quarantine,
        account=gesture.version_arn.account,
        principal=gesture.principal or gesture.identity,
        next_step=next_step,
    )
