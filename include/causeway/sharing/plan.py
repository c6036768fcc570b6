"""The plan between desired and observed shares of one owner: what to call, what is waited for.

Once a plan is applied, the next plan is empty, whatever was there before: shares that nobody
declares, second shares of one name, unknown principals in a share, other permissions, an expired
invitation. Revocations come before grants, so that a grant that fails leaves nothing open that
should be closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from causeway.errors import SharingError
from causeway.sharing.actions import (
    Action,
    AllowExternal,
    Associate,
    CreatePermission,
    CreatePermissionVersion,
    CreateShare,
    DeletePermissionVersion,
    DeleteShare,
    Disassociate,
    ReplacePermission,
)
from causeway.sharing.permissions import Permission, PermissionDefinition, permission_for
from causeway.sharing.shares import (
    DesiredShare,
    ObservedShare,
    OwnerState,
    presence,
)
from causeway.topology.accounts import AccountId

#: Versions that RAM keeps of a customer-managed permission (RAM user guide, quotas).
MAX_VERSIONS: Final = 5


@dataclass(frozen=True)
class SharePlan:
    """What to do about one share (or one model group's policy), in order."""

    name: str
    actions: tuple[Action, ...] = ()
    waiting: tuple[str, ...] = ()
    #: Whether there is a share to be accepted, once the actions were taken.
    offered: bool = False

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do."""
        return not self.actions


def plan_shares(desired: Iterable[DesiredShare], state: OwnerState) -> tuple[SharePlan, ...]:
    """Plan every share of an owner: the desired ones, then what of ours is surplus.

    Raises:
        SharingError: no permission fits a grant.
        UnexpectedState: RAM shows a status that is not known.
    """
    shares = tuple(desired)
    names = {share.name for share in shares}
    surplus = sorted({s.name for s in state.shares if s.lives and s.ours and s.name not in names})
    return (
        *(plan_share(share, state) for share in shares),
        *(SharePlan(name, _deletions(_of_name(name, state))) for name in surplus),
    )


def plan_share(desired: DesiredShare, state: OwnerState) -> SharePlan:
    """Plan one desired share.

    Raises:
        SharingError: no permission fits the grant.
        UnexpectedState: RAM shows a status that is not known.
    """
    permission, prepared = _permission(desired, state)
    declared = tuple(map(str, desired.resources))
    living = _of_name(desired.name, state)
    held_back = {
        r
        for r in declared
        if not state.has_come_to(desired.from_status, r) and not any(s.holds(r) for s in living)
    }
    present = tuple(r for r in declared if r in state.resources and r not in held_back)
    waiting = [f"{r} does not exist yet" for r in declared if r not in state.resources]
    waiting += [
        f"{r} has not come to {desired.from_status} yet"
        for r in declared
        if r in held_back and r in state.resources
    ]
    survivor = min(living, key=lambda share: _distance(desired, share), default=None)
    actions: list[Action] = [*_deletions(share for share in living if share is not survivor)]
    if survivor is None:
        if not present:
            return SharePlan(desired.name, (), tuple(waiting))
        dead = sorted(s.arn for s in state.shares if s.name == desired.name)
        created = CreateShare(desired, present, permission.arn, tuple(dead))
        return SharePlan(desired.name, (*prepared, created), tuple(waiting), True)
    resources = _Compared(present, survivor.resources)
    principals = _Compared(desired.principals, survivor.principals)
    waiting += [f"{entity} is {status}" for entity, status in resources.leaving]
    waiting += [f"{entity} is {status}" for entity, status in principals.leaving]
    waiting += [
        f"{entity} has not joined yet: it waits for the other side" for entity in principals.coming
    ]
    surplus = tuple(e for e in resources.surplus if e not in declared)
    if surplus or principals.surplus:
        actions.append(Disassociate(survivor.arn, survivor.name, surplus, principals.surplus))
    actions += prepared
    newest = permission.version if isinstance(permission, Permission) else None
    if prepared or dict(survivor.permissions) != {permission.arn: newest}:
        actions.append(ReplacePermission(survivor.arn, survivor.name, permission.arn))
    if desired.external and not survivor.external:
        actions.append(AllowExternal(survivor.arn, survivor.name, True))
    if resources.new or principals.new:
        actions.append(Associate(survivor.arn, survivor.name, resources.new, principals.new))
    if resources.again or principals.again:
        actions.append(
            Associate(survivor.arn, survivor.name, resources.again, principals.again, True)
        )
    if survivor.external and not desired.external:
        actions.append(AllowExternal(survivor.arn, survivor.name, False))
    return SharePlan(desired.name, tuple(actions), tuple(waiting), True)


class _Compared:
    """Entities that should be in a share, compared with those that RAM shows."""

    def __init__(self, desired: Iterable[str], present: Mapping[str, str]) -> None:
        desired = tuple(desired)
        states = {e: presence(status) for e, status in present.items()}
        self.new = tuple(e for e in desired if e not in present)
        self.again = tuple(e for e in desired if states.get(e) == "absent")
        self.coming = tuple(e for e in desired if states.get(e) == "coming")
        self.leaving = tuple((e, present[e]) for e in desired if states.get(e) == "leaving")
        self.surplus = tuple(
            sorted(e for e, m in states.items() if e not in desired and m in ("there", "coming"))
        )


def permission_steps(
    definition: PermissionDefinition,
    listed: Iterable[Permission],
    shares: Iterable[ObservedShare],
    owner: AccountId,
) -> tuple[Action, ...]:
    """Return what makes a customer-managed permission be as defined; nothing when it is.

    Raises:
        SharingError: its name is taken by another type, or all of its versions are in use.
    """
    existing = next((p for p in listed if p.arn == definition.arn), None)
    if existing is None:
        return (CreatePermission(definition),)
    if existing.resource_type.lower() != definition.resource_type.lower():
        raise SharingError(
            f"permission {existing.arn} is for {existing.resource_type}, "
            f"not {definition.resource_type}",
            account=owner,
            next_step="Delete it and run again, or choose another name.",
        )
    if existing.actions == {action.lower() for action in definition.actions}:
        return ()
    new = CreatePermissionVersion(definition, existing.versions)
    if len(existing.versions) < MAX_VERSIONS:
        return (new,)
    used = {s.permissions.get(existing.arn) for s in shares if s.lives} | {existing.version}
    unused = next((v for v in existing.versions if v not in used), None)
    if unused is None:
        raise SharingError(
            f"permission {existing.arn} has {len(existing.versions)} versions and all are in use",
            account=owner,
            next_step="Give the shares its newest version, then old ones can go.",
        )
    return (DeletePermissionVersion(existing.arn, unused), new)


def _permission(
    desired: DesiredShare, state: OwnerState
) -> tuple[Permission | PermissionDefinition, tuple[Action, ...]]:
    """Return the share's permission, and what makes it be as defined."""
    resource = desired.resources[0]
    own = f"arn:{resource.partition}:ram:{resource.region}:{desired.owner}:permission/"
    chosen = permission_for(desired.kind, desired.grant, state.permissions, own)
    if isinstance(chosen, Permission):
        return chosen, ()
    steps = permission_steps(chosen, state.permissions, state.shares, desired.owner)
    existing = next((p for p in state.permissions if p.arn == chosen.arn), None)
    return (chosen if steps or existing is None else existing), steps


def _of_name(name: str, state: OwnerState) -> list[ObservedShare]:
    return [s for s in state.shares if s.name == name and s.lives and s.ours]


def _distance(desired: DesiredShare, share: ObservedShare) -> tuple[int, int, int, int, str]:
    # Of two shares of one name the one stays that costs the consumers least: the one with the most
    # principals that have joined, then that are invited, then that once were.
    joined = sum(share.principals.get(p) == "ASSOCIATED" for p in desired.principals)
    invited = sum(share.reaches(p) for p in desired.principals)
    principals = sum(p in share.principals for p in desired.principals)
    resources = sum(share.holds(str(r)) for r in desired.resources)
    return (-joined, -invited, -principals, -resources, share.arn)


def _deletions(shares: Iterable[ObservedShare]) -> tuple[DeleteShare, ...]:
    return tuple(DeleteShare(share.arn, share.name) for share in shares)
