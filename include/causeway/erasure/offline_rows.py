"""One record in a Parquet object of an offline store: what is there of it, and the rest without it.

A row whose `is_deleted` is true is the feature store's own mark of a deletion: it holds the
record's identifier and the deletion's event time alone, and it stays. pyarrow is imported inside
the functions, because DAG files import this package when they are parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causeway.features.event_times import instant_of

if TYPE_CHECKING:
    import pyarrow as pa

DELETED = "is_deleted"


@dataclass(frozen=True)
class StoredRows:
    """What is stored of a record: rows with its values, and marks of its deletion."""

    rows: int = 0
    times: frozenset[datetime] = field(default_factory=frozenset)
    marks: frozenset[datetime] = field(default_factory=frozenset)

    def __add__(self, other: StoredRows) -> StoredRows:
        return StoredRows(
            self.rows + other.rows, self.times | other.times, self.marks | other.marks
        )


def rows_in(path: Path, identifier: str, event_time: str, record: str) -> StoredRows:
    """Return what a Parquet file holds of a record, read row group by row group."""
    import pyarrow.parquet as pq

    total = StoredRows()
    with pq.ParquetFile(path) as file:
        names = [n for n in (identifier, event_time, DELETED) if n in file.schema_arrow.names]
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, columns=names)
            mine = table.filter(_of(table, identifier, record))
            if mine.num_rows == 0:
                continue
            times = [instant_of(value) for value in mine[event_time].to_pylist()]
            deletions = mine[DELETED].to_pylist() if DELETED in names else [False] * len(times)
            row_times = frozenset(
                t for t, deleted in zip(times, deletions, strict=True) if not deleted
            )
            marks = frozenset(t for t, deleted in zip(times, deletions, strict=True) if deleted)
            total += StoredRows(sum(not deleted for deleted in deletions), row_times, marks)
    return total


def write_without(source: Path, target: Path, identifier: str, record: str) -> int:
    """Write a Parquet file again without the rows of a record; return how many those were.

    The schema and everything else stay as they are. A file of that record alone becomes an empty
    one, so that its key stays in use.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    dropped = 0
    with (
        pq.ParquetFile(source) as file,
        pq.ParquetWriter(target, file.schema_arrow, compression="snappy") as out,
    ):
        for number in range(file.num_row_groups):
            table = file.read_row_group(number)
            mine = _of(table, identifier, record)
            if DELETED in table.column_names:
                mine = pc.and_(mine, pc.invert(pc.fill_null(table[DELETED], False)))
            remainder = table.filter(pc.invert(mine))
            dropped += table.num_rows - remainder.num_rows
            out.write_table(remainder)
    return dropped


def contains(path: Path, column: str, record: str) -> bool:
    """Tell whether a column of a Parquet file holds a record's identifier."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=[column])
    return bool(pc.any(_of(table, column, record)).as_py())


def _of(table: pa.Table, identifier: str, record: str) -> Any:
    """Return which rows are the record's; an identifier of another type is compared as that."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = table[identifier]
    try:
        value = pa.scalar(record).cast(ids.type)
    except pa.ArrowInvalid:  # no number: no row of a numeric identifier is it
        return pa.chunked_array([pa.repeat(False, table.num_rows)])
    return pc.fill_null(pc.equal(ids, value), False)
