"""Glue: databases and tables. Names are kept in small letters, as Glue does."""

from __future__ import annotations

import re
from typing import Any

from localaws.glue.catalog import GLUE, Catalog, Database, catalog_id, only, refused
from localaws.kit.service import Call, Service, ServiceError
from localaws.lakeformation.lake import lake_of, require

glue = Service.named("glue")
DATABASE = {"Name", "Description", "LocationUri", "Parameters", "CreateTableDefaultPermissions"}
TABLE = {"Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys"}
TABLE |= {"TableType", "Parameters"}
PLACE = {"CatalogId", "DatabaseName", "Name"}


@glue.operation("CreateDatabase")
def create_database(call: Call) -> dict[str, Any]:
    """Make a database."""
    only(call, call.params, {"CatalogId", "DatabaseInput"})
    given = call.params["DatabaseInput"]
    only(call, given, DATABASE)
    catalog, name = Catalog.of(call), given["Name"].lower()
    if name in catalog.databases:
        raise ServiceError("AlreadyExistsException", f"Database {name} already exists.")
    described = {**given, "Name": name, "CreateTime": call.now()}
    catalog.databases[name] = Database({**described, "CatalogId": catalog_id(call)})
    return {}


@glue.operation("GetDatabase")
def get_database(call: Call) -> dict[str, Any]:
    """Describe a database, another account's by its `CatalogId`."""
    return {"Database": Catalog.of(call).database(call.params["Name"]).described}


@glue.operation("GetDatabases")
def get_databases(call: Call) -> dict[str, Any]:
    """List the databases of a catalog."""
    only(call, call.params, {"CatalogId", "NextToken", "MaxResults"})
    found = [one.described for _, one in sorted(Catalog.of(call).databases.items())]
    page, rest = GLUE.page(call.params, found)
    return {"DatabaseList": page, **rest}


@glue.operation("DeleteDatabase")
def delete_database(call: Call) -> dict[str, Any]:
    """Delete a database with its tables; what lies in S3 stays."""
    catalog = Catalog.of(call)
    catalog.database(call.params["Name"])
    del catalog.databases[call.params["Name"].lower()]
    return {}


@glue.operation("CreateTable")
def create_table(call: Call) -> dict[str, Any]:
    """Make a table."""
    only(call, call.params, {"CatalogId", "DatabaseName", "TableInput"})
    database, given = Catalog.of(call).database(call.params["DatabaseName"]), _input(call)
    name = given["Name"]
    if name in database.tables:
        raise ServiceError("AlreadyExistsException", f"Table {name} already exists.")
    now = call.now()
    database.tables[name] = {
        **given,
        "DatabaseName": database.described["Name"],
        "CatalogId": catalog_id(call),
        "CreateTime": now,
        "UpdateTime": now,
        "CreatedBy": call.caller.arn,
        "IsRegisteredWithLakeFormation": False,
        "VersionId": "0",
    }
    lake_of(call).table_made(call.caller, database.described, name)
    return {}


@glue.operation("UpdateTable")
def update_table(call: Call) -> dict[str, Any]:
    """Replace a table's definition; its version goes up by one."""
    only(call, call.params, {"CatalogId", "DatabaseName", "TableInput", "SkipArchive", "VersionId"})
    given, catalog = _input(call), Catalog.of(call)
    held = catalog.table(call.params["DatabaseName"], given["Name"])
    wanted = call.params.get("VersionId")
    if wanted not in (None, held["VersionId"]):
        raise ServiceError(
            "ConcurrentModificationException", f"The table is at version {held['VersionId']}."
        )
    kept = {name: value for name, value in held.items() if name not in TABLE}
    changed = {"UpdateTime": call.now(), "VersionId": str(int(held["VersionId"]) + 1)}
    catalog.database(call.params["DatabaseName"]).tables[given["Name"]] = {
        **kept,
        **given,
        **changed,
    }
    return {}


@glue.operation("GetTable")
def get_table(call: Call) -> dict[str, Any]:
    """Describe a table, another account's by its `CatalogId`, as far as Lake Formation lets."""
    only(call, call.params, PLACE)
    database, name = call.params["DatabaseName"], call.params["Name"]
    found = Catalog.of(call).table(database, name)
    require(call, call.caller, (catalog_id(call), call.region, database, name), "DESCRIBE")
    return {"Table": found}


@glue.operation("GetTables")
def get_tables(call: Call) -> dict[str, Any]:
    """List the tables of a database whose names match `Expression`."""
    only(call, call.params, {"CatalogId", "DatabaseName", "Expression", "NextToken", "MaxResults"})
    database, text = Catalog.of(call).database(call.params["DatabaseName"]), ".*"
    text = call.params.get("Expression") or text
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise refused(f"Expression {text!r} is no pattern: {error}") from error
    found = [table for name, table in sorted(database.tables.items()) if pattern.fullmatch(name)]
    page, rest = GLUE.page(call.params, found)
    return {"TableList": page, **rest}


@glue.operation("DeleteTable")
def delete_table(call: Call) -> dict[str, Any]:
    """Delete a table; what lies in S3 stays."""
    only(call, call.params, PLACE)
    catalog, place = Catalog.of(call), (call.params["DatabaseName"], call.params["Name"])
    catalog.table(*place)
    del catalog.database(place[0]).tables[place[1].lower()]
    lake_of(call).table_deleted(place[0].lower(), place[1].lower())
    return {}


def _input(call: Call) -> dict[str, Any]:
    given = call.params.get("TableInput")
    if not given:
        raise refused("TableInput is needed.")
    only(call, given, TABLE)
    return {**given, "Name": given["Name"].lower()}
