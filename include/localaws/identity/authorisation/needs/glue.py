"""What Glue calls need: the action on the catalog, on the database and on the table.

Source: Glue Developer Guide, "Data Catalog ARN rules": an operation on a table needs the
permission on the table and on all its ancestors.
"""

from __future__ import annotations

from collections.abc import Iterator

from localaws.identity.authorisation.request import AuthorisationRequest, Need, needs_of_service

OF_DATABASE = {"CreateDatabase", "DeleteDatabase", "GetDatabase"}
OF_TABLE = {"CreateTable", "DeleteTable", "GetTable", "UpdateTable"}


@needs_of_service("glue")
def glue_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its resource and on all ancestors of the resource."""
    params = request.params
    owner = str(params.get("CatalogId") or request.account)
    definition = params.get("DatabaseInput") or params.get("TableInput") or {}
    name = str(params.get("Name") or definition.get("Name") or "*")
    database = str(params.get("DatabaseName") or "") or None
    if request.operation in OF_DATABASE:
        database = name
    table = name if request.operation in OF_TABLE else None
    table = "*" if request.operation == "GetTables" else table
    if "Partition" in request.operation:
        table = str(params.get("TableName") or "*")
    for arn in path_of(request.region, owner, database, table):
        yield Need(f"glue:{request.operation}", arn)


def path_of(region: str, account: str, database: str | None, table: str | None) -> list[str]:
    """Return the ARNs of a catalog, and of a database and a table in it."""
    start = f"arn:aws:glue:{region}:{account}"
    arns = [f"{start}:catalog"]
    if database:
        arns.append(f"{start}:database/{database.lower()}")
        if table:
            arns.append(f"{start}:table/{database.lower()}/{table.lower()}")
    return arns
