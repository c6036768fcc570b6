"""Attribution: which recorded call set what the registry says now.

The registry keeps only its last modifier. Somebody who edits another field of a version after its
approval would look like the approver. So an approval is attributed to the API call that set it, as
CloudTrail recorded it. CloudTrail records a call some minutes later (User Guide, "How CloudTrail
works": about five on average, not in order). Until then the author is unknown, and the gesture
waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from causeway.governance.gestures import Gesture
from causeway.governance.registry_calls import UPDATE, RegistryCall
from causeway.versions.registry import RegistryVersion
from causeway.versions.stages import Stage

#: CloudTrail's times are whole seconds; the clocks of two services differ a little.
ABOUT: Final = timedelta(seconds=2)


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
    return replace(
        gesture,
        identity=setting.identity,
        principal=setting.principal,
        at=setting.at,
        call=setting,
    )


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
