"""Glue: databases and tables. Names are stored in lower case, as in Glue."""

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
    """Create a database."""
    only(call, call.params, {"CatalogId", "DatabaseInput"})
    definition = call.params["DatabaseInput"]
    only(call, definition, DATABASE)
    catalog, name = Catalog.of(call), definition["Name"].lower()
    if name in catalog.databases:
        raise ServiceError("AlreadyExistsException", f"Database {name} already exists.")
    described = {**definition, "Name": name, "CreateTime": call.now()}
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
    databases = [database.described for _, database in sorted(Catalog.of(call).databases.items())]
    page, rest = GLUE.page(call.params, databases)
    return {"DatabaseList": page, **rest}


@glue.operation("DeleteDatabase")
def delete_database(call: Call) -> dict[str, Any]:
    """Delete a database with its tables; the data in S3 is kept."""
    catalog = Catalog.of(call)
    catalog.database(call.params["Name"])
    del catalog.databases[call.params["Name"].lower()]
    return {}


@glue.operation("CreateTable")
def create_table(call: Call) -> dict[str, Any]:
    """Create a table."""
    only(call, call.params, {"CatalogId", "DatabaseName", "TableInput"})
    database, definition = Catalog.of(call).database(call.params["DatabaseName"]), _input(call)
    name = definition["Name"]
    if name in database.tables:
        raise ServiceError("AlreadyExistsException", f"Table {name} already exists.")
    now = call.now()
    database.tables[name] = {
        **definition,
        "DatabaseName": database.described["Name"],
        "CatalogId": catalog_id(call),
        "CreateTime": now,
        "UpdateTime": now,
        "CreatedBy": call.caller.arn,
        "IsRegisteredWithLakeFormation": False,
        "VersionId": "0",
    }
    lake_of(call).table_created(call.caller, database.described, name)
    return {}


@glue.operation("UpdateTable")
def update_table(call: Call) -> dict[str, Any]:
    """Replace a table's definition and increment its version."""
    only(call, call.params, {"CatalogId", "DatabaseName", "TableInput", "SkipArchive", "VersionId"})
    definition, catalog = _input(call), Catalog.of(call)
    current = catalog.table(call.params["DatabaseName"], definition["Name"])
    version = call.params.get("VersionId")
    if version not in (None, current["VersionId"]):
        raise ServiceError(
            "ConcurrentModificationException", f"The table is at version {current['VersionId']}."
        )
    unchanged = {name: value for name, value in current.items() if name not in TABLE}
    changed = {"UpdateTime": call.now(), "VersionId": str(int(current["VersionId"]) + 1)}
    catalog.database(call.params["DatabaseName"]).tables[definition["Name"]] = {
        **unchanged,
        **definition,
        **changed,
    }
    return {}


@glue.operation("GetTable")
def get_table(call: Call) -> dict[str, Any]:
    """Describe a table, another account's by its `CatalogId`; Lake Formation must allow it."""
    only(call, call.params, PLACE)
    database, name = call.params["DatabaseName"], call.params["Name"]
    table = Catalog.of(call).table(database, name)
    require(call, call.caller, (catalog_id(call), call.region, database, name), "DESCRIBE")
    return {"Table": table}


@glue.operation("GetTables")
def get_tables(call: Call) -> dict[str, Any]:
    """List the tables of a database whose names match `Expression`.

    `*` stands for any text, also where it is no regular expression (`t*`). Source: Athena User
    Guide, "SHOW TABLES", for the same patterns of Hive; the API Reference shows `t*` as well.
    """
    only(call, call.params, {"CatalogId", "DatabaseName", "Expression", "NextToken", "MaxResults"})
    database = Catalog.of(call).database(call.params["DatabaseName"])
    pattern = _pattern(call.params.get("Expression") or "*")
    tables = [table for name, table in sorted(database.tables.items()) if pattern.fullmatch(name)]
    page, rest = GLUE.page(call.params, tables)
    return {"TableList": page, **rest}


@glue.operation("DeleteTable")
def delete_table(call: Call) -> dict[str, Any]:
    """Delete a table; the data in S3 is kept."""
    only(call, call.params, PLACE)
    catalog, names = Catalog.of(call), (call.params["DatabaseName"], call.params["Name"])
    catalog.table(*names)
    del catalog.database(names[0]).tables[names[1].lower()]
    catalog.database(names[0]).partitions.pop(names[1].lower(), None)
    lake_of(call).table_deleted(names[0].lower(), names[1].lower())
    return {}


def _pattern(text: str) -> re.Pattern[str]:
    """Return Hive's pattern: `*` is any text and `|` an alternative; `.*` is any text as well."""
    try:
        return re.compile(re.sub(r"(?<![.\])\\])\*", ".*", text), re.IGNORECASE)
    except re.error as error:
        raise refused(f"Expression {text!r} is not a pattern: {error}") from error


def _input(call: Call) -> dict[str, Any]:
    definition = call.params.get("TableInput")
    if not definition:
        raise refused("TableInput is needed.")
    only(call, definition, TABLE)
    return {**definition, "Name": definition["Name"].lower()}
