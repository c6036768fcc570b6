"""The tables of a query, read with the permissions of its caller.

The calls go through the gateway with the caller's credentials, so each grant of a cross-account
read (catalogue, Glue, Lake Formation, S3, KMS) is checked where AWS checks it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from localaws.athena.catalogs import OWN, DataCatalogs
from localaws.athena.dialect import TableName
from localaws.athena.folders import DecodedFolders, StoredObject, objects
from localaws.athena.objects import fitted, reader_of
from localaws.athena.rewriting import Unsupported
from localaws.identity.authorisation.needs.glue import path_of
from localaws.kit.service import ServiceError
from localaws.lakeformation.lake import require
from localaws.sagemaker.feature_store.offline_table import PARTITIONS

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


class TooMuch(Exception):  # noqa: N818 - the workgroup's limit, not a defect
    """The query would scan more than its workgroup allows."""


@dataclass
class Read:
    """Reads the tables of one query and counts the bytes, up to the workgroup's limit."""

    call: Call
    limit: int | None = None
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
        account = self.account(name)
        described = self._described(name, account)
        table = (account, self.call.region, name.database, name.table)
        require(self.call, self.call.caller, table, "SELECT")
        return self._rows(name, described, self._folders(name, account, described))

    def account(self, name: TableName) -> str:
        """Return the account of a registered catalogue, which the caller must be allowed to see."""
        catalog = self.call.store(DataCatalogs).find(name.catalog)
        if catalog is None:
            raise Unsupported(
                f"CATALOG_NOT_FOUND: Catalog '{name.catalog}' does not exist: the data catalogue "
                f"is not registered in account {self.call.account}"
            )
        if catalog["Name"] != OWN:
            # Not verified for the account's own catalogue: AWS's managed policy for SageMaker does
            # not grant it, and its notebooks query.
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
        return table

    def _folders(
        self, name: TableName, account: str, described: dict[str, Any]
    ) -> list[tuple[str, dict[str, str] | None]]:
        """Return the folders to read, each with the values of its partition.

        The values of an offline store's partitions are in the path of each object (None here).
        """
        location = str(described["StorageDescriptor"]["Location"])
        keys = [str(key["Name"]) for key in described.get("PartitionKeys", [])]
        if not keys:
            return [(location, {})]
        if tuple(keys) == PARTITIONS:
            for arn in path_of(self.call.region, account, name.database, name.table):
                self.call.authorise("glue:GetPartitions", arn)
            return [(location, None)]
        pages = self.client("glue").get_paginator("get_partitions")
        return [
            (
                str(partition["StorageDescriptor"]["Location"]),
                dict(zip(keys, partition["Values"], strict=True)),
            )
            for page in pages.paginate(
                CatalogId=account, DatabaseName=name.database, TableName=name.table
            )
            for partition in page["Partitions"]
        ]

    def _rows(
        self,
        name: TableName,
        described: dict[str, Any],
        folders: list[tuple[str, dict[str, str] | None]],
    ) -> pa.Table:
        import pyarrow as pa

        read = reader_of(name.table, described)
        columns = _fields(name, described["StorageDescriptor"]["Columns"])
        keys = _fields(name, described.get("PartitionKeys", []))
        _refuse_twice(name, [field.name for field in (*columns, *keys)])
        # How bytes become rows, besides the columns.
        serde = described["StorageDescriptor"].get("SerdeInfo")
        way = repr((serde, described.get("Parameters")))
        parts = [
            self._folder(folder, values, read, columns, keys, way) for folder, values in folders
        ]
        return pa.concat_tables(parts) if parts else pa.schema([*columns, *keys]).empty_table()

    def _folder(
        self,
        folder: str,
        values: dict[str, str] | None,
        read: Callable[[bytes, str, pa.Schema], pa.Table],
        columns: list[pa.Field],
        keys: list[pa.Field],
        way: str,
    ) -> pa.Table:
        """Return the rows below a folder; those that are as they were are not decoded again."""
        import pyarrow as pa

        location, schema = urlsplit(folder), pa.schema(columns)
        bucket, prefix = location.netloc, location.path.lstrip("/").rstrip("/") + "/"
        items = objects(self.call, self.client("s3"), bucket, prefix)
        self._count(sum(item.size for item in items))

        def decode() -> pa.Table:
            def path_of_partition(item: StoredObject) -> dict[str, str]:
                path = unquote(item.key.removeprefix(prefix))
                return dict(PARTITION.findall(path)) if values is None else values

            parts = []
            addresses = [f"s3://{bucket}/{item.key}" for item in items]
            tables = [
                read(item.content(), where, schema)
                for item, where in zip(items, addresses, strict=True)
            ]
            alike = groupby(range(len(items)), key=lambda number: tables[number].schema)
            for numbers in (list(group) for _, group in alike):
                rows = pa.concat_tables([tables[number] for number in numbers])
                partitions = [
                    (path_of_partition(items[number]), tables[number].num_rows)
                    for number in numbers
                ]
                rows = fitted(rows, addresses[numbers[0]], schema)
                parts.append(_with_partitions(rows, keys, partitions))
            return pa.concat_tables(parts) if parts else pa.schema([*columns, *keys]).empty_table()

        as_they_are = tuple((item.key, item.tag) for item in items)
        form = (str(schema), str(keys), str(values), way)
        return self.call.store(DecodedFolders).get((bucket, as_they_are, form), decode)

    def _count(self, size: int) -> None:
        self.scanned += size
        if self.limit is not None and self.scanned > self.limit:
            raise TooMuch("Bytes scanned limit was exceeded")


def _with_partitions(
    rows: pa.Table, keys: list[pa.Field], partitions: list[tuple[dict[str, str], int]]
) -> pa.Table:
    """Add the columns of the partitions: the values of each, for so many of the rows."""
    import numpy as np
    import pyarrow as pa

    numbers = pa.array(np.repeat(np.arange(len(partitions)), [count for _, count in partitions]))
    for key in keys:
        texts = pa.array([values.get(key.name) for values, _ in partitions], pa.string())
        rows = rows.append_column(key, texts.cast(key.type).take(numbers))
    return rows


def _refuse_twice(name: TableName, columns: list[str]) -> None:
    """Refuse a column with the name of another or of a partition, as Athena does."""
    if len(set(columns)) < len(columns):
        raise Unsupported(
            f"HIVE_INVALID_METADATA: Hive metadata for table {name.table} is invalid: Table "
            "descriptor contains duplicate columns"
        )


def _fields(name: TableName, columns: list[dict[str, Any]]) -> list[pa.Field]:
    import pyarrow as pa

    fields = []
    for column in columns:
        kind = TYPES.get(str(column["Type"]).lower())
        if kind is None:
            raise Unsupported(
                f"NOT_SUPPORTED: column {column['Name']} of {name.table} is {column['Type']}; the "
                f"local AWS reads {', '.join(TYPES)}"
            )
        arrow = pa.timestamp("ms") if kind == "timestamp" else pa.type_for_alias(kind)
        # Athena folds names to lower case (User Guide, "Name databases, tables, and columns").
        fields.append(pa.field(column["Name"].lower(), arrow))
    return fields


def denied(error: ClientError | ServiceError) -> str:
    """Return the reason of failure when another service refuses a call."""
    if isinstance(error, ServiceError):
        return f"PERMISSION_DENIED: {error.message}"
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    word = "PERMISSION_DENIED" if "Denied" in code else code
    return f"{word}: {message} (Service: {error.operation_name})"
