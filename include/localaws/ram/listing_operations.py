"""RAM: looking at shares, resources and principals, as owner and as consumer."""

from __future__ import annotations

import json
from collections.abc import Iterator

from localaws.kit.paging import RAM
from localaws.kit.service import Call, ServiceError
from localaws.ram.grants import joined, member
from localaws.ram.operation import (
    Reply,
    association_reply,
    operation,
    ram,
    resource_reply,
    share_reply,
)
from localaws.ram.permissions import resource_types
from localaws.ram.resources import type_of
from localaws.ram.shares import RamStore, Share


@operation("GetResourceShares")
def get_resource_shares(call: Call, store: RamStore) -> Reply:
    """List own shares, or those of others that this account is in."""
    wanted = call.params
    permission = wanted.get("permissionArn")
    found = []
    for share in _visible(call, store):
        attached = [(p.arn, number) for p, number in share.permissions.values()]
        version = wanted.get("permissionVersion")
        if (
            (not wanted.get("name") or share.name == wanted["name"])
            and wanted.get("resourceShareStatus", share.status) == share.status
            and _has_tags(share, wanted.get("tagFilters") or [])
            and (
                not permission
                or any(arn == permission and version in (None, n) for arn, n in attached)
            )
        ):
            found.append(share)
    page, rest = RAM.page(wanted, found)
    return {"resourceShares": [share_reply(one) for one in page], **rest}


@operation("GetResourceShareAssociations")
def get_resource_share_associations(call: Call, store: RamStore) -> Reply:
    """List the resources or principals of own shares (the owner's view only)."""
    wanted = call.params
    kind = wanted["associationType"]
    if (kind == "PRINCIPAL" and wanted.get("resourceArn")) or (
        kind == "RESOURCE" and wanted.get("principal")
    ):
        raise ServiceError(
            "InvalidParameterException", f"The filter does not go with associationType {kind}."
        )
    arns = wanted.get("resourceShareArns") or []
    for arn in arns:
        store.share(arn, call.account)
    entity = wanted.get("resourceArn") or wanted.get("principal")
    status = wanted.get("associationStatus")
    found = [
        association_reply(share, one)
        for share in store.shares.values()
        if share.owner == call.account and (not arns or share.arn in arns)
        for one in [*share.resources.values(), *share.principals.values()]
        if one.kind == kind and entity in (None, one.entity) and status in (None, one.status)
    ]
    page, rest = RAM.page(wanted, found)
    return {"resourceShareAssociations": page, **rest}


@operation("ListResources")
def list_resources(call: Call, store: RamStore) -> Reply:
    """List what this account shares, or what others share with it."""
    wanted = call.params
    kind = wanted.get("resourceType")
    if kind and kind not in resource_types():
        raise ServiceError("InvalidResourceTypeException", f"Unknown resource type {kind}.")
    arns = wanted.get("resourceArns") or []
    principal = wanted.get("principal")
    found = []
    if wanted.get("resourceRegionScope") != "GLOBAL":
        found = [
            resource_reply(share, one)
            for share in _visible(call, store)
            if principal is None or _with_principal(call, share, principal)
            for one in share.live_resources()
            if kind in (None, one.resource_type) and (not arns or one.entity in arns)
        ]
    page, rest = RAM.page(wanted, found)
    return {"resources": page, **rest}


@operation("ListPrincipals")
def list_principals(call: Call, store: RamStore) -> Reply:
    """List whom this account shares with, or who shares with it."""
    wanted = call.params
    principals = wanted.get("principals") or []
    found = []
    for share in _visible(call, store):
        held = share.live_resources()
        if wanted.get("resourceArn") and wanted["resourceArn"] not in [r.entity for r in held]:
            continue
        if wanted.get("resourceType") and wanted["resourceType"] not in [
            r.resource_type for r in held
        ]:
            continue
        if wanted["resourceOwner"] == "SELF":
            rows = [
                (one.entity, one.created, one.updated, one.external)
                for one in share.principals.values()
                if one.status == "ASSOCIATED"
            ]
        else:
            since = joined(call, share, call.account) or share.updated
            mine = share.principals.get(call.account)
            rows = [(share.owner, since, since, mine.external if mine else False)]
        for entity, created, updated, external in rows:
            if not principals or entity in principals:
                found.append(
                    {
                        "id": entity,
                        "resourceShareArn": share.arn,
                        "creationTime": created,
                        "lastUpdatedTime": updated,
                        "external": external,
                    }
                )
    page, rest = RAM.page(wanted, found)
    return {"principals": page, **rest}


@ram.operation("ListResourceTypes")
def list_resource_types(call: Call) -> Reply:
    """List the types that the local AWS can share."""
    found = []
    if call.params.get("resourceRegionScope") != "GLOBAL":
        found = [
            {"resourceType": name, "serviceName": "sagemaker", "resourceRegionScope": "REGIONAL"}
            for name in sorted(resource_types())
        ]
    page, rest = RAM.page(call.params, found)
    return {"resourceTypes": page, **rest}


@operation("GetResourcePolicies")
def get_resource_policies(call: Call, store: RamStore) -> Reply:
    """Return, for own shared resources, the resource policy that their shares amount to."""
    policies = []
    for arn in call.params["resourceArns"]:
        kind = type_of(arn).name
        statements = []
        for share in store.sharing(arn):
            principals = [p for p, a in share.principals.items() if a.status == "ASSOCIATED"]
            wanted = call.params.get("principal")
            if share.owner == call.account and principals and (not wanted or wanted in principals):
                statements.append(
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": [wanted] if wanted else principals},
                        "Action": list(share.actions(kind)),
                        "Resource": arn,
                    }
                )
        if statements:
            policies.append(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    page, rest = RAM.page(call.params, policies)
    return {"policies": page, **rest}


def _visible(call: Call, store: RamStore) -> Iterator[Share]:
    """Yield the shares of `resourceOwner`, checking `resourceShareArns` against them."""
    own = call.params["resourceOwner"] == "SELF"
    visible = {
        share.arn: share
        for share in store.shares.values()
        if (
            share.owner == call.account
            if own
            else share.owner != call.account
            and share.discoverable
            and member(call, share, call.account)
        )
    }
    arns = call.params.get("resourceShareArns") or list(visible)
    for arn in arns:
        if arn not in visible:
            raise ServiceError(
                "UnknownResourceException", f"ResourceShare {arn} could not be found."
            )
        yield visible[arn]


def _with_principal(call: Call, share: Share, principal: str) -> bool:
    if call.params["resourceOwner"] == "OTHER-ACCOUNTS":
        return share.owner == principal
    association = share.principals.get(principal)
    return association is not None and association.status == "ASSOCIATED"


def _has_tags(share: Share, filters: list[dict[str, object]]) -> bool:
    tags = {tag["key"]: tag.get("value") for tag in share.tags}
    for one in filters:
        values = one.get("tagValues")
        if one.get("tagKey") not in tags:
            return False
        if isinstance(values, list) and values and tags[str(one["tagKey"])] not in values:
            return False
    return True
