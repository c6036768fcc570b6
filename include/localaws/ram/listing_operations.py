"""RAM: lists of shares, resources and principals, for owners and consumers."""

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
    """List own shares, or shares of others that this account is a member of."""
    params = call.params
    permission = params.get("permissionArn")
    shares = []
    for share in _visible(call, store):
        attached = [(p.arn, number) for p, number in share.permissions.values()]
        version = params.get("permissionVersion")
        if (
            (not params.get("name") or share.name == params["name"])
            and params.get("resourceShareStatus", share.status) == share.status
            and _has_tags(share, params.get("tagFilters") or [])
            and (
                not permission
                or any(arn == permission and version in (None, n) for arn, n in attached)
            )
        ):
            shares.append(share)
    page, rest = RAM.page(params, shares)
    return {"resourceShares": [share_reply(share) for share in page], **rest}


@operation("GetResourceShareAssociations")
def get_resource_share_associations(call: Call, store: RamStore) -> Reply:
    """List the resources or principals of own shares (the owner's view only)."""
    params = call.params
    kind = params["associationType"]
    if (kind == "PRINCIPAL" and params.get("resourceArn")) or (
        kind == "RESOURCE" and params.get("principal")
    ):
        raise ServiceError(
            "InvalidParameterException", f"The filter does not go with associationType {kind}."
        )
    arns = params.get("resourceShareArns") or []
    for arn in arns:
        store.share(arn, call.account)
    entity = params.get("resourceArn") or params.get("principal")
    status = params.get("associationStatus")
    associations = [
        association_reply(share, association)
        for share in store.shares.values()
        if share.owner == call.account and (not arns or share.arn in arns)
        for association in [*share.resources.values(), *share.principals.values()]
        if association.kind == kind
        and entity in (None, association.entity)
        and status in (None, association.status)
    ]
    page, rest = RAM.page(params, associations)
    return {"resourceShareAssociations": page, **rest}


@operation("ListResources")
def list_resources(call: Call, store: RamStore) -> Reply:
    """List what this account shares, or what others share with it."""
    params = call.params
    kind = params.get("resourceType")
    if kind and kind not in resource_types():
        raise ServiceError("InvalidResourceTypeException", f"Unknown resource type {kind}.")
    arns = params.get("resourceArns") or []
    principal = params.get("principal")
    resources = []
    if params.get("resourceRegionScope") != "GLOBAL":
        resources = [
            resource_reply(share, association)
            for share in _visible(call, store)
            if principal is None or _with_principal(call, share, principal)
            for association in share.live_resources()
            if kind in (None, association.resource_type)
            and (not arns or association.entity in arns)
        ]
    page, rest = RAM.page(params, resources)
    return {"resources": page, **rest}


@operation("ListPrincipals")
def list_principals(call: Call, store: RamStore) -> Reply:
    """List the principals that this account shares with, or that share with it."""
    params = call.params
    principals = params.get("principals") or []
    listed = []
    for share in _visible(call, store):
        resources = share.live_resources()
        if params.get("resourceArn") and params["resourceArn"] not in [r.entity for r in resources]:
            continue
        if params.get("resourceType") and params["resourceType"] not in [
            r.resource_type for r in resources
        ]:
            continue
        if params["resourceOwner"] == "SELF":
            rows = [
                (association.entity, association.created, association.updated, association.external)
                for association in share.principals.values()
                if association.status == "ASSOCIATED"
            ]
        else:
            since = joined(call, share, call.account) or share.updated
            mine = share.principals.get(call.account)
            rows = [(share.owner, since, since, mine.external if mine else False)]
        for entity, created, updated, external in rows:
            if not principals or entity in principals:
                listed.append(
                    {
                        "id": entity,
                        "resourceShareArn": share.arn,
                        "creationTime": created,
                        "lastUpdatedTime": updated,
                        "external": external,
                    }
                )
    page, rest = RAM.page(params, listed)
    return {"principals": page, **rest}


@ram.operation("ListResourceTypes")
def list_resource_types(call: Call) -> Reply:
    """List the resource types that can be shared."""
    types = []
    if call.params.get("resourceRegionScope") != "GLOBAL":
        types = [
            {"resourceType": name, "serviceName": "sagemaker", "resourceRegionScope": "REGIONAL"}
            for name in sorted(resource_types())
        ]
    page, rest = RAM.page(call.params, types)
    return {"resourceTypes": page, **rest}


@operation("GetResourcePolicies")
def get_resource_policies(call: Call, store: RamStore) -> Reply:
    """Return the resource policies that correspond to the shares of own resources."""
    policies = []
    for arn in call.params["resourceArns"]:
        kind = type_of(arn).name
        statements = []
        for share in store.sharing(arn):
            principals = [p for p, a in share.principals.items() if a.status == "ASSOCIATED"]
            filtered = call.params.get("principal")
            if (
                share.owner == call.account
                and principals
                and (not filtered or filtered in principals)
            ):
                statements.append(
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": [filtered] if filtered else principals},
                        "Action": list(share.actions(kind)),
                        "Resource": arn,
                    }
                )
        if statements:
            policies.append(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    page, rest = RAM.page(call.params, policies)
    return {"policies": page, **rest}


def _visible(call: Call, store: RamStore) -> Iterator[Share]:
    """Yield the shares of `resourceOwner`; each of `resourceShareArns` must be among them."""
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
    for condition in filters:
        values = condition.get("tagValues")
        if condition.get("tagKey") not in tags:
            return False
        if isinstance(values, list) and values and tags[str(condition["tagKey"])] not in values:
            return False
    return True
