"""Lake Formation: the settings of a lake, and grants on tables."""

from __future__ import annotations

from typing import Any

from localaws.glue.catalog import only
from localaws.kit.arns import is_arn
from localaws.kit.paging import Pager
from localaws.kit.service import Call, Service, ServiceError
from localaws.lakeformation.lake import EVERY_TABLE, IAM_ALONE, Lake, administers, lake_of

lakeformation = Service.named("lakeformation")
PAGES = Pager("NextToken", "MaxResults", 100, "InvalidInputException")
PERMISSIONS = {"ALL", "ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"}
SETTINGS = {"DataLakeAdmins", "ReadOnlyAdmins", "CreateTableDefaultPermissions"}
GRANT = {"CatalogId", "Principal", "Resource", "Permissions"}


@lakeformation.operation("GetDataLakeSettings")
def get_data_lake_settings(call: Call) -> dict[str, Any]:
    """Return the administrators of the lake and the default permissions of new tables."""
    return {"DataLakeSettings": _own(call).settings}


@lakeformation.operation("PutDataLakeSettings")
def put_data_lake_settings(call: Call) -> dict[str, Any]:
    """Replace the settings; missing ones are cleared."""
    settings = call.params["DataLakeSettings"]
    only(call, settings, SETTINGS)
    _own(call).settings = {name: settings.get(name) or [] for name in sorted(SETTINGS)}
    return {}


@lakeformation.operation("GrantPermissions")
def grant_permissions(call: Call) -> dict[str, Any]:
    """Grant permissions on a table, or on every table of a database, to one principal."""
    key, permissions = _grant(call)
    _own(call).grants.setdefault(key, set()).update(permissions)
    return {}


@lakeformation.operation("RevokePermissions")
def revoke_permissions(call: Call) -> dict[str, Any]:
    """Revoke permissions; InvalidInputException if the principal has none of them."""
    key, permissions = _grant(call)
    grants = _own(call).grants
    if not grants.get(key, set()) & permissions:
        raise _refused(f"No permissions revoked. Grantee {key[0]} has none of them.")
    grants[key] -= permissions
    if not grants[key]:
        del grants[key]
    return {}


@lakeformation.operation("ListPermissions")
def list_permissions(call: Call) -> dict[str, Any]:
    """List the grants that the caller may see: its own, or all for an administrator."""
    only(call, call.params, {"CatalogId", "ResourceType", "NextToken", "MaxResults"})
    if call.params.get("ResourceType", "TABLE") != "TABLE":
        raise _refused("The local AWS has grants on tables only.")
    owner = str(call.params.get("CatalogId") or call.account)
    by_table: dict[tuple[str, str, str], list[str]] = {}
    for key, permission in lake_of(call).visible(call.caller, owner):
        by_table.setdefault(key, []).append(permission)
    listed = [
        {
            "Principal": {"DataLakePrincipalIdentifier": principal},
            "Resource": {"Table": {"CatalogId": owner, "DatabaseName": database, **_name(table)}},
            "Permissions": permissions,
            "PermissionsWithGrantOption": [],
        }
        for (principal, database, table), permissions in by_table.items()
    ]
    page, rest = PAGES.page(call.params, listed)
    return {"PrincipalResourcePermissions": page, **rest}


def _name(table: str) -> dict[str, Any]:
    return {"TableWildcard": {}} if table == EVERY_TABLE else {"Name": table}


def _own(call: Call) -> Lake:
    """Return the lake of a call that only administrators may make."""
    lake = lake_of(call)
    owner = str(call.params.get("CatalogId") or call.account)
    reading = call.operation.startswith("Get")
    if not (lake.sees_all(call.caller, owner) if reading else administers(call.caller, owner)):
        raise ServiceError(
            "AccessDeniedException", f"{call.caller.arn} does not administer the lake of {owner}"
        )
    return lake


def _grant(call: Call) -> tuple[tuple[str, str, str], set[str]]:
    """Return principal, database and table, and the permissions; refuse unsupported grants."""
    only(call, call.params, GRANT)
    only(call, call.params["Resource"], {"Table"})
    table = call.params["Resource"]["Table"]
    principal = call.params["Principal"]["DataLakePrincipalIdentifier"]
    if not (is_arn(principal) or principal == IAM_ALONE or principal.endswith(":IAMPrincipals")):
        raise ServiceError(
            "UnsupportedOperation",
            f"a grant to {principal} is not served by the local AWS: name a role or a user, "
            "`<account>:IAMPrincipals`, or IAM_ALLOWED_PRINCIPALS.",
            501,
        )
    permissions = set(call.params["Permissions"])
    if unknown := sorted(permissions - PERMISSIONS):
        raise _refused(f"no permissions on a table: {', '.join(unknown)}")
    if ("Name" in table) == ("TableWildcard" in table):
        raise _refused("A table is named by its Name or by TableWildcard, one of them.")
    name = table.get("Name", EVERY_TABLE)
    return (principal, table["DatabaseName"].lower(), name.lower()), permissions


def _refused(message: str) -> ServiceError:
    return ServiceError("InvalidInputException", message)
