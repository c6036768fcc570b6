"""The rows of the objects of a table: Parquet, or CSV as the OpenCSVSerde reads it.

Thousands of small objects cost their opening; what can be done for all of them at once is.

Source: Athena User Guide, "Open CSV SerDe": every value is text, then becomes the type of its
column; a date is a number of days, a timestamp a number of milliseconds.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localaws.athena.definitions import OPEN_CSV
from localaws.athena.rewriting import Unsupported

if TYPE_CHECKING:
    import pyarrow as pa

SKIPPED = "skip.header.line.count"
THREADED = 2**20


def reader_of(name: str, table: dict[str, Any]) -> Callable[[bytes, str, pa.Schema], pa.Table]:
    """Return the function that reads a table's objects, each as it is; raises Unsupported."""
    serde = table["StorageDescriptor"].get("SerdeInfo", {})
    library = str(serde.get("SerializationLibrary"))
    if "parquet" in library.lower():
        return _parquet
    if library != OPEN_CSV:
        raise Unsupported(
            f"NOT_SUPPORTED: {name} is read with {library}; the local AWS reads Parquet and "
            f"{OPEN_CSV}"
        )
    properties = serde.get("Parameters") or {}
    skipped = int((table.get("Parameters") or {}).get(SKIPPED, 0))

    def read(body: bytes, where: str, schema: pa.Schema) -> pa.Table:
        return _csv(body, where, schema, properties, skipped)

    return read


def fitted(rows: pa.Table, where: str, schema: pa.Schema) -> pa.Table:
    """Return rows with the columns of the table; `where` is an object that has them.

    Raises:
        Unsupported: a column is of another type.
    """
    import pyarrow as pa

    names = {name.lower(): name for name in rows.column_names}
    columns = [
        _cast(rows[names[field.name]], field, where)
        if field.name in names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _parquet(body: bytes, where: str, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # From a buffer, because pyarrow would derive partitions from a path by its own rules.
        # Of small files threads cost more than they save.
        rows = pq.ParquetFile(pa.BufferReader(body)).read(use_threads=len(body) > THREADED)
        return rows.replace_schema_metadata(None)
    except pa.ArrowInvalid as error:
        raise Unsupported(f"HIVE_BAD_DATA: {where}: {error}") from error


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


def _csv(
    body: bytes, where: str, schema: pa.Schema, properties: dict[str, str], skipped: int
) -> pa.Table:
    import pyarrow as pa

    lines = csv.reader(
        io.StringIO(body.decode(), newline=""),
        delimiter=properties.get("separatorChar", ","),
        quotechar=properties.get("quoteChar", '"'),
        escapechar=properties.get("escapeChar", "\\"),
    )
    rows = list(lines)[skipped:]
    columns = []
    for position, field in enumerate(schema):
        texts = [row[position] if position < len(row) else None for row in rows]
        try:
            values = [None if text is None else _value(text, field.type) for text in texts]
        except ValueError as error:
            raise Unsupported(
                f"HIVE_BAD_DATA: Error Parsing a column in the table: {field.name} in {where}: "
                f"{error}"
            ) from error
        columns.append(pa.array(values, field.type))
    return pa.table(columns, schema=schema)


def _value(text: str, kind: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_string(kind):
        return text
    if pa.types.is_boolean(kind):
        return text.lower() == "true"
    if pa.types.is_floating(kind):
        return float(text)
    return int(text)
