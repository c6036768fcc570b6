"""Records: good as a whole or rejected, by their own fault or because they are withheld."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from causeway.features.withheld import Withheld
from causeway.ingestion.files import open_table
from causeway.ingestion.layouts import layout_of_group
from causeway.ingestion.records import ColumnCounts, RecordReader
from causeway.ingestion.scan import scan
from causeway.use_cases.contracts import (
    EventTime,
    Feature,
    FeatureGroup,
    RawData,
    RecordId,
)
from causeway.use_cases.file_formats import FileFormat

DATA = RawData(
    description="a table of the tests",
    format=FileFormat(separator=",", header=True),
    record_id=RecordId(source="column", column="id"),
    event_time=EventTime(column="when"),
    columns=("id", "when", "code"),
)
GROUP = FeatureGroup(
    name="bench",
    record_identifier="id",
    event_time="when",
    features=(
        Feature(name="code", source="code", type="Integral", codes={1: "one"}, nullable=True),
    ),
)
DAY = "2019-11-24T00:00:00Z"


def reader(path: Path, withheld: dict[str, Withheld] | None = None, **columns: Any) -> RecordReader:
    pq.write_table(pa.table(columns), path)
    table = open_table(path, DATA.format, DATA.columns, what="f", profile=scan(path, DATA.format))
    return RecordReader(table, layout_of_group(GROUP, DATA, table, "f"), withheld)


def test_a_record_with_several_faults_is_one_row_and_its_id_is_told(tmp_path: Path) -> None:
    counts = ColumnCounts()
    read = reader(tmp_path / "f", id=["a", "b", None], when=[DAY, "no", DAY], code=[1, 2, 3])
    (chunk,) = read.chunks({}, counts)
    assert (chunk.rows, len(chunk), chunk.refused) == (3, 1, ("b",))
    assert [(reject.row, reject.column) for reject in chunk.rejects] == [
        (2, "when"), (2, "code"), (3, "id"), (3, "code")
    ]  # fmt: skip
    assert (counts.faulty["code"], counts.empty["code"]) == (2, 0)


def test_a_repeated_record_is_rejected_and_its_first_one_is_not_refused(tmp_path: Path) -> None:
    read = reader(
        tmp_path / "f",
        id=["b", "a", "a", "a"],
        when=[DAY, DAY, DAY, "2020-01-01T00:00:00Z"],
        code=[1, 1, None, 1],
    )
    duplicates = read.duplicates()
    (chunk,) = read.chunks(duplicates)
    assert duplicates == {3: 2}  # the same id at another time is another record
    assert (len(chunk), chunk.refused) == (3, ())


def test_a_withheld_record_is_rejected_with_the_reason_given(tmp_path: Path) -> None:
    withheld = {"b": Withheld("because"), "z": Withheld("not here")}
    read = reader(tmp_path / "f", withheld, id=["a", "b"], when=[DAY, DAY], code=[1, 1])
    (chunk,) = read.chunks({})
    assert chunk.columns["id"].to_pylist() == ["a"]
    (reject,) = chunk.rejects
    assert (reject.row, reject.column, reject.value, reject.reason) == (2, "id", "b", "because")
    assert chunk.refused == ()


def test_of_an_erased_record_only_what_is_later_than_its_erasure_is_taken(tmp_path: Path) -> None:
    times = ["2019-11-24T00:00:00Z", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.001Z"]
    until = datetime(2020, 1, 1, tzinfo=UTC)
    withheld = {"a": Withheld("it was erased", until)}
    read = reader(
        tmp_path / "f", withheld, id=["a", "a", "a", "b"], when=[*times, DAY], code=[1] * 4
    )
    (chunk,) = read.chunks({})
    assert [(reject.row, reject.reason) for reject in chunk.rejects] == [
        (1, "it was erased"), (2, "it was erased")
    ]  # fmt: skip
    assert chunk.numbers.tolist() == [3, 4]
    assert (chunk.erased, chunk.refused) == (2, ())
