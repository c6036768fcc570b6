"""RAM: permissions, and the permissions of shares."""

from __future__ import annotations

from localaws.kit.paging import RAM
from localaws.kit.service import Call, ServiceError
from localaws.ram.grants import member
from localaws.ram.operation import Reply, operation
from localaws.ram.permissions import Permission, PermissionVersion, read_template, resource_types
from localaws.ram.shares import RamStore

MAX_VERSIONS = 5  # of a customer-managed permission (RAM user guide, quotas)


@operation("ListPermissions")
def list_permissions(call: Call, store: RamStore) -> Reply:
    """List the managed permissions and the account's own, by type."""
    owner_type = call.params.get("permissionType", "ALL")
    kind = call.params.get("resourceType")
    permissions = [
        permission.summary()
        for permission in store.permissions.values()
        if permission.owner in (None, call.account)
        and (
            owner_type == "ALL"
            or (owner_type == "CUSTOMER_MANAGED") == (permission.owner is not None)
        )
        and (not kind or permission.resource_type.lower() == kind.lower())
    ]
    page, rest = RAM.page(call.params, permissions)
    return {"permissions": page, **rest}


@operation("GetPermission")
def get_permission(call: Call, store: RamStore) -> Reply:
    """Return a permission with its policy template."""
    permission = store.permission(call.params["permissionArn"], call.account)
    return {"permission": permission.detail(call.params.get("permissionVersion"))}


@operation("ListPermissionVersions")
def list_permission_versions(call: Call, store: RamStore) -> Reply:
    """List the versions of a permission."""
    permission = store.permission(call.params["permissionArn"], call.account)
    page, rest = RAM.page(call.params, [permission.summary(n) for n in permission.versions])
    return {"permissions": page, **rest}


@operation("CreatePermission")
def create_permission(call: Call, store: RamStore) -> Reply:
    """Create a customer-managed permission with actions that the type supports."""
    name, kind = call.params["name"], call.params["resourceType"]
    if kind not in resource_types():
        raise ServiceError("InvalidParameterException", f"Unknown resource type {kind}.")
    arn = call.arn(f"permission/{name}")
    if arn in store.permissions:
        raise ServiceError("PermissionAlreadyExistsException", f"Permission {arn} exists already.")
    now = call.now()
    version = PermissionVersion(1, read_template(kind, call.params["policyTemplate"]), now)
    store.permissions[arn] = permission = Permission(
        arn=arn,
        name=name,
        resource_type=kind,
        owner=call.account,
        is_type_default=False,
        versions={1: version},
        default_version=1,
        created=now,
        updated=now,
        tags=list(call.params.get("tags") or []),
    )
    return {"permission": permission.summary()}


@operation("CreatePermissionVersion")
def create_permission_version(call: Call, store: RamStore) -> Reply:
    """Add a version, which becomes the default; shares keep their version."""
    permission = _own(call, store)
    if len(permission.versions) >= MAX_VERSIONS:
        raise ServiceError(
            "PermissionVersionsLimitExceededException",
            f"Permission {permission.arn} has {MAX_VERSIONS} versions already.",
        )
    now = call.now()
    number = max(permission.versions) + 1
    actions = read_template(permission.resource_type, call.params["policyTemplate"])
    permission.versions[number] = PermissionVersion(number, actions, now)
    permission.default_version = number
    permission.updated = now
    return {"permission": permission.detail(number)}


@operation("SetDefaultPermissionVersion")
def set_default_permission_version(call: Call, store: RamStore) -> Reply:
    """Set the version for new shares."""
    permission = _own(call, store)
    permission.default_version = permission.version(call.params["permissionVersion"]).number
    permission.updated = call.now()
    return {"returnValue": True}


@operation("DeletePermissionVersion")
def delete_permission_version(call: Call, store: RamStore) -> Reply:
    """Delete a version that is not the default and that no share uses."""
    permission = _own(call, store)
    number = permission.version(call.params["permissionVersion"]).number
    used = any(
        attached == (permission, number)
        for share in store.shares.values()
        if share.status == "ACTIVE"
        for attached in share.permissions.values()
    )
    if used or number == permission.default_version:
        raise ServiceError(
            "OperationNotPermittedException",
            f"Version {number} of permission {permission.arn} is in use.",
        )
    del permission.versions[number]
    return {"returnValue": True, "permissionStatus": "DELETED"}


