"""What Glue calls need: the action on the catalog, on the database and on the table.

Source: Glue Developer Guide, "Data Catalog ARN rules": an operation on a table needs the
permission on the table and on all its ancestors.
"""

from __future__ import annotations

from collections.abc import Iterator

from localaws.identity.authorisation.asked import Asked, Need, needs_of_service

OF_DATABASE = {"CreateDatabase", "DeleteDatabase", "GetDatabase"}
OF_TABLE = {"CreateTable", "DeleteTable", "GetTable", "UpdateTable"}


@needs_of_service("glue")
def glue_needs(asked: Asked) -> Iterator[Need]:
    """Yield the operation on everything on the way to what it names."""
    params = asked.params
    owner = str(params.get("CatalogId") or asked.account)
    given = params.get("DatabaseInput") or params.get("TableInput") or {}
    name = str(params.get("Name") or given.get("Name") or "*")
    database = str(params.get("DatabaseName") or "") or None
    if asked.operation in OF_DATABASE:
        database = name
    table = name if asked.operation in OF_TABLE else None
    table = "*" if asked.operation == "GetTables" else table
    for arn in path_of(asked.region, owner, database, table):
        yield Need(f"glue:{asked.operation}", arn)


def path_of(region: str, account: str, database: str | None, table: str | None) -> list[str]:
    """Return the ARNs of a catalog, and of a database and a table in it."""
    start = f"arn:aws:glue:{region}:{account}"
    found = [f"{start}:catalog"]
    if database:
        found.append(f"{start}:database/{database.lower()}")
        if table:
            found.append(f"{start}:table/{database.lower()}/{table.lower()}")
    return found
