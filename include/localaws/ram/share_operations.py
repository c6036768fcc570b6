"""RAM: creating, changing and deleting shares."""

from __future__ import annotations

import re
import uuid

from localaws.kit.service import Call, ServiceError
from localaws.ram import organisation as organisations
from localaws.ram.operation import (
    Reply,
    announce,
    association_reply,
    inside_organisation,
    operation,
    ram,
    share_reply,
)
from localaws.ram.permissions import default_of
from localaws.ram.resources import require_own
from localaws.ram.shares import Association, RamStore, Share

ACCOUNT = re.compile(r"\d{12}")


@operation("CreateResourceShare")
def create_resource_share(call: Call, store: RamStore) -> Reply:
    """Create a share; each resource type gets the named permission or its default."""
    now = call.now()
    _refuse_sources(call)
    share = Share(
        arn=call.arn(f"resource-share/{uuid.uuid4()}"),
        name=call.params["name"],
        owner=call.account,
        allow_external=call.params.get("allowExternalPrincipals", True),
        created=now,
        updated=now,
        tags=list(call.params.get("tags") or []),
        retain_on_leave=(call.params.get("resourceShareConfiguration") or {}).get(
            "retainSharingOnAccountLeaveOrganization"
        ),
    )
    for arn in call.params.get("permissionArns") or []:
        permission = store.permission(arn, call.account)
        if permission.resource_type in share.permissions:
            raise ServiceError(
                "InvalidParameterException",
                f"Only one permission per resource type: {permission.resource_type} has two.",
            )
        share.permissions[permission.resource_type] = (permission, permission.default_version)
    _associate(call, store, share)  # raises before the share is stored
    store.add(share)
    return {"resourceShare": share_reply(share)}


@operation("UpdateResourceShare")
def update_resource_share(call: Call, store: RamStore) -> Reply:
    """Rename a share, or allow or forbid accounts outside the organisation."""
    share = _own_active(call, store)
    if call.params.get("name"):
        share.name = call.params["name"]
    if call.params.get("allowExternalPrincipals") is not None:
        share.allow_external = call.params["allowExternalPrincipals"]
    share.updated = call.now()
    return {"resourceShare": share_reply(share)}


@operation("DeleteResourceShare")
def delete_resource_share(call: Call, store: RamStore) -> Reply:
    """Delete an own share; its members lose access."""
    store.delete(_own_active(call, store), call.now())
    return {"returnValue": True}


@operation("AssociateResourceShare")
def associate_resource_share(call: Call, store: RamStore) -> Reply:
    """Add resources and principals to an own share."""
    _refuse_sources(call)
    share = _own_active(call, store)
    if not call.params.get("resourceArns") and not call.params.get("principals"):
        raise ServiceError(
            "InvalidParameterException", "Specify at least one resource or principal."
        )
    added = _associate(call, store, share)
    return {
        "resourceShareAssociations": [
            association_reply(share, association) for association in added
        ]
    }


@operation("DisassociateResourceShare")
def disassociate_resource_share(call: Call, store: RamStore) -> Reply:
    """Remove resources and principals from a share; a consumer can only remove itself (leave)."""
    _refuse_sources(call)
    share = store.share(call.params["resourceShareArn"])
    resources = call.params.get("resourceArns") or []
    principals = call.params.get("principals") or []
    if share.owner != call.account and (resources or principals != [call.account]):
        raise ServiceError(
            "OperationNotPermittedException",
            "Only the owner can change a share; a consumer can only leave it.",
        )
    leaving: list[Association] = []
    for associations, entities in ((share.resources, resources), (share.principals, principals)):
        for entity in entities:
            association = associations.get(entity)
            if association is None or association.status == "DISASSOCIATED":
                raise ServiceError(
                    "UnknownResourceException", f"{entity} is not associated with {share.arn}."
                )
            leaving.append(association)
    for association in leaving:
        store.remove(share, association, call.now())
        announce(call, share, "Resource Share Association", "disassociated")
    return {"resourceShareAssociations": [association_reply(share, left) for left in leaving]}


@ram.operation("EnableSharingWithAwsOrganization")
def enable_sharing_with_aws_organization(call: Call) -> Reply:
    """Make invitations unnecessary inside the organisation, as its management account."""
    organisation = organisations.of(call)
    if organisation.management is None:
        raise ServiceError(
            "OperationNotPermittedException", "Your account is not a member of an organization."
        )
    if call.account != organisation.management:
        raise ServiceError(
            "OperationNotPermittedException",
            "Only the management account of the organization can enable sharing.",
        )
    organisation.sharing = True
    return {"returnValue": True}


def _own_active(call: Call, store: RamStore) -> Share:
    share = store.share(call.params["resourceShareArn"], call.account)
    if share.feature_set != "STANDARD":
        raise ServiceError(
            "OperationNotPermittedException",
            f"ResourceShare {share.arn} was created from a resource policy; promote it first.",
        )
    if share.status != "ACTIVE":
        raise ServiceError(
            "InvalidStateTransitionException", f"ResourceShare {share.arn} is {share.status}."
        )
    return share


def _associate(call: Call, store: RamStore, share: Share) -> list[Association]:
    """Check everything first, then add, so that a refused request does not change the share."""
    now = call.now()
    resources = list(dict.fromkeys(call.params.get("resourceArns") or []))
    principals = list(dict.fromkeys(call.params.get("principals") or []))
    kinds = [require_own(call, call.account, call.region, arn) for arn in resources]
    for principal in principals:
        _check_principal(call, share, principal)
    added = []
    for arn, kind in zip(resources, kinds, strict=True):
        if kind.name not in share.permissions:
            permission = default_of(kind.name)
            share.permissions[kind.name] = (permission, permission.default_version)
        added.append(store.add_resource(share, arn, kind.name, now))
    for principal in principals:
        account = ACCOUNT.fullmatch(principal) is not None
        inside = inside_organisation(call, principal) if account else True
        external = account and not organisations.of(call).together(call.account, principal)
        added.append(
            store.add_principal(
                share,
                principal,
                now,
                invite=not inside,
                external=external and principal != call.account,
            )
        )
    if any(association.status == "ASSOCIATED" for association in added):
        announce(call, share, "Resource Share Association", "associated")
    return added


def _check_principal(call: Call, share: Share, principal: str) -> None:
    organisation = organisations.of(call)
    if principal.startswith("arn:aws:organizations:"):
        principals = {organisation.arn, *map(organisation.unit_arn, organisation.units)}
        if principal in principals and call.account in organisation.members:
            if organisation.sharing:
                return
            raise ServiceError(
                "OperationNotPermittedException",
                "Enable sharing with AWS Organizations before sharing with an organization.",
            )
        raise ServiceError(
            "UnknownResourceException",
            f"Organization or organizational unit {principal} could not be found.",
        )
    if principal.startswith("arn:aws:iam:"):
        raise ServiceError(
            "UnsupportedOperation",
            f"ram:{call.operation} with an IAM role or user as principal is not served by the "
            "local AWS; name its account.",
            501,
        )
    if not ACCOUNT.fullmatch(principal):
        raise ServiceError("InvalidParameterException", f"The principal {principal} is not valid.")
    own = principal == call.account or organisation.together(call.account, principal)
    if not share.allow_external and not own:
        raise ServiceError(
            "OperationNotPermittedException",
            f"The resource share {share.name} does not allow external principals: account "
            f"{principal} is outside your organization.",
        )


def _refuse_sources(call: Call) -> None:
    if call.params.get("sources"):
        raise ServiceError(
            "UnsupportedOperation", f"ram:{call.operation} with sources is not served here.", 501
        )
