"""The guard: the only place that turns a gesture into a decision.

A gesture is a change that somebody made in the registry (or an answer in Airflow); it proves
nothing. A decision is an item of the governance table, bound to the artifact and to the gate report
that it was made on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from causeway.errors import ApprovalRefused
from causeway.topology.accounts import Topology
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec
from causeway.versions.registry import RegistryVersion
from causeway.versions.stages import STAGE_BEFORE, Stage, StageRecord, Status


class Verdict(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    REJECTED = "rejected"


class Channel(StrEnum):
    """Where the gesture was made; it decides how the identity is read."""

    REGISTRY = "registry"
    AIRFLOW = "airflow"


@dataclass(frozen=True)
class Gesture:
    """Somebody asks for a version's entry into a stage, or refuses it.

    `identity` is the `sts:SourceIdentity` (registry) or the signed-in user (Airflow); None when
    the principal carries none. A session name is not an identity.
    """

    version_arn: ModelPackageArn
    target: Stage
    verdict: Verdict
    identity: str | None
    principal: str | None
    reason: str
    at: datetime
    channel: Channel = Channel.REGISTRY


@dataclass(frozen=True)
class Decision:
    """A verdict on one version's entry into one stage, bound to what it was made on."""

    version_arn: ModelPackageArn
    target: Stage
    attempt: int
    verdict: Verdict
    person: str
    reason: str
    artifact_sha256: str
    gate_report_sha256: str
    decided_at: datetime
    valid_until: datetime

    def allows(self, artifact_sha256: str, now: datetime) -> bool:
        """Tell whether this decision lets that very artifact in at that time."""
        return (
            self.verdict is Verdict.APPROVED
            and self.artifact_sha256 == artifact_sha256
            and now < self.valid_until
        )


#: The stages that a person may decide on, and who is entitled to, in the words of the use case.
DECIDABLE: Final = (Stage.TEST, Stage.PRODUCTION)


def gestures_of(version: RegistryVersion) -> tuple[Gesture, ...]:
    """Read what the registry's fields ask for; the state, not an event, is read.

    `ModelApprovalStatus` speaks about entry into test, `ModelLifeCycle` of stage Production
    about entry into production. Which of them is *new* is for the sync to say: it knows the
    decisions. Both carry the last modifier, the only one whom the registry remembers; who made
    them is for `causeway.governance.attribution` to say.
    """
    gestures: list[Gesture] = []
    if version.approval_status in ("Approved", "Rejected"):
        gestures.append(
            _gesture(version, Stage.TEST, version.approval_status, version.approval_description)
        )
    cycle = version.lifecycle
    if cycle and cycle.stage == "Production" and cycle.status in ("Approved", "Rejected"):
        gestures.append(_gesture(version, Stage.PRODUCTION, cycle.status, cycle.description))
    return tuple(gestures)


def _gesture(version: RegistryVersion, target: Stage, word: str, reason: str) -> Gesture:
    return Gesture(
        version_arn=version.arn,
        target=target,
        verdict=Verdict.APPROVED if word == "Approved" else Verdict.REJECTED,
        identity=version.modified_by_identity,
        principal=version.modified_by_arn,
        reason=reason,
        at=version.modified_at,
    )


def person_behind(gesture: Gesture, topology: Topology) -> str | None:
    """Return the person that the topology maps the gesture's identity to, or None."""
    if gesture.channel is Channel.AIRFLOW:
        return topology.person_of_airflow_user(gesture.identity)
    return topology.person_of_source_identity(gesture.identity)


