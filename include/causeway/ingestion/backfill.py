"""Offline-only backfill: records as Parquet objects in the layout of the offline store.

The layout is the feature store's own: `<place>/year=/month=/day=/hour=` of the event time, the
three columns that it adds, Snappy. Objects are made in a local folder, row group by row group, and
are named after the input's digest: the same input makes the same objects, which are uploaded once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from causeway.ingestion.columns import TYPES
from causeway.ingestion.records import RecordChunk
from causeway.use_cases.contracts import FeatureGroup

#: Rows of one object; more of the same hour go into the next.
OBJECT_ROWS: Final = 1_000_000
#: Objects that are written at the same time; beyond it the one that was begun first is ended.
OPEN_OBJECTS: Final = 16
_MOMENT: Final = pa.timestamp("ms", tz="UTC")


@dataclass
class OfflineObject:
    """One object: where it is made, its key below the store's place, its rows (first to last)."""

    path: Path
    key: str
    first: int
    last: int
    rows: int = 0


@dataclass
class Backfill:
    """Makes the objects of one input.

    Attributes:
        group: the feature group.
        folder: where the objects are made.
        digest: of the input and the contract, 64 hexadecimal digits.
        now: `write_time` and `api_invocation_time` of every row.
    """

    group: FeatureGroup
    folder: Path
    digest: str
    now: datetime
    objects: list[OfflineObject] = field(default_factory=list)
    _open: dict[int, tuple[OfflineObject, pq.ParquetWriter]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.schema = schema(self.group)

    def add(self, chunk: RecordChunk) -> None:
        """Take the records of a chunk."""
        if not len(chunk):
            return
        table = self._table(chunk)
        first = int(chunk.hours[0])
        if (chunk.hours == first).all():
            self._write(first, table, chunk.numbers)
            return
        order = np.argsort(chunk.hours, kind="stable")
        hours, starts = np.unique(chunk.hours[order], return_index=True)
        ends = np.append(starts[1:], len(order))
        for hour, start, end in zip(hours.tolist(), starts, ends, strict=True):
            positions = order[start:end]
            self._write(hour, table.take(pa.array(positions)), chunk.numbers[positions])

    def finish(self) -> list[OfflineObject]:
        """End every object and return them all."""
        for hour in list(self._open):
            self._close(hour)
        return self.objects

    def _table(self, chunk: RecordChunk) -> pa.Table:
        count = len(chunk)
        moment = pa.scalar(self.now, _MOMENT)
        columns = [chunk.columns[name] for name in self.schema.names[:-3]]
        added = [pa.repeat(moment, count), pa.repeat(moment, count), pa.repeat(False, count)]
        return pa.table([*columns, *added], schema=self.schema)

    def _write(self, hour: int, table: pa.Table, numbers: np.ndarray[Any, Any]) -> None:
        entry = self._open.get(hour)
        if entry is None:
            if len(self._open) >= OPEN_OBJECTS:
                self._close(next(iter(self._open)))
            entry = self._begin(hour, int(numbers.min()))
        target, writer = entry
        writer.write_table(table)
        target.rows += table.num_rows
        target.last = int(numbers.max())
        if target.rows >= OBJECT_ROWS:
            self._close(hour)

    def _begin(self, hour: int, first: int) -> tuple[OfflineObject, pq.ParquetWriter]:
        when = datetime.fromtimestamp(hour * 3600, UTC)
        number = len(self.objects)
        # As the feature store names them: the hour, and sixteen characters of its choice.
        name = f"{when:%Y%m%dT%H%M%SZ}_{self.digest[:10]}{number:06d}.parquet"
        partition = f"year={when:%Y}/month={when:%m}/day={when:%d}/hour={when:%H}"
        target = OfflineObject(
            self.folder / f"{number:06d}.parquet", f"{partition}/{name}", first, first
        )
        # Dictionaries serve texts that come again; for ids, all different, they are given up at
        # once. Whole numbers are packed by their differences: as small, a third cheaper to write.
        whole = [feature.name for feature in self.group.features if feature.type == "Integral"]
        writer = pq.ParquetWriter(
            target.path,
            self.schema,
            compression="snappy",
            use_dictionary=[
                name
                for name in self.schema.names
                if name not in (self.group.record_identifier, *whole)
            ],
            column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
            write_statistics=True,
        )
        self.objects.append(target)
        self._open[hour] = target, writer
        return self._open[hour]

    def _close(self, hour: int) -> None:
        _, writer = self._open.pop(hour)
        writer.close()


def schema(group: FeatureGroup) -> pa.Schema:
    """Return the schema of a group's objects: identifier, time, features, what the store adds."""
    return pa.schema(
        [
            (group.record_identifier, pa.string()),
            (group.event_time, pa.string()),
            *((feature.name, TYPES[feature.type]) for feature in group.features),
            ("write_time", _MOMENT),
            ("api_invocation_time", _MOMENT),
            ("is_deleted", pa.bool_()),
        ]
    )


def spooled(
    path: Path,
) -> Iterator[tuple[np.ndarray[Any, Any], dict[str, pa.Array]]]:
    """Yield what a `Spool` holds: row numbers and columns."""
    with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as reader:
        for batch in reader:
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            yield columns.pop(ROW).to_numpy(), columns


#: The column of a spool that holds the row numbers.
ROW: Final = "_row"


class Spool:
    """Good records on disk, until it is known that the file as a whole may be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: Any = None

    def add(self, chunk: RecordChunk) -> None:
        """Take the records of a chunk."""
        if not len(chunk):
            return
        batch = pa.record_batch({ROW: pa.array(chunk.numbers), **chunk.columns})
        if self._writer is None:
            self._writer = pa.ipc.new_stream(str(self.path), batch.schema)
        self._writer.write_batch(batch)

    def finish(self) -> None:
        """End the file."""
        if self._writer is not None:
            self._writer.close()