@operation("DeletePermission")
def delete_permission(call: Call, store: RamStore) -> Reply:
    """Delete a customer-managed permission that no share uses."""
    permission = _own(call, store)
    for share in store.shares.values():
        used = share.permissions.get(permission.resource_type)
        if share.status == "ACTIVE" and used and used[0] is permission:
            raise ServiceError(
                "OperationNotPermittedException",
                f"Permission {permission.arn} is used by resource share {share.arn}.",
            )
    del store.permissions[permission.arn]
    return {"returnValue": True, "permissionStatus": "DELETED"}


@operation("ListResourceSharePermissions")
def list_resource_share_permissions(call: Call, store: RamStore) -> Reply:
    """List the permissions of a share that the account owns or is a member of."""
    share = store.share(call.params["resourceShareArn"])
    if share.owner != call.account and not member(call, share, call.account):
        raise ServiceError(
            "UnknownResourceException", f"ResourceShare {share.arn} could not be found."
        )
    attached = [permission.summary(number) for permission, number in share.permissions.values()]
    page, rest = RAM.page(call.params, attached)
    return {"permissions": page, **rest}


@operation("ListPermissionAssociations")
def list_permission_associations(call: Call, store: RamStore) -> Reply:
    """List which version of which permission own shares use."""
    params = call.params
    status = params.get("associationStatus", "ASSOCIATED")
    associations = []
    for share in store.shares.values():
        # Associations complete at once here.
        if share.owner != call.account or share.status != "ACTIVE" or status != "ASSOCIATED":
            continue
        for permission, number in share.permissions.values():
            default = number == permission.default_version
            kind = params.get("resourceType")
            if (
                params.get("permissionArn") in (None, permission.arn)
                and params.get("permissionVersion") in (None, number)
                and params.get("featureSet") in (None, permission.feature_set)
                and params.get("defaultVersion") in (None, default)
                and (not kind or kind.lower() == permission.resource_type.lower())
            ):
                associations.append(
                    {
                        "arn": permission.arn,
                        "permissionVersion": str(number),
                        "defaultVersion": default,
                        "resourceType": permission.resource_type,
                        "status": "ASSOCIATED",
                        "featureSet": permission.feature_set,
                        "lastUpdatedTime": share.updated,
                        "resourceShareArn": share.arn,
                    }
                )
    page, rest = RAM.page(params, associations)
    return {"permissions": page, **rest}


@operation("AssociateResourceSharePermission")
def associate_resource_share_permission(call: Call, store: RamStore) -> Reply:
    """Attach a permission; with `replace`, instead of the type's current one."""
    share = store.share(call.params["resourceShareArn"], call.account)
    permission = store.permission(call.params["permissionArn"], call.account)
    number = permission.version(call.params.get("permissionVersion")).number
    if number != permission.default_version:
        raise ServiceError(
            "InvalidParameterException",
            f"Only the default version {permission.default_version} can be attached.",
        )
    present = share.permissions.get(permission.resource_type)
    if present and present != (permission, number) and not call.params.get("replace"):
        raise ServiceError(
            "InvalidParameterException",
            f"{permission.resource_type} has permission {present[0].arn} in this share; "
            "use replace to change it.",
        )
    share.permissions[permission.resource_type] = (permission, number)
    share.updated = call.now()
    return {"returnValue": True}


@operation("DisassociateResourceSharePermission")
def disassociate_resource_share_permission(call: Call, store: RamStore) -> Reply:
    """Detach a permission; the share must have no resource of its type."""
    share = store.share(call.params["resourceShareArn"], call.account)
    permission = store.permission(call.params["permissionArn"], call.account)
    present = share.permissions.get(permission.resource_type)
    if present is None or present[0] is not permission:
        raise ServiceError(
            "UnknownResourceException", f"Permission {permission.arn} is not in {share.arn}."
        )
    if any(
        association.resource_type == permission.resource_type
        for association in share.live_resources()
    ):
        raise ServiceError(
            "InvalidStateTransitionException",
            f"The share still holds resources of type {permission.resource_type}.",
        )
    del share.permissions[permission.resource_type]
    return {"returnValue": True}


def _own(call: Call, store: RamStore) -> Permission:
    permission = store.permission(call.params["permissionArn"], call.account)
    if permission.owner is None:
        raise ServiceError("OperationNotPermittedException", f"{permission.arn} is managed by AWS.")
    return permission
