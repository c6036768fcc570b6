"""A small model of the owner's RAM: what the actions of a plan do to what is observed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

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
from causeway.sharing.permissions import RULES, Permission
from causeway.sharing.shares import RESOURCE_TYPES, ObservedShare, OwnerState
from causeway.topology.access_rules import ResourceKind

MANAGED = "arn:aws:ram::aws:permission/"


def managed(name: str, kind: ResourceKind, *actions: str) -> Permission:
    return Permission(
        f"{MANAGED}{name}",
        name,
        RESOURCE_TYPES[kind],
        frozenset(f"sagemaker:{action}".lower() for action in actions),
    )


def all_of(kind: ResourceKind, grant) -> tuple[str, ...]:
    return RULES[kind, grant].actions


def apply(actions: Iterable[Action], state: OwnerState) -> OwnerState:
    for action in actions:
        state = _applied(action, state)
    return state


def _applied(action: Action, state: OwnerState) -> OwnerState:
    shares = {share.arn: share for share in state.shares}
    permissions = {p.arn: p for p in state.permissions}
    if isinstance(action, CreatePermission):
        assert action.definition.arn not in permissions, "a second permission of one name"
        definition = action.definition
        permissions[definition.arn] = Permission(
            definition.arn,
            definition.name,
            definition.resource_type,
            _actions(action),
            "1",
            False,
            ("1",),
        )
    elif isinstance(action, CreatePermissionVersion):
        existing = permissions[action.definition.arn]
        assert len(existing.versions) < 5, "RAM keeps five versions"
        number = str(int(existing.versions[-1]) + 1)
        permissions[existing.arn] = replace(
            existing,
            actions=_actions(action),
            version=number,
            versions=(*existing.versions, number),
        )
    elif isinstance(action, DeletePermissionVersion):
        existing = permissions[action.permission_arn]
        assert action.version != existing.version
        living = [share for share in shares.values() if share.lives]
        assert action.version not in {share.permissions.get(existing.arn) for share in living}
        remainder = tuple(v for v in existing.versions if v != action.version)
        permissions[existing.arn] = replace(existing, versions=remainder)
    elif isinstance(action, CreateShare):
        arn = f"new-{len(shares)}"
        assert action.request()["clientToken"]
        shares[arn] = ObservedShare(
            arn,
            action.share.name,
            action.share.owner,
            "ACTIVE",
            dict.fromkeys(action.resources, "ASSOCIATED"),
            dict.fromkeys(action.share.principals, "ASSOCIATING"),
            {action.permission_arn: permissions[action.permission_arn].version},
            action.share.external,
        )
    elif isinstance(action, DeleteShare):
        assert shares[action.share_arn].feature_set == "STANDARD"
        shares[action.share_arn] = replace(shares[action.share_arn], status="DELETED")
    else:
        share = shares[action.share_arn]  # type: ignore[attr-defined]
        assert share.lives
        shares[share.arn] = _changed(action, share, permissions)
    return replace(state, shares=tuple(shares.values()), permissions=tuple(permissions.values()))


def _changed(
    action: Action, share: ObservedShare, permissions: dict[str, Permission]
) -> ObservedShare:
    if isinstance(action, ReplacePermission):
        permission = permissions[action.permission_arn]
        return replace(share, permissions={permission.arn: permission.version})
    if isinstance(action, AllowExternal):
        return replace(share, external=action.allowed)
    assert isinstance(action, Associate | Disassociate)
    status = "ASSOCIATED" if isinstance(action, Associate) else "DISASSOCIATED"
    return replace(
        share,
        resources={**share.resources, **dict.fromkeys(action.resources, status)},
        principals={**share.principals, **dict.fromkeys(action.principals, status)},
    )


def _actions(action: CreatePermission | CreatePermissionVersion) -> frozenset[str]:
    document = json.loads(action.definition.template())
    return frozenset(action_.lower() for action_ in document["Action"])
