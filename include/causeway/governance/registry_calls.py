"""Calls that changed a version in the registry, as CloudTrail recorded them.

A decision keeps the call that it comes from. The fields are those of CloudTrail's record
(User Guide, "CloudTrail record contents" and "CloudTrail userIdentity element").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from causeway.instants import instant, moment
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.versions.stages import Stage

#: The call that sets approvals and life-cycles.
UPDATE: Final = "UpdateModelPackage"


@dataclass(frozen=True)
class RegistryCall:
    """An `UpdateModelPackage` that was allowed, and what it set (None: it left that alone).

    `principal` is the session, `role` the role that was taken on, `identity` the source identity.
    """

    version_arn: str
    at: datetime
    principal: str | None
    identity: str | None
    approval: str | None = None
    lifecycle: tuple[str, str] | None = None
    role: str | None = None
    event_id: str | None = None

    def sets(self, target: Stage) -> str | tuple[str, str] | None:
        """Return what the call set of that which speaks about entry into a stage."""
        return self.approval if target is Stage.TEST else self.lifecycle

    def approves(self, target: Stage) -> bool:
        """Tell whether the call asks for entry into the stage."""
        return self.sets(target) in ("Approved", ("Production", "Approved"))


def unseen_changes(
    calls: Iterable[RegistryCall], version: str, seen_at: datetime, topology: Topology
) -> tuple[RegistryCall, ...]:
    """Return the calls that changed a version before it was first seen, by whom none is expected.

    Approvers can say their word and no more, and the sync mirrors.
    """
    expected = {
        topology.role_arn(AccountRole.SHARED_SERVICES, duty)
        for duty in ("registry-sync", "test-approver", "production-approver")
    }
    return tuple(
        call
        for call in calls
        if call.version_arn == version and call.at <= seen_at and call.role not in expected
    )


def call_of(event: str) -> RegistryCall | None:
    """Read a CloudTrail event; None for one that failed or is about something else."""
    document = json.loads(event)
    parameters = _lowered(document.get("requestParameters") or {})
    arn = parameters.get("modelpackagearn")
    if document.get("eventName") != UPDATE or document.get("errorCode") or not arn:
        return None
    who = document.get("userIdentity") or {}
    session = who.get("sessionContext") or {}
    cycle = _lowered(parameters.get("modellifecycle") or {})
    return RegistryCall(
        version_arn=str(arn),
        at=moment(document["eventTime"]),
        principal=who.get("arn"),
        identity=session.get("sourceIdentity"),
        approval=parameters.get("modelapprovalstatus"),
        lifecycle=(cycle["stage"], cycle["stagestatus"]) if "stage" in cycle else None,
        role=(session.get("sessionIssuer") or {}).get("arn"),
        event_id=document.get("eventID"),
    )


def call_item(call: RegistryCall) -> dict[str, Any]:
    """Write a call as a part of an item."""
    values = {
        "version_arn": call.version_arn,
        "at": instant(call.at),
        "principal": call.principal,
        "identity": call.identity,
        "approval": call.approval,
        "lifecycle": list(call.lifecycle) if call.lifecycle else None,
        "role": call.role,
        "event_id": call.event_id,
    }
    return {name: value for name, value in values.items() if value is not None}


def call_of_item(item: Mapping[str, Any]) -> RegistryCall:
    """Read a call from the part of an item."""
    cycle = item.get("lifecycle")
    return RegistryCall(
        version_arn=item["version_arn"],
        at=moment(item["at"]),
        principal=item.get("principal"),
        identity=item.get("identity"),
        approval=item.get("approval"),
        lifecycle=(cycle[0], cycle[1]) if cycle else None,
        role=item.get("role"),
        event_id=item.get("event_id"),
    )


def _lowered(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in document.items()}
