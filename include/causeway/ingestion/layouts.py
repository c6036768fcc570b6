"""Layouts: which column of a file holds what of a record."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from causeway.errors import BadInput, Problem
from causeway.ingestion.columns import TYPES, readable
from causeway.ingestion.files import ParquetTable
from causeway.ingestion.tables import NEXT_STEP, TableFile
from causeway.use_cases.contracts import (
    EventTime,
    Feature,
    FeatureGroup,
    FeatureType,
    RawData,
    RecordId,
)
from causeway.use_cases.use_case import UseCase


@dataclass(frozen=True)
class Layout:
    """Which column of a file holds what: each feature's, and how records get id and time."""

    features: tuple[tuple[Feature, str], ...]
    record_id: RecordId
    event_time: EventTime
    identifier: str = "record_id"
    time: str = "event_time"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        keys = (self.record_id.column, self.event_time.column)
        return tuple(dict.fromkeys([*filter(None, keys), *(name for _, name in self.features)]))

    @property
    def kinds(self) -> dict[str, pa.DataType]:
        """What the columns of numbers hold; one that is also taken as a text is left out."""
        types: dict[str, set[FeatureType]] = {}
        for feature, name in self.features:
            types.setdefault(name, set()).add(feature.type)
        texts = {self.record_id.column, self.event_time.column}
        return {
            name: TYPES[kind]
            for name, (kind, *others) in types.items()
            if kind != "String" and not others and name not in texts
        }


def layout_of_raw(case: UseCase, file: TableFile, what: str) -> Layout:
    """Return the layout of a use case's raw file.

    Raises:
        BadInput: its columns are not those of the contract.
    """
    columns = case.data.columns
    if not set(columns) & set(file.names):
        raise BadInput(
            f"{what} is not recognised: it names no column of the contract",
            next_step=NEXT_STEP,
        )
    problems = [
        Problem(1, name, None, "the column is missing")
        for name in columns
        if name not in file.names
    ]
    problems += [
        Problem(1, name, None, f"is no column of the contract; allowed: {', '.join(columns)}")
        for name in file.names
        if name not in columns
    ]
    if problems:
        raise BadInput(f"{what} has the wrong columns", problems, next_step=NEXT_STEP)
    features = tuple((feature, source) for source, feature in case.by_source.items())
    layout = Layout(features, case.data.record_id, case.data.event_time)
    _require_readable(file, layout, what)
    return layout


def layout_of_group(group: FeatureGroup, data: RawData, file: TableFile, what: str) -> Layout:
    """Return how a feature group's records lie in a file: engineered features, or raw columns.

    A feature is in the column of its name, else in that of its source; id and time likewise, else
    as the contract of the raw data says.

    Raises:
        BadInput: a feature is in no column.
    """
    features, missing = [], []
    for feature in group.features:
        column = next((n for n in (feature.name, feature.source) if n in file.names), None)
        if column is None:
            missing.append(feature.name)
        else:
            features.append((feature, column))
    identifier, time = data.record_id, data.event_time
    if group.record_identifier in file.names:
        identifier = RecordId(source="column", column=group.record_identifier)
    elif identifier.column and identifier.column not in file.names:
        missing.append(group.record_identifier)
    if group.event_time in file.names:
        time = EventTime(column=group.event_time)
    elif time.column and time.column not in file.names:
        missing.append(group.event_time)
    if missing:
        raise BadInput(
            f"{what} lacks columns of {group.name}: {', '.join(missing)}",
            [Problem(None, name, None, "the column is missing") for name in missing],
            next_step="Compare the feature-engineering script with the contract.",
        )
    layout = Layout(tuple(features), identifier, time, group.record_identifier, group.event_time)
    _require_readable(file, layout, what)
    return layout


def _require_readable(file: TableFile, layout: Layout, what: str) -> None:
    if not isinstance(file, ParquetTable):
        return
    kinds = {name: file.schema.field(name).type for name in layout.columns}
    times = layout.event_time.column
    bad = [
        Problem(None, name, None, f"holds {kind}; allowed: texts and numbers")
        for name, kind in kinds.items()
        if not (readable(kind) or (name == times and pa.types.is_timestamp(kind)))
    ]
    if bad:
        raise BadInput(f"{what} has columns of the wrong type", bad, next_step=NEXT_STEP)
