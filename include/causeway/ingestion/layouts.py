"""Layouts: which column of a file holds what of a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from causeway.errors import BadInput, Problem
from causeway.ingestion.cells import Cells
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
from causeway.use_cases.file_formats import FileFormat, TimeFormat
from causeway.use_cases.raw_sources import RawSource

#: What id and time of a record are called before it is known which groups it goes to: no feature
#: has such a name.
RECORD: Final = "_record"
TIME: Final = "_time"
#: The column with the number of a row in the raw file, as messages name it, from there on.
LINE: Final = "_line"


@dataclass(frozen=True)
class Layout:
    """Which column of a file holds what: each feature's, and how records get id and time.

    `format` is how its texts are to be read; None where the file itself has types and nulls.
    `line` is the column with the number of each row in the raw file; without it they are counted.
    """

    features: tuple[tuple[Feature, str], ...]
    record_id: RecordId
    event_time: EventTime
    identifier: str = "record_id"
    time: str = "event_time"
    format: FileFormat | None = None
    line: str | None = None

    def cells(self, feature: Feature) -> Cells:
        """Return how the cells of a feature's column are read."""
        if self.format is None:
            return Cells()
        nulls = self.format.nulls if feature.nulls is None else feature.nulls
        return Cells(nulls, self.format.decimal)

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
        texts |= {name for feature, name in self.features if self.cells(feature).nulls}
        return {
            name: TYPES[kind]
            for name, (kind, *others) in types.items()
            if kind != "String" and not others and name not in texts
        }


def layout_of_raw(source: RawSource, file: TableFile, what: str) -> Layout:
    """Return the layout of a raw source's file.

    Raises:
        BadInput: its columns are not those of the contract.
    """
    data = source.data
    columns = [name for name in data.columns if not data.ignores(name)]
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
        if name not in columns and not data.ignores(name)
    ]
    if problems:
        raise BadInput(f"{what} has the wrong columns", problems, next_step=NEXT_STEP)
    features = tuple((feature, column) for column, feature in source.by_column.items())
    layout = Layout(features, data.record_id, data.event_time, RECORD, TIME, _texts(file, data))
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
    engineered = {group.record_identifier, group.event_time, *group.feature_names}
    for feature in _kept(group) if engineered <= set(file.names) else group.features:
        column = next((n for n in (feature.name, feature.source) if n in file.names), None)
        if column is None:
            missing.append(feature.name)
        else:
            features.append((feature, column))
    identifier, time, format_ = data.record_id, data.event_time, _texts(file, data)
    if group.record_identifier in file.names:
        identifier = RecordId(source="column", column=group.record_identifier)
    elif identifier.column and identifier.column not in file.names:
        missing.append(group.record_identifier)
    if group.event_time in file.names and (format_ is None or time.column != group.event_time):
        time = EventTime(column=group.event_time)
    elif time.column and time.column not in file.names:
        missing.append(group.event_time)
    if missing:
        raise BadInput(
            f"{what} lacks columns of {group.name}: {', '.join(missing)}",
            [Problem(None, name, None, "the column is missing") for name in missing],
            next_step="Compare the feature-engineering script with the contract.",
        )
    names = group.record_identifier, group.event_time
    line = LINE if engineered | {LINE} <= set(file.names) else None
    layout = Layout(tuple(features), identifier, time, *names, format_, line)
    _require_readable(file, layout, what)
    return layout


def _kept(group: FeatureGroup) -> Iterator[Feature]:
    """Yield the features as engineered records hold them: a time is an instant by then."""
    for feature in group.features:
        yield feature.model_copy(update={"time": feature.time and TimeFormat()})


def _texts(file: TableFile, data: RawData) -> FileFormat | None:
    """Return how the texts of a file are read; of Parquet, which has types of its own, nothing."""
    return None if isinstance(file, ParquetTable) else data.format


def _require_readable(file: TableFile, layout: Layout, what: str) -> None:
    if not isinstance(file, ParquetTable):
        return
    kinds = {name: file.schema.field(name).type for name in layout.columns}
    times = {layout.event_time.column}
    times |= {name for feature, name in layout.features if feature.time is not None}
    bad = [
        Problem(None, name, None, f"holds {kind}; allowed: texts, numbers and declared times")
        for name, kind in kinds.items()
        if not (readable(kind) or (name in times and pa.types.is_temporal(kind)))
    ]
    if bad:
        raise BadInput(f"{what} has columns of the wrong type", bad, next_step=NEXT_STEP)
