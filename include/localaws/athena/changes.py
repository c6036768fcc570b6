"""Changes of the catalogue by a query: each is a call to Glue with the caller's permissions.

Sources: Athena User Guide, "CREATE TABLE", "CREATE TABLE AS" and "DROP TABLE".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from localaws.athena.definitions import PARQUET, PARQUET_FORMAT, TableCreation, TableRemoval
from localaws.athena.dialect import TableName
from localaws.athena.rewriting import Unsupported

if TYPE_CHECKING:
    import pyarrow as pa

    from localaws.athena.tables import Read

DEFAULT = "default"
TYPES = {
    "bool": "boolean",
    "int32": "int",
    "int64": "bigint",
    "float": "float",
    "double": "double",
    "string": "string",
    "date32[day]": "date",
}


def change(read: Read, statement: TableCreation | TableRemoval) -> None:
    """Create or remove a table.

    Raises:
        Unsupported: there is no such table or database, or there is one already.
        ClientError: the caller may not do it.
    """
    account, glue = read.account(statement.name), read.client("glue")
    where = {"CatalogId": account, "DatabaseName": statement.name.database}
    try:
        if isinstance(statement, TableRemoval):
            glue.get_table(**where, Name=statement.name.table)
            glue.delete_table(**where, Name=statement.name.table)
        else:
            _require_database(glue, account, statement.name.database)
            glue.create_table(**where, TableInput=statement.definition)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ("EntityNotFoundException", "AlreadyExistsException"):
            raise
        if not statement.lenient:
            raise Unsupported(f"FAILED: SemanticException {_reason(code, statement)}") from error


def create_from(read: Read, name: TableName, folder: str, rows: pa.Table) -> None:
    """Create the table of a CREATE TABLE AS over the folder of its rows."""
    columns = [{"Name": field.name.lower(), "Type": _type_of(field)} for field in rows.schema]
    definition = {
        "Name": name.table,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false"},
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": columns,
            "Location": folder,
            "InputFormat": f"{PARQUET_FORMAT}.MapredParquetInputFormat",
            "OutputFormat": f"{PARQUET_FORMAT}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": PARQUET},
        },
    }
    change(read, TableCreation(name, definition, lenient=False))


def require_absent(read: Read, name: TableName) -> None:
    """Raise Unsupported if there is a table of that name already."""
    try:
        read.client("glue").get_table(
            CatalogId=read.account(name), DatabaseName=name.database, Name=name.table
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "EntityNotFoundException":
            return
        raise
    raise Unsupported(f"TABLE_ALREADY_EXISTS: Table '{name.database}.{name.table}' already exists")


def write_nothing(s3: Any, location: str, encryption: dict[str, str]) -> None:
    """Write the empty text file that is the result of a change."""
    where = urlsplit(location)
    s3.put_object(Bucket=where.netloc, Key=where.path.lstrip("/"), Body=b"", **encryption)


def _require_database(glue: Any, account: str, name: str) -> None:
    """Create the database `default`, as Athena does when it is first used."""
    try:
        glue.get_database(CatalogId=account, Name=name)
    except ClientError as error:
        if name != DEFAULT or error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        glue.create_database(CatalogId=account, DatabaseInput={"Name": name})


def _reason(code: str, statement: TableCreation | TableRemoval) -> str:
    name = f"{statement.name.database}.{statement.name.table}"
    if code == "AlreadyExistsException":
        return f"Table already exists: {name}"
    return f"Table or database not found: {name}"


def _type_of(field: pa.Field) -> str:
    import pyarrow as pa

    if pa.types.is_timestamp(field.type) and field.type.tz is None:
        return "timestamp"
    kind = TYPES.get(str(field.type))
    if kind is None:
        raise Unsupported(f"NOT_SUPPORTED: Unsupported Hive type: {field.type} of {field.name}")
    return kind
