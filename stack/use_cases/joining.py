"""What Athena does between the jobs: a model's dataset of the files of its feature groups."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from causeway.features.event_times import instant_of
from causeway.features.groups import group_file
from causeway.use_cases.dataset_specs import JoinedGroup, renamed
from causeway.use_cases.use_case import ModelSpec, UseCase
from stack.processes import StackError

#: The records of each id, the earliest first: when, and in which row.
History = dict[str, list[tuple[datetime, int]]]


def dataset_of(case: UseCase, model: ModelSpec, folder: Path) -> pa.Table:
    """Join a model's feature groups as its `dataset` declares, of the files in a folder.

    Raises:
        StackError: rows lack a record that `missing: refuse` demands, or none is left.
    """
    spine, *others = model.dataset.joined(case.feature_groups)
    group = case.group(spine.group)
    records = pq.read_table(folder / group_file(case.id, group))
    keys = [group.record_identifier, group.event_time]
    is_latest = model.dataset.mode == "latest"
    rows = _named(spine, case, records.take(pa.array(_first(_history(records, keys), is_latest))))
    for joined in others:
        rows = _with(rows, keys, joined, case, model, folder)
    if rows.num_rows == 0:
        raise StackError(f"{model.name}: no row is left: none has a record in each group")
    rows = rows.drop_columns(keys[1:]) if is_latest else rows
    return rows.combine_chunks().sort_by(keys[0])


def _with(
    rows: pa.Table,
    keys: list[str],
    joined: JoinedGroup,
    case: UseCase,
    model: ModelSpec,
    folder: Path,
) -> pa.Table:
    """Return the rows with what a group knows of each, then or now."""
    group = case.group(joined.group)
    records = pq.read_table(folder / group_file(case.id, group))
    history = _history(records, [group.record_identifier, group.event_time])
    moments = _moments(rows[keys[1]])
    positions = [
        _known(history.get(key, []), None if model.dataset.mode == "latest" else moment)
        for key, moment in zip(rows[joined.on or keys[0]].to_pylist(), moments, strict=True)
    ]
    missing = model.dataset.missing_of(joined)
    lacking = positions.count(None)
    if lacking and missing == "refuse":
        raise StackError(f"{model.name}: {lacking} rows have no record in {group.name}")
    if missing == "drop":
        rows = rows.filter(pa.array([position is not None for position in positions]))
        positions = [position for position in positions if position is not None]
    values = _named(joined, case, records.take(pa.array(positions, pa.int64())))
    for name in renamed(joined, group).values():
        rows = rows.append_column(name, values[name])
    return rows


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
