"""The tables of a query, read with the permissions of its caller.

The calls go through the gateway with the caller's credentials, so each grant of a cross-account
read (catalogue, Glue, Lake Formation, S3, KMS) is checked where AWS checks it.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from localaws.athena.catalogs import DataCatalogs
from localaws.athena.dialect import TableName, Unsupported
from localaws.identity.authorisation.needs.glue import path_of
from localaws.kit.service import ServiceError
from localaws.lakeformation.lake import require

if TYPE_CHECKING:
    import pyarrow as pa

    from localaws.identity.credentials import Credentials
    from localaws.kit.service import Call

ATHENA = "athena.amazonaws.com"
TYPES = {
    "bigint": "int64",
    "int": "int32",
    "double": "double",
    "float": "float",
    "string": "string",
    "boolean": "bool",
    "date": "date32",
    "timestamp": "timestamp",
}
PARTITION = re.compile(r"([^/=]+)=([^/]*)")


@dataclass
class Read:
    """Reads the tables of one query and counts the bytes."""

    call: Call
    scanned: int = 0

    def client(self, service: str) -> Any:
        """Return a client that acts for the caller of the query."""
        return self.call.clients.client(service, self._credentials, self.call.region)

    @cached_property
    def _credentials(self) -> Credentials:
        credentials = self.call.identities.credentials
        return credentials.forwarded(credentials.of(self.call.caller), ATHENA)

    def table(self, name: TableName) -> pa.Table:
        """Return a table's rows.

        Raises:
            Unsupported: the table does not exist, or its format is not supported.
            ClientError, ServiceError: the caller may not read it.
        """
        account = self._account(name)
        described = self._described(name, account)
        table = (account, self.call.region, name.database, name.table)
        require(self.call, self.call.caller, table, "SELECT")
        keys = [str(key["Name"]) for key in described.get("PartitionKeys", [])]
        if keys:
            for arn in path_of(self.call.region, account, name.database, name.table):
                self.call.authorise("glue:GetPartitions", arn)
        return self._rows(name, described["StorageDescriptor"], keys)

    def _account(self, name: TableName) -> str:
        """Return the account of a registered catalogue, which the caller must be allowed to see."""
        catalog = self.call.store(DataCatalogs).find(name.catalog)
        if catalog is None:
            raise Unsupported(
                f"CATALOG_NOT_FOUND: Catalog '{name.catalog}' does not exist: the data catalogue "
                f"is not registered in account {self.call.account}"
            )
        arn = self.call.arn(f"datacatalog/{name.catalog}")
        self.call.authorise("athena:GetDataCatalog", arn)
        return str(catalog["Parameters"].get("catalog-id", self.call.account))

    def _described(self, name: TableName, account: str) -> dict[str, Any]:
        try:
            self.client("glue").get_database(CatalogId=account, Name=name.database)
            table: dict[str, Any] = self.client("glue").get_table(
                CatalogId=account, DatabaseName=name.database, Name=name.table
            )["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            where = f"{name.catalog}.{name.database}.{name.table}"
            raise Unsupported(f"TABLE_NOT_FOUND: Table '{where}' does not exist") from error
        library = str(table["StorageDescriptor"].get("SerdeInfo", {}).get("SerializationLibrary"))
        if "parquet" not in library.lower():
            raise Unsupported(
                f"NOT_SUPPORTED: {name.table} is read with {library}; the local AWS reads Parquet"
            )
        return table

    def _rows(self, name: TableName, storage: dict[str, Any], keys: list[str]) -> pa.Table:
        import pyarrow as pa

        schema = _schema(name, storage, keys)
        location = urlsplit(str(storage["Location"]))
        prefix = location.path.lstrip("/").rstrip("/") + "/"
        parts = [
            self._part(location.netloc, key, unquote(key.removeprefix(prefix)), schema, keys)
            for key in self._objects(location.netloc, prefix)
        ]
        return pa.concat_tables(parts) if parts else schema.empty_table()

    def _objects(self, bucket: str, prefix: str) -> list[str]:
        pages = self.client("s3").get_paginator("list_objects_v2")
        keys = [
            str(entry["Key"])
            for page in pages.paginate(Bucket=bucket, Prefix=prefix)
            for entry in page.get("Contents", [])
        ]
        # Athena ignores folders, and objects whose name begins with "." or "_".
        return [k for k in keys if not k.endswith("/") and k.rsplit("/", 1)[-1][0] not in "._"]

    def _part(
        self, bucket: str, key: str, path: str, schema: pa.Schema, keys: list[str]
    ) -> pa.Table:
        import pyarrow as pa
        import pyarrow.parquet as pq

        body = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        self.scanned += len(body)
        values = dict(PARTITION.findall(path))
        try:
            # From a buffer, because pyarrow would derive partitions from a path by its own rules.
            rows = pq.ParquetFile(io.BytesIO(body)).read()
        except pa.ArrowInvalid as error:
            raise Unsupported(f"HIVE_BAD_DATA: s3://{bucket}/{key}: {error}") from error
        columns = []
        for field in schema:
            if field.name in keys:
                column = pa.repeat(pa.scalar(values.get(field.name), field.type), rows.num_rows)
            elif field.name in rows.column_names:
                column = _cast(rows[field.name], field, f"s3://{bucket}/{key}")
            else:
                column = pa.nulls(rows.num_rows, field.type)
            columns.append(column)
        return pa.table(columns, schema=schema)


def _schema(name: TableName, storage: dict[str, Any], keys: list[str]) -> pa.Schema:
    import pyarrow as pa

    fields = []
    for column in storage["Columns"]:
        kind = TYPES.get(str(column["Type"]).lower())
        if kind is None:
            raise Unsupported(
                f"NOT_SUPPORTED: column {column['Name']} of {name.table} is {column['Type']}; the "
                f"local AWS reads {', '.join(TYPES)}"
            )
        arrow = pa.timestamp("ms") if kind == "timestamp" else pa.type_for_alias(kind)
        fields.append(pa.field(column["Name"], arrow))
    return pa.schema([*fields, *(pa.field(key, pa.string()) for key in keys)])


def _cast(column: Any, field: Any, where: str) -> Any:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.tz:
        column = column.cast(pa.timestamp(column.type.unit))  # in UTC, as in Athena
    if column.type == field.type:
        return column
    widens = {("int32", "int64"), ("float", "double"), ("null", str(field.type))}
    times = pa.types.is_timestamp(column.type) and pa.types.is_timestamp(field.type)
    if (str(column.type), str(field.type)) in widens or times:
        return column.cast(field.type, safe=False)
    raise Unsupported(
        f"HIVE_BAD_DATA: Field {field.name}'s type {column.type} in parquet file {where} is "
        f"incompatible with type {field.type} defined in table schema"
    )


def denied(error: ClientError | ServiceError) -> str:
    """Return the reason of failure when another service refuses a call."""
    if isinstance(error, ServiceError):
        return f"PERMISSION_DENIED: {error.message}"
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    word = "PERMISSION_DENIED" if "Denied" in code else code
    return f"{word}: {message} (Service: {error.operation_name})"
