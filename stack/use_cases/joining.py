"""What Athena does between the jobs: a model's dataset of the files of its feature groups."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from causeway.features.event_times import instant_of
from causeway.features.groups import group_file
from causeway.use_cases.contracts import FeatureGroup
from causeway.use_cases.dataset_specs import JoinedGroup, Missing, renamed
from causeway.use_cases.use_case import ModelSpec, UseCase
from stack.processes import StackError

#: The share of rows without a record from which on it is likely a mistake.
MANY: Final = 0.1
#: What becomes of such rows.
_BECOME: Final[dict[Missing, str]] = {
    "drop": "and are left out",
    "null": "and are empty there",
    "refuse": "which is refused",
}
#: The records of each id, the earliest first: when, and in which row.
History = dict[str, list[tuple[datetime, int]]]


def dataset_of(
    case: UseCase, model: ModelSpec, folder: Path, say: Callable[[str], None]
) -> pa.Table:
    """Join a model's feature groups as its `dataset` declares, of the files in a folder.

    What is said is how many rows have no record in a group, and why.

    Raises:
        StackError: rows lack a record that `missing: refuse` demands, or no row has one.
    """
    spine, *others = model.dataset.joined(case.feature_groups)
    group = case.group(spine.group)
    records = pq.read_table(folder / group_file(case.id, group))
    keys = [group.record_identifier, group.event_time]
    is_latest = model.dataset.mode == "latest"
    rows = _named(spine, case, records.take(pa.array(_first(_history(records, keys), is_latest))))
    for joined in others:
        rows = _with(rows, keys, joined, case, model, folder, say)
    rows = rows.drop_columns(keys[1:]) if is_latest else rows
    return rows.combine_chunks().sort_by(keys[0])


def _with(
    rows: pa.Table,
    keys: list[str],
    joined: JoinedGroup,
    case: UseCase,
    model: ModelSpec,
    folder: Path,
    say: Callable[[str], None],
) -> pa.Table:
    """Return the rows with what a group knows of each, then or now."""
    group = case.group(joined.group)
    records = pq.read_table(folder / group_file(case.id, group))
    history = _history(records, [group.record_identifier, group.event_time])
    moments = _moments(rows[keys[1]])
    key = joined.on or keys[0]
    ids = rows[key].to_pylist()
    positions = [
        _known(history.get(name, []), None if model.dataset.mode == "latest" else moment)
        for name, moment in zip(ids, moments, strict=True)
    ]
    missing = model.dataset.missing_of(joined)
    lacking = [name for name, position in zip(ids, positions, strict=True) if position is None]
    if lacking:
        unknown = sum(name not in history for name in lacking)
        earlier = len(lacking) - unknown
        said = (
            f"{len(lacking)} of {len(ids)} rows have no record in {group.name}, {_BECOME[missing]}"
            f": {unknown} whose `{key}` is no id there, {earlier} from before its first record"
        )
        many = len(lacking) >= MANY * len(ids)
        if many:
            causes = unknown >= MANY * len(lacking), earlier >= MANY * len(lacking)
            said += f"\nNext step: {' '.join(_next_steps(case, group, key, *causes))}"
        if missing == "refuse" or (missing == "drop" and len(lacking) == len(ids)):
            raise StackError(f"{model.name}: {said}")
        say(f"{'look: ' if many else ''}{said}")
    if missing == "drop":
        rows = rows.filter(pa.array([position is not None for position in positions]))
        positions = [position for position in positions if position is not None]
    values = _named(joined, case, records.take(pa.array(positions, pa.int64())))
    for name in renamed(joined, group).values():
        rows = rows.append_column(name, values[name])
    return rows


def _next_steps(
    case: UseCase, group: FeatureGroup, key: str, unknown: bool, earlier: bool
) -> Iterator[str]:
    """Say what to do about many rows without a record in a group, by why they have none."""
    source = next(source for source in case.raw_sources if group in source.groups)
    if unknown:
        yield (
            f"Compare `{key}` with the ids of {group.name} ({source.key}.record_id): is it the "
            "right column (`on`), and are they written alike?"
        )
    if earlier:
        when = source.data.event_time
        kind = "column" if when.column else "fixed" if when.fixed else "as_of"
        yield (
            "In a dataset of mode point_in_time a row finds what was known at its time. Take an "
            f"earlier day or a column of times for {source.key}.event_time (now {kind}: "
            f"{when.column or when.instant}), or `mode: latest`."
        )


def _named(joined: JoinedGroup, case: UseCase, records: pa.Table) -> pa.Table:
    """Return id, time and the features that enter the dataset, by their names in it."""
    group = case.group(joined.group)
    names = renamed(joined, group)
    keys = [group.record_identifier, group.event_time]
    return records.select([*keys, *names]).rename_columns([*keys, *names.values()])


def _history(records: pa.Table, keys: list[str]) -> History:
    history: History = defaultdict(list)
    moments = _moments(records[keys[1]])
    for row, (name, moment) in enumerate(zip(records[keys[0]].to_pylist(), moments, strict=True)):
        history[name].append((moment, row))
    return {name: sorted(entries) for name, entries in history.items()}


def _first(history: History, is_latest: bool) -> list[int]:
    """Return the rows of a spine: each id's latest, or one for each of its times."""
    if is_latest:
        return sorted(entries[-1][1] for entries in history.values())
    return sorted(row for entries in history.values() for row in dict(entries).values())


def _known(entries: list[tuple[datetime, int]], moment: datetime | None) -> int | None:
    """Return the row that is known of an id at a moment, or now."""
    number = len(entries)
    if moment is not None:
        number = bisect_right(entries, moment, key=lambda entry: entry[0])
    return entries[number - 1][1] if number else None


def _moments(column: Any) -> list[datetime]:
    return [instant_of(text) for text in column.to_pylist()]
