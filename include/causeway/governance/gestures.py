"""Gestures: what somebody asks for in the registry or in Airflow. A gesture proves nothing yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from causeway.governance.registry_calls import RegistryCall
from causeway.topology.arns import ModelPackageArn
from causeway.versions.registry import RegistryVersion
from causeway.versions.stages import Stage


class Verdict(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    REJECTED = "rejected"


class Channel(StrEnum):
    """Where the gesture was made; it decides how the identity is read."""

    REGISTRY = "registry"
    AIRFLOW = "airflow"


#: The stages that a person may decide on.
DECIDABLE: Final = (Stage.TEST, Stage.PRODUCTION)
#: The approval status of a version on which nobody has decided, or whose approval was withdrawn.
UNDECIDED: Final = "PendingManualApproval"
_WORDS: Final = {"Approved": Verdict.APPROVED, "Rejected": Verdict.REJECTED}


@dataclass(frozen=True)
class Gesture:
    """Somebody asks for a version's entry into a stage, or refuses it.

    `identity` is the `sts:SourceIdentity` (registry) or the signed-in user (Airflow); None when
    the principal carries none. A session name is not an identity. `call` is the API call that made
    a gesture in the registry, once it is known.
    """

    version_arn: ModelPackageArn
    target: Stage
    verdict: Verdict
    identity: str | None
    principal: str | None
    reason: str
    at: datetime
    channel: Channel = Channel.REGISTRY
    call: RegistryCall | None = None


def gestures_of(version: RegistryVersion) -> tuple[Gesture, ...]:
    """Read what the registry's fields ask for; the state, not an event, is read.

    `ModelApprovalStatus` speaks about entry into test, `ModelLifeCycle` of stage Production
    about entry into production. Which of them is *new* is for the sync to say: it knows the
    decisions. Both carry the last modifier, the only one whom the registry remembers; who made
    them is for `causeway.governance.attribution` to say.
    """
    gestures: list[Gesture] = []
    if version.approval_status in _WORDS:
        verdict = _WORDS[version.approval_status]
        gestures.append(_gesture(version, Stage.TEST, verdict, version.approval_description))
    cycle = version.lifecycle
    if cycle and cycle.stage == "Production" and cycle.status in _WORDS:
        verdict = _WORDS[cycle.status]
        gestures.append(_gesture(version, Stage.PRODUCTION, verdict, cycle.description))
    return tuple(gestures)


def withdrawal_of(version: RegistryVersion) -> Gesture | None:
    """Return the withdrawal of an approval, where the registry says that nobody has decided."""
    if version.approval_status != UNDECIDED:
        return None
    return _gesture(version, Stage.TEST, Verdict.REJECTED, "the approval was withdrawn")


def stop_of(call: RegistryCall, version: ModelPackageArn) -> Gesture | None:
    """Return the rejection or withdrawal that a call was, whatever the registry says since.

    A stop that another write has replaced in the registry is found by it.
    """
    if call.lifecycle == ("Production", "Rejected"):
        target, what = Stage.PRODUCTION, "rejected"
    elif call.approval in ("Rejected", UNDECIDED):
        target, what = Stage.TEST, "rejected" if call.approval == "Rejected" else "withdrawn"
    else:
        return None
    return Gesture(
        version_arn=version,
        target=target,
        verdict=Verdict.REJECTED,
        identity=call.identity,
        principal=call.principal,
        reason=f"{what} in the registry",
        at=call.at,
        call=call,
    )


def is_taken_back(stop: Gesture, calls: Iterable[RegistryCall]) -> bool:
    """Tell whether who stopped a version approved the same after that, in the same role.

    Another role proves nobody: its source identity may be anybody's.
    """
    return any(
        call.at > stop.at
        and call.version_arn == str(stop.version_arn)
        and call.identity == stop.identity
        and stop.call is not None
        and call.role == stop.call.role
        and call.approves(stop.target)
        for call in calls
    )


def _gesture(version: RegistryVersion, target: Stage, verdict: Verdict, reason: str) -> Gesture:
    return Gesture(
        version_arn=version.arn,
        target=target,
        verdict=verdict,
        identity=version.modified_by_identity,
        principal=version.modified_by_arn,
        reason=reason,
        at=version.modified_at,
    )
