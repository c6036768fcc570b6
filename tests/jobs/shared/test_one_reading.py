"""A file is read once: validation and job give the same rows, the same refusals, the same numbers.

Files are generated from cells, so that what they hold is known without reading them.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from causeway.errors import BadInput
from causeway.features.groups import contract_document
from causeway.ingestion.files import open_table
from causeway.ingestion.layouts import layout_of_group
from causeway.ingestion.raw_data import validate_raw
from causeway.ingestion.records import RecordReader
from causeway.ingestion.scan import scan
from causeway.use_cases.contracts import (
    Derive,
    EventTime,
    Feature,
    FeatureGroup,
    RawData,
    RecordId,
)
from causeway.use_cases.file_formats import FileFormat, TimeFormat
from causeway.use_cases.raw_sources import RawSource
from tests.causeway.values import use_case_with
from tests.jobs.scripts import Load

EXAMPLES = 2000 if os.environ.get("CAUSEWAY_DEPTH") == "full" else 100
COLUMNS = ("customer no.", "when (local)", "1st count", "rate [%]", "país", "opened", "spare")
WHOLE = Feature(name="whole", source="1st count", type="Integral", nullable=True)
RATE = Feature(name="rate", source="rate [%]", type="Fractional")
COUNTRY = Feature(name="country", source="país", type="String", nullable=True, nulls=("-",))
OPENED = Feature(
    name="opened",
    source="opened",
    type="String",
    nullable=True,
    time=TimeFormat(format="%Y/%m/%d", zone="UTC"),
)
SHARE = Feature(
    name="share", type="Fractional", derive=Derive(op="ratio", of=("whole", "rate")), nullable=True
)
GROUP = FeatureGroup(name="read-once", features=(WHOLE, RATE, COUNTRY, OPENED, SHARE))


@dataclass(frozen=True)
class File:
    """The cells of a file, and how they are written."""

    format: FileFormat
    by_line: bool
    rows: list[list[str]]
    end: str
    empty_lines: int
    quoting: int
    beside: bool

    @property
    def source(self) -> RawSource:
        """The raw source of this file: a use case's only one, or one beside another."""
        identifier = (
            RecordId(source="line_number", format="r-%d")
            if self.by_line
            else RecordId(source="column", column=COLUMNS[0])
        )
        data = RawData(
            format=self.format,
            record_id=identifier,
            event_time=EventTime(column=COLUMNS[1], zone="Europe/Berlin"),
            columns=COLUMNS[1:6] if self.by_line else COLUMNS[:6],
            ignored="others",
        )
        if not self.beside:
            return use_case_with(data=data, feature_groups=(GROUP,)).raw_source()
        groups = tuple(
            GROUP.model_copy(update={"name": f"read-{name}", "raw_source": name})
            for name in ("other", "this")
        )
        other = data.model_copy(update={"format": FileFormat(separator="^"), "columns": ("x",)})
        sources = {"other": other, "this": data}
        case = use_case_with(data=None, sources=sources, feature_groups=groups)
        return case.raw_source("this")

    def write(self, path: Path) -> None:
        """Write the file."""
        out = io.StringIO()
        writer = csv.writer(
            out,
            delimiter=self.format.separator,
            quotechar=self.format.quote,
            lineterminator=self.end,
            quoting=self.quoting,  # type: ignore[arg-type]
        )
        out.write(f"# a comment{self.end}" * self.format.skip_lines)
        writer.writerows([COLUMNS, *self.rows])
        out.write(self.end * self.empty_lines)
        content = out.getvalue().encode(self.format.encoding)
        path.write_bytes(gzip.compress(content) if self.format.compression == "gzip" else content)

    @property
    def lines(self) -> list[int]:
        """The line that each row begins in."""
        lines, line = [], self.format.skip_lines + 2
        for row in self.rows:
            lines.append(line)
            line += 1 + sum(len(re.findall("\r\n|\r|\n", cell)) for cell in row)
        return lines

    def expected(self) -> tuple[list[dict[str, Any]], set[tuple[int, str]]]:
        """Return the records, and what is wrong by line and column."""
        records, faults = [], set()
        for line, row in zip(self.lines, self.rows, strict=True):
            cells = dict(zip(COLUMNS, row, strict=True))
            record: dict[str, Any] = {
                "record_id": f"r-{line - self.format.skip_lines - 1}" if self.by_line else row[0]
            }
            if not self.by_line and self._null(row[0]):
                faults.add((line, COLUMNS[0]))
            record["event_time"] = _time(cells[COLUMNS[1]])
            if record["event_time"] is None:
                faults.add((line, COLUMNS[1]))
            for feature in GROUP.features[:4]:
                value, fault = self._value(feature, cells[str(feature.source)])
                record[feature.name] = value
                if fault:
                    faults.add((line, str(feature.source)))
            whole, rate = record["whole"], record["rate"]
            record["share"] = whole / rate if whole is not None and rate else None
            records.append(record)
        return records, faults

    def _null(self, text: str) -> bool:
        return text in ("", *self.format.nulls)

    def _value(self, feature: Feature, text: str) -> tuple[Any, bool]:
        nulls = self.format.nulls if feature.nulls is None else feature.nulls
        if text in ("", *nulls):
            return None, not feature.nullable
        if feature.time:
            try:
                day = datetime.strptime(text, "%Y/%m/%d").replace(tzinfo=UTC)
            except ValueError:
                return None, True
            return day.strftime("%Y-%m-%dT00:00:00.000Z"), False
        if feature.type == "String":
            return text, False
        if feature.type == "Fractional" and self.format.decimal == ",":
            if "." in text:
                return None, True
            text = text.replace(",", ".")
        if feature.fault_of(text):
            return None, True
        return (int(text) if feature.type == "Integral" else float(text)), False


