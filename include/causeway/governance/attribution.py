"""Attribution: which recorded call set what the registry says now.

The registry keeps only its last modifier. Somebody who edits another field of a version after its
approval would look like the approver. So an approval is attributed to the API call that set it, as
CloudTrail recorded it. CloudTrail records a call some minutes later (User Guide, "How CloudTrail
works": about five on average, not in order). Until then the author is unknown, and the gesture
waits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from causeway.governance.approvals import Gesture
from causeway.instants import moment
from causeway.versions.registry import RegistryVersion
from causeway.versions.stages import Stage

#: The call that sets approvals and life-cycles.
UPDATE: Final = "UpdateModelPackage"
#: CloudTrail's times are whole seconds; the clocks of two services differ a little.
ABOUT: Final = timedelta(seconds=2)


@dataclass(frozen=True)
class RegistryCall:
    """An `UpdateModelPackage` that was allowed, and what it set (None: it left that alone)."""

    version_arn: str
    at: datetime
    principal: str | None
    identity: str | None
    approval: str | None = None
    lifecycle: tuple[str, str] | None = None

    def sets(self, target: Stage) -> str | tuple[str, str] | None:
        """Return what the call set of that which speaks about entry into a stage."""
        return self.approval if target is Stage.TEST else self.lifecycle


def call_of(event: str) -> RegistryCall | None:
    """Read a CloudTrail event; None for one that failed or is about something else."""
    document = json.loads(event)
    parameters = _lowered(document.get("requestParameters") or {})
    arn = parameters.get("modelpackagearn")
    if document.get("eventName") != UPDATE or document.get("errorCode") or not arn:
        return None
    who = document.get("userIdentity") or {}
    cycle = _lowered(parameters.get("modellifecycle") or {})
    return RegistryCall(
        version_arn=str(arn),
        at=moment(document["eventTime"]),
        principal=who.get("arn"),
        identity=(who.get("sessionContext") or {}).get("sourceIdentity"),
        approval=parameters.get("modelapprovalstatus"),
        lifecycle=(cycle["stage"], cycle["stagestatus"]) if "stage" in cycle else None,
    )


def attributed(
    gesture: Gesture,
    version: RegistryVersion,
    calls: Iterable[RegistryCall],
    *,
    delay: timedelta,
    now: datetime,
) -> Gesture | None:
    """Return the gesture with its author; None while CloudTrail may still record the call.

    When no author is found in time, the gesture is returned without an identity: the guard refuses
    and quarantines it.
    """
    about = [call for call in calls if call.version_arn == str(version.arn)]
    setting = _setting(about, version, gesture.target)
    newest = max((call.at for call in about), default=None)
    certain = setting is not None and setting.at == newest and newest >= version.modified_at - ABOUT
    if not certain and now < version.modified_at + delay:
        return None
    if setting is None:
        return replace(gesture, identity=None, principal=f"unknown: no recorded {UPDATE} set it")
    return replace(gesture, identity=setting.identity, principal=setting.principal, at=setting.at)


def _setting(
    about: Sequence[RegistryCall], version: RegistryVersion, target: Stage
) -> RegistryCall | None:
    """Return the last call that set the stage, if it set what the registry says now.

    Several calls of one second have no order: of these, the one that set what the registry says now
    counts as the last. When two principals set the same in that second, the author is unknown.
    """
    setting = [call for call in about if call.sets(target) is not None]
    last = max((call.at for call in setting), default=None)
    saying = [call for call in setting if call.at == last and _says(call, version, target)]
    unanimous = len({(call.principal, call.identity) for call in saying}) == 1
    return saying[0] if unanimous else None


def _says(call: RegistryCall, version: RegistryVersion, target: Stage) -> bool:
    cycle = version.lifecycle
    current = (cycle.stage, cycle.status) if cycle else None
    return call.sets(target) == (version.approval_status if target is Stage.TEST else current)


def _lowered(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in document.items()}
