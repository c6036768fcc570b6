"""The grants on the tables of one catalogue, and the check whether a caller has one.

If `IAM_ALLOWED_PRINCIPALS` has `ALL` on a table, IAM alone decides (Lake Formation Developer Guide,
"Default settings for your data lake"). Otherwise a caller needs a grant: `SELECT` to query the
table, any permission to describe it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from localaws.kit.capabilities import Stores
from localaws.kit.service import Call, Principal, ServiceError

IAM_ALONE = "IAM_ALLOWED_PRINCIPALS"
EVERY_TABLE = "*"


def _defaults() -> dict[str, Any]:
    everyone = {"DataLakePrincipalIdentifier": IAM_ALONE}
    return {
        "DataLakeAdmins": [],
        "ReadOnlyAdmins": [],
        "CreateTableDefaultPermissions": [{"Principal": everyone, "Permissions": ["ALL"]}],
    }


@dataclass
class Lake:
    """Settings and grants: permissions by principal, database and table (or every table)."""

    settings: dict[str, Any] = field(default_factory=_defaults)
    grants: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)

    def permissions(self, names: set[str], database: str, table: str) -> set[str]:
        """Return the permissions of principals on a table."""
        return {
            permission
            for (principal, of, on), permissions in self.grants.items()
            if principal in names and of == database and on in (table, EVERY_TABLE)
            for permission in permissions
        }

    def table_created(self, creator: Principal, database: dict[str, Any], table: str) -> None:
        """Grant a new table to its creator and to the principals of the default settings."""
        name = database["Name"]
        self.grants[(_arn_of(creator), name, table)] = {"ALL"}
        defaults = database.get("CreateTableDefaultPermissions")
        if defaults is None:
            defaults = self.settings["CreateTableDefaultPermissions"]
        for grant in defaults:
            principal = grant["Principal"]["DataLakePrincipalIdentifier"]
            self.grants[(principal, name, table)] = set(grant["Permissions"])

    def table_deleted(self, database: str, table: str) -> None:
        """Remove all grants on a table."""
        for key in [key for key in self.grants if key[1:] == (database, table)]:
            del self.grants[key]

    def sees_all(self, who: Principal, account: str) -> bool:
        """Tell whether a principal may see every grant: a (read-only) administrator."""
        named = {
            administrator["DataLakePrincipalIdentifier"]
            for kind in ("DataLakeAdmins", "ReadOnlyAdmins")
            for administrator in self.settings[kind]
        }
        return administers(who, account) or _arn_of(who) in named

    def visible(self, who: Principal, account: str) -> Iterator[tuple[tuple[str, str, str], str]]:
        """Yield (principal, database, table) and permission of grants visible to a principal."""
        names = _names(who)
        for key, permissions in sorted(self.grants.items()):
            own = self.permissions(names, key[1], key[2])
            for permission in sorted(permissions):
                if self.sees_all(who, account) or "ALL" in own or permission in own:
                    yield key, permission


def administers(who: Principal, account: str) -> bool:
    """Tell whether a principal is the administrator of an account."""
    return who.kind == "administrator" and who.account == account


def require(
    stores: Stores, who: Principal, address: tuple[str, str, str, str], permission: str
) -> None:
    """Raise AccessDeniedException unless a principal has `DESCRIBE` or `SELECT` on a table.

    `address` is the table's account, region, database and name.
    """
    account, region, database, table = address
    permissions = stores.store(Lake, account, region).permissions(
        _names(who), database.lower(), table.lower()
    )
    enough = {"ALL", permission}
    if (
        administers(who, account)
        or permissions & enough
        or (permissions and permission == "DESCRIBE")
    ):
        return
    raise ServiceError(
        "AccessDeniedException",
        f"Insufficient Lake Formation permission(s): Required {permission.title()} on {table}",
    )


def lake_of(call: Call) -> Lake:
    """Return the lake of `CatalogId`, by default the caller's."""
    account = str(call.params.get("CatalogId") or call.account)
    return call.store(Lake, account, call.region)


def _names(who: Principal) -> set[str]:
    return {_arn_of(who), f"{who.account}:IAMPrincipals", IAM_ALONE}


def _arn_of(who: Principal) -> str:
    return who.role_arn or who.arn
