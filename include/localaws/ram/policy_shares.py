"""The shares that RAM creates from the resource policy of a model group, and their promotion.

Each statement becomes a share: STANDARD if its actions are those of a managed permission, otherwise
CREATED_FROM_POLICY, which RAM neither changes nor shows to consumers until it is promoted (RAM user
guide, "Resource shares created from resource-based policies"). The policy itself grants access.
AWS does not document the number of shares, their names, and whether invitations are needed; here it
is one share for each statement, without invitations.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localaws.kit.arns import parse_arn
from localaws.kit.service import Call, ServiceError
from localaws.ram.grants import store_of
from localaws.ram.operation import Reply, operation
from localaws.ram.permissions import Permission, PermissionVersion
from localaws.ram.resources import type_of
from localaws.ram.shares import RamStore, Share

if TYPE_CHECKING:
    from localaws.kit.capabilities import TimedStores

FROM_POLICY = "CREATED_FROM_POLICY"


def follow_policy(aws: TimedStores, resource_arn: str, document: dict[str, Any] | None) -> None:
    """Set the shares of a resource to those of its policy; None removes them."""
    arn = parse_arn(resource_arn)
    store, now = store_of(aws, arn.region), aws.clock.now()
    with store.lock:
        shares = {s.origin: s for s in store.shares.values() if s.origin and s.status == "ACTIVE"}
        origins = set()
        for index, statement in enumerate(_allowing(document)):
            origin = (resource_arn, str(statement.get("Sid") or index))
            origins.add(origin)
            share = shares.get(origin) or _new_share(store, origin, arn.account, now)
            _fill(store, share, statement, now)
        for origin, share in shares.items():
            if origin[0] == resource_arn and origin not in origins:
                store.delete(share, now)


@operation("PromotePermissionCreatedFromPolicy")
def promote_permission_created_from_policy(call: Call, store: RamStore) -> Reply:
    """Create a customer-managed permission from one that was created from a policy."""
    source, name = store.permission(call.params["permissionArn"], call.account), call.params["name"]
    if source.feature_set != FROM_POLICY:
        raise ServiceError(
            "InvalidParameterException", f"Permission {source.arn} was not created from a policy."
        )
    actions = source.version().actions
    if any("*" in action for action in actions):
        raise ServiceError(
            "OperationNotPermittedException",
            f"Permission {source.arn} has actions with a wildcard and cannot be promoted.",
        )
    arn, now = call.arn(f"permission/{name}"), call.now()
    if arn in store.permissions:
        raise ServiceError("InvalidParameterException", f"Permission {arn} exists already.")
    promoted = store.permissions[arn] = _permission(arn, name, source, now, "STANDARD", actions)
    return {"permission": promoted.summary()}


@operation("PromoteResourceShareCreatedFromPolicy")
def promote_resource_share_created_from_policy(call: Call, store: RamStore) -> Reply:
    """Make a share from a policy discoverable; its permission must be promoted first."""
    share = store.share(call.params["resourceShareArn"], call.account)
    if share.feature_set != FROM_POLICY:
        raise ServiceError(
            "InvalidStateTransitionException", f"{share.arn} was not created from a policy."
        )
    if any(principal.startswith("arn:aws:iam:") for principal in share.principals):
        raise ServiceError(
            "OperationNotPermittedException",
            f"{share.arn} has IAM roles or users as principals and cannot be promoted.",
        )
    for kind, (used, number) in list(share.permissions.items()):
        actions = set(used.version(number).actions)
        match = next(
            (
                p
                for p in store.permissions.values()
                if p.owner == call.account
                and (p.resource_type, p.feature_set) == (kind, "STANDARD")
                and set(p.version().actions) == actions
            ),
            None,
        )
        if match is None:
            raise ServiceError(
                "UnmatchedPolicyPermissionException",
                f"No customer managed permission has the actions of {used.arn}; promote it first.",
            )
        share.permissions[kind] = (match, match.default_version)
    share.feature_set = "STANDARD"
    share.updated = call.now()
    return {"returnValue": True}


def _allowing(document: dict[str, Any] | None) -> list[dict[str, Any]]:
    statements = (document or {}).get("Statement") or []
    statements = [statements] if isinstance(statements, dict) else statements
    return [statement for statement in statements if statement.get("Effect") == "Allow"]


def _new_share(store: RamStore, origin: tuple[str, str], owner: str, now: datetime) -> Share:
    region, name = origin[0].split(":")[3], origin[0].rpartition("/")[2]
    return store.add(
        Share(
            arn=f"arn:aws:ram:{region}:{owner}:resource-share/{uuid.uuid4()}",
            name=f"resource-policy-{name}-{origin[1]}",
            owner=owner,
            allow_external=True,
            created=now,
            updated=now,
            feature_set=FROM_POLICY,
            origin=origin,
        )
    )


def _fill(store: RamStore, share: Share, statement: dict[str, Any], now: datetime) -> None:
    assert share.origin is not None
    resource = share.origin[0]
    kind = type_of(resource).name
    actions = tuple(_listed(statement.get("Action")))
    if set(share.actions(kind)) != set(actions):
        managed = next(
            (
                p
                for p in store.permissions.values()
                if p.owner is None
                and p.resource_type == kind
                and set(p.version().actions) == set(actions)
            ),
            None,
        )
        if managed:
            share.permissions[kind], share.feature_set = (managed, 1), "STANDARD"
        else:
            arn = f"{share.arn.rpartition(':')[0]}:permission/{share.name}-{uuid.uuid4().hex[:8]}"
            own = _permission(arn, share.name, None, now, FROM_POLICY, actions, kind, share.owner)
            store.permissions[arn] = own
            share.permissions[kind], share.feature_set = (own, 1), FROM_POLICY
    store.add_resource(share, resource, kind, now)
    principals = {
        _account(principal) for principal in _listed((statement.get("Principal") or {}).get("AWS"))
    }
    for gone in set(share.principals) - principals:
        store.remove(share, share.principals[gone], now)
    for principal in sorted(principals):
        store.add_principal(share, principal, now, invite=False, external=True)


def _permission(
    arn: str,
    name: str,
    like: Permission | None,
    now: datetime,
    feature_set: str,
    actions: tuple[str, ...],
    kind: str = "",
    owner: str = "",
) -> Permission:
    return Permission(
        arn=arn,
        name=name,
        resource_type=like.resource_type if like else kind,
        owner=like.owner if like else owner,
        is_type_default=False,
        versions={1: PermissionVersion(1, actions, now)},
        default_version=1,
        created=now,
        updated=now,
        feature_set=feature_set,
    )


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _account(principal: str) -> str:
    return principal.split(":")[4] if principal.endswith(":root") else principal
