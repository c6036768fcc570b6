"""Records from a table file, and apart from them the rows that break the contract.

A record has an id, an event time and features. A row is good as a whole or rejected with every
reason; good rows and rejects together are all rows.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from causeway.errors import Problem
from causeway.features.event_times import instant_of
from causeway.features.withheld import Withheld
from causeway.ingestion.cells import Cells, Checked, all_faults
from causeway.ingestion.columns import ColumnCheck, IdCheck
from causeway.ingestion.layouts import Layout
from causeway.ingestion.tables import NO_KINDS, Chunk, Kinds, Malformed, TableFile
from causeway.ingestion.times import TimeCheck, stored_instant
from causeway.instants import milliseconds, parse_instant
from causeway.use_cases.file_formats import TimeFormat

#: Stands in a reject for the whole line.
WHOLE_ROW: Final = None
MILLISECONDS_AN_HOUR: Final = 3_600_000


@dataclass(frozen=True)
class Reject:
    """One reason why a row is not taken."""

    row: int
    column: str | None
    value: str
    reason: str

    @property
    def problem(self) -> Problem:
        """The reject as errors list it."""
        value = self.value if self.column or self.value.strip() else None
        return Problem(self.row, self.column, value, self.reason)


@dataclass(frozen=True)
class RecordChunk:
    """Good records (row numbers, event hours, typed columns with id and time first) and rejects.

    `refused` are the ids of the records that break the contract, as far as they have one; `erased`
    counts the rejected rows that break none, but are of erased records.
    """

    numbers: np.ndarray[Any, Any]
    hours: np.ndarray[Any, Any]
    columns: dict[str, pa.Array]
    rejects: tuple[Reject, ...]
    rows: int
    refused: tuple[str, ...] = ()
    erased: int = 0

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass
class ColumnCounts:
    """How many values of each feature were empty, and how many broke the contract."""

    empty: Counter[str] = field(default_factory=Counter)
    faulty: Counter[str] = field(default_factory=Counter)


def _ignore(row: int, text: str, reason: str) -> None:
    """Ignore malformed lines; another reading reports them."""


class RecordReader:
    """Reads the records of one file, as often as needed."""

    def __init__(
        self, file: TableFile, layout: Layout, withheld: Mapping[str, Withheld] | None = None
    ) -> None:
        """Read `file`; `withheld` says of some record ids why they are not taken."""
        self.file, self.layout = file, layout
        self._withheld = dict(withheld or {})
        self._withheld_ids = pa.array(self._withheld, pa.string())
        self._checks = [
            (feature, name, ColumnCheck(feature, layout.cells(feature)))
            for feature, name in layout.features
        ]
        nulls = layout.format.nulls if layout.format else ()
        when = layout.event_time
        self._cells = Cells(nulls)
        self._ids = IdCheck(nulls)
        self._times = TimeCheck(TimeFormat(format=when.format, zone=when.zone))

    def chunks(
        self, duplicates: Mapping[int, int], counts: ColumnCounts | None = None
    ) -> Iterator[RecordChunk]:
        """Yield the records in order; `duplicates` maps rows to the row that they repeat."""
        malformed: list[Reject] = []

        def tell(row: int, text: str, reason: str) -> None:
            malformed.append(Reject(row, WHOLE_ROW, text, reason))

        for chunk in self._chunks(self.layout.columns, tell, self.layout.kinds):
            earlier, malformed[:] = list(malformed), []
            yield self._records(chunk, earlier, duplicates, counts)
        if malformed:
            none = np.array([], np.int64)
            yield RecordChunk(none, none, {}, tuple(malformed), len(malformed))

    def duplicates(self) -> dict[int, int]:
        """Return the rows that repeat a record, with the row whose id and event time they have.

        Records whose ids rise through the file are compared with their neighbours alone; only a
        file out of order costs eight bytes a row.
        """
        if self.layout.record_id.column is None:
            return {}
        if self._rising():
            return {}
        hashes = array("q")
        for _, keys in self._keys():
            hashes.extend(map(hash, keys))
        values = np.frombuffer(hashes, np.int64)
        order = np.argsort(values, kind="stable")
        same = values[order[1:]] == values[order[:-1]]
        suspects = np.zeros(len(values), bool)
        suspects[order[1:][same]] = suspects[order[:-1][same]] = True
        first: dict[Any, int] = {}
        repeats: dict[int, int] = {}
        start = 0
        for numbers, keys in self._keys():
            part = np.flatnonzero(suspects[start : start + len(keys)])
            for position in part.tolist():
                row = int(numbers[position])
                earlier = first.setdefault(keys[position], row)
                if earlier != row:
                    repeats[row] = earlier
            start += len(keys)
        return repeats

    def _chunks(
        self, names: Sequence[str], malformed: Malformed = _ignore, kinds: Kinds = NO_KINDS
    ) -> Iterator[Chunk]:
        """Yield columns of the file with the numbers that its rows have in the raw file."""
        line = self.layout.line
        for chunk in self.file.chunks([*names, *([line] if line else [])], malformed, kinds):
            yield chunk if line is None else Chunk(chunk.columns[line].to_numpy(), chunk.columns)

    def _key_columns(self) -> list[str]:
        return [
            name for name in (self.layout.record_id.column, self.layout.event_time.column) if name
        ]

    def _rising(self) -> bool:
        last: str | None = None
        for chunk in self._chunks(self._key_columns()[:1]):
            ids = self._ids.check(chunk.columns[self._key_columns()[0]]).values
            if len(ids) == 0:
                continue
            if last is not None and not last < ids[0].as_py():
                return False
            if (
                ids.null_count
                or not pc.all(pc.less(ids.slice(0, len(ids) - 1), ids.slice(1))).as_py()
            ):
                return False
            last = ids[len(ids) - 1].as_py()
        return True

    def _keys(self) -> Iterator[tuple[np.ndarray[Any, Any], list[Any]]]:
        names = self._key_columns()
        for chunk in self._chunks(names):
            ids = self._ids.check(chunk.columns[names[0]]).values.to_pylist()
            if len(names) > 1:
                moments = self._times.check(chunk.columns[names[1]], self._cells)[1].tolist()
                yield chunk.numbers, list(zip(ids, moments, strict=True))
            else:
                yield chunk.numbers, ids

    def _records(
        self,
        chunk: Chunk,
        malformed: list[Reject],
        duplicates: Mapping[int, int],
        counts: ColumnCounts | None,
    ) -> RecordChunk:
        layout, count = self.layout, len(chunk.numbers)
        checked: dict[str, Checked] = {}
        rule = layout.record_id
        if rule.column:
            checked[layout.identifier] = self._ids.check(chunk.columns[rule.column])
        else:
            numbers = chunk.numbers - (self.file.first - 1)
            checked[layout.identifier] = Checked(_formatted(rule.format, numbers))
        when = layout.event_time
        if when.column:
            checked[layout.time], moments = self._times.check(
                chunk.columns[when.column], self._cells
            )
        else:
            fixed = stored_instant(str(when.instant))
            checked[layout.time] = Checked(pa.repeat(pa.scalar(fixed), count))
            moments = np.repeat(milliseconds(parse_instant(fixed)), count)
        hours = moments // MILLISECONDS_AN_HOUR
        for feature, column, check in self._checks:
            checked[feature.name] = check.check(chunk.columns[column])
        sources = {feature.name: column for feature, column, _ in self._checks}
        sources[layout.identifier] = rule.column or layout.identifier
        sources[layout.time] = when.column or layout.time
        rejects = [
            Reject(int(chunk.numbers[position]), sources[name], text, reason)
            for position, name, text, reason in all_faults(checked)
        ]
        bad = {position for column in checked.values() for position in column.faults}
        ids = checked[layout.identifier]
        faulty = [ids.values[position].as_py() for position in sorted(bad - ids.faults.keys())]
        rejects += self._repeated(chunk, ids, duplicates, bad)
        held_back, erased = self._held_back(chunk, ids, checked[layout.time], bad)
        rejects += held_back
        if counts is not None:
            for feature, _, _ in self._checks:
                result = checked[feature.name]
                counts.faulty[feature.name] += len(result.faults)
                counts.empty[feature.name] += result.values.null_count - len(result.faults)
        columns = {name: result.values for name, result in checked.items()}
        rows = count + len(malformed)
        rejects = sorted([*malformed, *rejects], key=lambda reject: reject.row)
        if not bad:
            return RecordChunk(chunk.numbers, hours, columns, tuple(rejects), rows)
        refused = tuple(record_id for record_id in faulty if record_id is not None)
        keep = np.ones(count, bool)
        keep[list(bad)] = False
        positions = pa.array(np.flatnonzero(keep))
        return RecordChunk(
            chunk.numbers[keep],
            hours[keep],
            {name: column.take(positions) for name, column in columns.items()},
            tuple(rejects),
            rows,
            refused,
            erased,
        )

    def _held_back(
        self, chunk: Chunk, ids: Checked, times: Checked, bad: set[int]
    ) -> tuple[list[Reject], int]:
        """Return the rejects of withheld records, and how many are of erased ones.

        Their positions are marked as bad.
        """
        if not self._withheld:
            return [], 0
        withheld = pc.is_in(ids.values, self._withheld_ids).to_numpy(zero_copy_only=False)
        rejects, erased = [], 0
        for position in np.flatnonzero(withheld).tolist():
            if position in bad:
                continue
            value = ids.values[position].as_py()
            why = self._withheld[value]
            if why.until is not None:
                if instant_of(times.values[position].as_py()) > why.until:
                    continue
                erased += 1
            column = self.layout.record_id.column or self.layout.identifier
            row = int(chunk.numbers[position])
            rejects.append(Reject(row, column, value, why.reason))
            bad.add(position)
        return rejects, erased

    def _repeated(
        self, chunk: Chunk, ids: Checked, duplicates: Mapping[int, int], bad: set[int]
    ) -> list[Reject]:
        """Return the rejects of repeated records and mark their positions as bad."""
        if not duplicates:
            return []
        rejects = []
        rows = np.array(sorted(duplicates))
        for position in np.flatnonzero(np.isin(chunk.numbers, rows)).tolist():
            if position in bad and position in ids.faults:
                continue
            row = int(chunk.numbers[position])
            value = ids.values[position].as_py()
            reason = f"the record id is a duplicate of row {duplicates[row]}"
            rejects.append(Reject(row, self.layout.record_id.column, value, reason))
            bad.add(position)
        return rejects


def _formatted(pattern: str, numbers: np.ndarray[Any, Any]) -> pa.Array:
    """Return `pattern % number` for all numbers; `RecordId` allows one %d or %06d."""
    before, width, after = re.fullmatch(r"([^%]*)%(?:0(\d+))?d(.*)", pattern).groups()  # type: ignore[union-attr]
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), int(width or 1), "0")
    return pc.binary_join_element_wise(before, digits, after, "")


def first_problems(rejects: Sequence[Reject], limit: int = 20) -> tuple[list[Problem], int]:
    """Return what is wrong as problems, rows alike as one, and how many rejects those are."""
    alike: dict[tuple[str | None, str | None, str], list[Reject]] = {}
    for reject in sorted(rejects, key=lambda reject: reject.row):
        value = reject.value if reject.column else None  # of a whole row each is another
        alike.setdefault((reject.column, value, reject.reason), []).append(reject)
    problems = [
        replace(first.problem, others=tuple(other.row for other in others))
        for first, *others in list(alike.values())[:limit]
    ]
    return problems, sum(1 + len(problem.others) for problem in problems)