#: Times that are written in several ways, with what they are.
TIMES = {
    "2024-05-01T00:00:00Z": "2024-05-01T00:00:00Z",
    "2024-05-01T02:00:00+02:00": "2024-05-01T00:00:00.000Z",
    "2024-05-01 12:30:00.123456": "2024-05-01T10:30:00.123Z",
    "2024-01-01": "2023-12-31T23:00:00.000Z",
    "2024-13-01": None,
    "0001-01-01T00:00:00+14:00": None,
    "soon": None,
    "": None,
}


def _time(text: str) -> str | None:
    return TIMES[text]


NUMBERS = ("0", "1", "-7", "007", "1.5", "1,5", "1e3", "1_0", "NA", "", "-", "٣", "9" * 30)
TEXTS = st.text("aé ,;|\"'\n\t-#.", max_size=5) | st.sampled_from(["NA", "null", "\r\n", "-", ""])
GOOD_NUMBERS = ("0", "3", "-7", "12")


@st.composite
def files(draw: st.DrawFn) -> File:
    """Draw a file; half of them hold nothing that is wrong."""
    good = draw(st.booleans())
    format_ = FileFormat(
        separator=draw(st.sampled_from(",;\t| ")),
        quote=draw(st.sampled_from("\"'")),
        decimal=draw(st.sampled_from(".,")),
        encoding=draw(st.sampled_from(["utf-8", "utf-16", "utf-8-sig"])),
        compression=draw(st.sampled_from(["none", "gzip"])),
        skip_lines=draw(st.integers(0, 2)),
        nulls=draw(st.sampled_from([(), ("NA",), ("NA", "1")])),
    )
    plain = draw(st.booleans())
    texts = st.sampled_from(["NA", "xy", "-", ""]) if plain else TEXTS
    numbers = st.sampled_from(GOOD_NUMBERS if good else NUMBERS)
    times = st.sampled_from([time for time in TIMES if TIMES[time] or not good])
    days = st.sampled_from(["2012/01/31", ""] if good else ["2012/01/31", "2012-01-31", ""])
    ids = [f"{number:04d}" for number in range(20)]
    rows = draw(st.lists(st.tuples(times, numbers, numbers, texts, days, texts), max_size=12))
    cells = [[ids[number], *row] for number, row in enumerate(rows)]
    if cells and not good and draw(st.booleans()):
        cells[0][0] = draw(st.sampled_from(["", "NA"]))
    return File(
        format_,
        draw(st.booleans()),
        cells,
        draw(st.sampled_from(["\n", "\r\n"])),
        draw(st.integers(0, 2)),
        draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        draw(st.booleans()),
    )


@pytest.fixture
def job(script: Load) -> ModuleType:
    return script("features")


@given(files())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_validation_job_and_ingestion_give_the_same_rows_and_refusals(
    job: ModuleType, file: File
) -> None:
    records, faults = file.expected()
    with tempfile.TemporaryDirectory() as name:
        raw, rows = Path(name) / "raw", Path(name) / "rows.parquet"
        file.write(raw)
        if faults or not records:
            with pytest.raises(BadInput) as refused:
                validate_raw(raw, file.source, rows_to=rows, limit=1000)
            told = {
                (row, problem.column)
                for problem in refused.value.problems
                for row in (problem.row, *problem.others)
            }
            assert told == faults
            return
        assert validate_raw(raw, file.source, rows_to=rows).rows == len(records)
        contract = contract_document(file.source)
        (table,) = job.engineer(job.read_rows(rows, contract), contract).values()
        assert table.drop_columns(["_line"]).to_pylist() == records
        pq.write_table(table, raw)
        assert ingested(raw, file.source) == records


def ingested(path: Path, source: RawSource) -> list[dict[str, Any]]:
    """Return the records that ingestion reads of what the job made."""
    format_ = source.data.format
    table = open_table(path, format_, (), what="f", profile=scan(path, format_))
    reader = RecordReader(table, layout_of_group(GROUP, source.data, table, "f"))
    (chunk,) = reader.chunks(reader.duplicates())
    assert not chunk.rejects
    columns = {name: column.to_pylist() for name, column in chunk.columns.items()}
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
