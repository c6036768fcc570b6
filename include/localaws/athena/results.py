"""Writes the rows of a query as its caller: one CSV, or Parquet files and a manifest."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from localaws.athena.rewriting import Unsupported

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_A_FILE = 500_000
# Arrow's test for a type, and Athena's name in column information.
TYPES = (
    ("is_boolean", "boolean"),
    ("is_int64", "bigint"),
    ("is_int32", "integer"),
    ("is_floating", "double"),
    ("is_string", "varchar"),
    ("is_date", "date"),
)


def type_of(field: pa.Field) -> str:
    """Return Athena's name of a column's type; raises Unsupported."""
    import pyarrow as pa

    if pa.types.is_timestamp(field.type):
        return "timestamp with time zone" if field.type.tz else "timestamp"
    for test, name in TYPES:
        if getattr(pa.types, test)(field.type):
            return name
    raise Unsupported(f"NOT_SUPPORTED: column {field.name} is {field.type}")


def texts(rows: pa.Table) -> list[list[str | None]]:
    """Return the rows as Athena writes them: all values as text, None for NULL."""
    columns = [[_text(value) for value in column.to_pylist()] for column in rows.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def write_csv(
    s3: Any, uri: str, names: list[str], rows: list[list[str | None]], encryption: dict[str, str]
) -> None:
    """Write all values quoted, and NULL as an empty field."""
    lines = [",".join(map(_quoted, row)) for row in rows]
    head = ",".join(map(_quoted, names))
    _put(s3, uri, ("\n".join([head, *lines]) + "\n").encode(), encryption)


def write_parquet(
    s3: Any, folder: str, name: str, rows: pa.Table, compression: str, encryption: dict[str, str]
) -> list[str]:
    """Write Parquet files below an empty folder, columns in lower case, and return their URIs.

    Raises:
        Unsupported: the folder is not empty, or UNLOAD cannot write a column's type.
    """
    from pyarrow import parquet as pq

    target = urlsplit(folder)
    listed = s3.list_objects_v2(Bucket=target.netloc, Prefix=target.path.lstrip("/"), MaxKeys=1)
    if listed.get("KeyCount"):
        raise Unsupported(f"HIVE_PATH_ALREADY_EXISTS: Target directory already exists: {folder}")
    for field in rows.schema:
        if type_of(field) == "timestamp with time zone":
            raise Unsupported("NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone")
    rows = rows.rename_columns([column.lower() for column in rows.column_names])
    written = []
    for number, start in enumerate(range(0, rows.num_rows, ROWS_A_FILE)):
        file = io.BytesIO()
        pq.write_table(rows.slice(start, ROWS_A_FILE), file, compression=compression)
        written.append(f"{folder}{name}_{number:05}.parquet")
        _put(s3, written[-1], file.getvalue(), encryption)
    return written


def write_manifest(s3: Any, uri: str, files: list[str], encryption: dict[str, str]) -> None:
    """Write the list of an UNLOAD's files, one a line."""
    _put(s3, uri, "".join(f"{file}\n" for file in files).encode(), encryption)


def _put(s3: Any, uri: str, body: bytes, encryption: dict[str, str]) -> None:
    where = urlsplit(uri)
    s3.put_object(Bucket=where.netloc, Key=where.path.lstrip("/"), Body=body, **encryption)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if hasattr(value, "hour"):
        zone = " UTC" if value.tzinfo else ""
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}{zone}"
    return str(value)


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'
