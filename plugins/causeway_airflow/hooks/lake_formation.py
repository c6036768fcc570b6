"""Lake Formation: who may read the tables of an account."""

from __future__ import annotations

from causeway.access.sights import LakeGrant
from causeway_airflow.hooks.base import CausewayHook


class LakeHook(CausewayHook):
    """Grants on the tables of one account, as far as the caller is shown them."""

    service = "lakeformation"

    def grants(self) -> list[LakeGrant]:
        """Return the grants on tables.

        `SELECT` may be listed as a grant on columns; it counts as the table's when it is on all of
        them.
        """
        grants: list[LakeGrant] = []
        listed = self.pages(
            "list_permissions", "PrincipalResourcePermissions", ResourceType="TABLE"
        )
        for permission in listed:
            columns = permission["Resource"].get("TableWithColumns")
            table = columns or permission["Resource"]["Table"]
            whole = columns is None or columns.get("ColumnWildcard") == {}
            if whole:
                grants.append(
                    LakeGrant(
                        principal=permission["Principal"]["DataLakePrincipalIdentifier"],
                        database=table["DatabaseName"],
                        table=table.get("Name"),
                        permissions=tuple(permission["Permissions"]),
                    )
                )
        return grants