def decide(
    gesture: Gesture,
    version: RegistryVersion | None,
    records: Mapping[Stage, StageRecord],
    model: ModelSpec,
    topology: Topology,
    *,
    attempt: int,
    now: datetime,
) -> Decision:
    """Turn a gesture into a decision, or refuse it.

    Args:
        gesture: what was asked for, by whom.
        version: the registry's version, None when it does not exist.
        records: the version's stage records.
        model: the model's rules (who is entitled, how long an approval holds).
        topology: the people.
        attempt: the promotion attempt that the decision belongs to.
        now: the time of the decision.

    Raises:
        ApprovalRefused: naming the person and the reason; `quarantine` says whether the
            gesture itself is suspect.
    """
    what = f"{gesture.verdict.value} for {gesture.target.value} of {gesture.version_arn}"
    if version is None:
        raise _refused(gesture, f"{what}: the version does not exist", "Name a version that is.")
    _check_bound(gesture, version, what)
    person = _entitled_person(gesture, version, model, topology, what)
    _check_stage(gesture, records, what)
    return Decision(
        version_arn=version.arn,
        target=gesture.target,
        attempt=attempt,
        verdict=gesture.verdict,
        person=person,
        reason=gesture.reason,
        artifact_sha256=version.artifact_sha256 or "",
        gate_report_sha256=version.gate_report_sha256 or "",
        decided_at=now,
        valid_until=now + timedelta(days=model.approval_valid_days),
    )


def _check_bound(gesture: Gesture, version: RegistryVersion, what: str) -> None:
    if version.arn != gesture.version_arn:
        raise _refused(gesture, f"{what}: the facts are of {version.arn}", "Read it again.")
    missing = [
        name
        for name, value in (
            ("artifact-sha256", version.artifact_sha256),
            ("gate-report-sha256", version.gate_report_sha256),
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


def _entitled_person(
    gesture: Gesture, version: RegistryVersion, model: ModelSpec, topology: Topology, what: str
) -> str:
    person = person_behind(gesture, topology)
    entitled = {
        Stage.TEST: model.approvers.test,
        Stage.PRODUCTION: model.approvers.production,
    }.get(gesture.target)
    if entitled is None:
        allowed = ", ".join(stage.value for stage in DECIDABLE)
        raise _refused(gesture, f"{what}: nobody decides on that stage", f"Use: {allowed}.")
    if person is None:
        raise _refused(
            gesture,
            f"{what}: no person of topology {topology.name} has the identity {gesture.identity!r}",
            "Decide with the approver role and your own SourceIdentity.",
            quarantine=True,
        )
    if person not in entitled:
        raise _refused(
            gesture,
            f"{what}: {person} may not decide on {gesture.target.value} of model {model.name}",
            f"Ask one of: {', '.join(entitled)}.",
            quarantine=True,
        )
    for duty, other in (("trained", version.trained_by), ("requested", version.requested_by)):
        if person == other:
            raise _refused(
                gesture,
                f"{what}: {person} {duty} this version and may not also decide on it (four eyes)",
                f"Ask another of: {', '.join(p for p in entitled if p != person) or 'nobody'}.",
                quarantine=True,
            )
    return person


def _check_stage(gesture: Gesture, records: Mapping[Stage, StageRecord], what: str) -> None:
    before = STAGE_BEFORE[gesture.target]
    record = records.get(before)
    if record is None:
        raise _refused(
            gesture,
            f"{what}: the version has no {before.value} record yet",
            f"Wait until it has gone through {before.value}.",
        )
    open_statuses = {Status.PENDING, Status.QUARANTINED}
    if gesture.target is Stage.TEST:
        open_statuses.add(Status.REJECTED)  # fixed and asked for again
    if record.status not in open_statuses:
        raise _refused(
            gesture,
            f"{what}: its {before.value} record is {record.status.value}, not waiting for a "
            "decision",
            "A decision is made once in an attempt; send the version back to judge it anew.",
        )
    approving = gesture.verdict is Verdict.APPROVED
    if gesture.target is Stage.PRODUCTION and approving and not record.validation_metrics:
        raise _refused(
            gesture,
            f"{what}: its test record holds no metrics",
            "Wait for the integration test on the test endpoint.",
        )


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
