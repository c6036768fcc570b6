"""A file of numbers alone is read as numbers: quicker, and with the same answer as read as text."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from causeway.ingestion import scan as scanning
from causeway.ingestion import text_table
from causeway.ingestion.files import open_table
from causeway.ingestion.layouts import layout_of_group
from causeway.ingestion.records import RecordReader
from causeway.ingestion.scan import Scan, scan
from causeway.use_cases.contracts import (
    EventTime,
    Feature,
    FeatureGroup,
    Range,
    RawData,
    RecordId,
)
from causeway.use_cases.file_formats import FileFormat

COLUMNS = ("code", "odd", "amount", "rate")
DATA = RawData(
    description="a table of the tests",
    format=FileFormat(separator=",", header=True),
    record_id=RecordId(source="line_number", format="r-%d"),
    event_time=EventTime(fixed="2019-11-24T00:00:00Z"),
    columns=COLUMNS,
)
GROUP = FeatureGroup(
    name="bench",
    features=(
        Feature(name="code", source="code", type="Integral", codes={1: "a", 2: "b", 3: "c"}),
        Feature(name="odd", source="odd", type="Integral", codes={1: "a", 5: "b"}, nullable=True),
        Feature(name="amount", source="amount", type="Integral", range=Range(min=0, max=100)),
        Feature(name="rate", source="rate", type="Fractional", nullable=True),
    ),
)
HEADER = ",".join(COLUMNS) + "\n"


def read(path: Path, scanned: Scan) -> tuple[dict[str, list[object]], set[tuple[object, ...]], int]:
    """Return the good records, (row, column, reason) of the rejects, and the number of rows."""
    table = open_table(path, DATA.format, COLUMNS, what="the file", profile=scanned)
    reader = RecordReader(table, layout_of_group(GROUP, DATA, table, "the file"))
    good: dict[str, list[object]] = {}
    rejects, rows = set(), 0
    for chunk in reader.chunks({}):
        for name, column in chunk.columns.items():
            good.setdefault(name, []).extend(column.to_pylist())
        rejects |= {(reject.row, reject.column, reject.reason) for reject in chunk.rejects}
        rows += chunk.rows
    return good, rejects, rows


def in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files read in several blocks, the header in the first."""
    for module in (scanning, text_table):
        monkeypatch.setattr(module, "BLOCK_BYTES", 160)


def both(path: Path, content: str) -> tuple[dict[str, list[object]], set[tuple[object, ...]], int]:
    """Read a file as numbers and as text, and return what both find."""
    path.write_text(HEADER + content)
    scanned = scan(path, DATA.format)
    assert scanned.plain and scanned.numeric
    as_numbers = read(path, scanned)
    assert as_numbers == read(path, dataclasses.replace(scanned, numeric=False))
    return as_numbers


VALUES = st.one_of(
    st.sampled_from(["", "1", "2", "5", "007", "-0", "+1", "1.5", "1e2", ".5", "5.", "-", "1-2"]),
    st.sampled_from(
        ["9223372036854775807", "9223372036854775808", "1e400", "1.7976931348623157e308"]
    ),
    st.integers(-200, 200).map(str),
    st.text("0123456789+-.eE", max_size=6),
)
LINES = st.lists(st.lists(VALUES, min_size=3, max_size=5).map(",".join), max_size=12)


@example(lines=["1,1,9223372036854775807,1"], end="\n")
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_and_text_give_the_same_answer(
    lines: list[str], end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_blocks(monkeypatch)
    both(tmp_path / "file", end.join([*lines, ""]))


def test_from_the_first_value_of_another_kind_on_the_file_is_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_blocks(monkeypatch)
    lines = [f"{n % 3 + 1},1,{n % 100},{n / 8}" for n in range(200)]
    lines[90] = "1,1"
    lines[120] = "1.5,1,1,1"
    lines[150] = "9,1,1,1"
    good, rejects, rows = both(tmp_path / "file", "\n".join(lines) + "\n")
    assert rows == 200
    assert len(good["code"]) == 197
    assert sorted(rejects, key=lambda reject: reject[0]) == [  # type: ignore[arg-type,return-value]
        (92, None, "has 2 values, expected 4"),
        (122, "code", "is no whole number"),
        (152, "code", "is an unknown code; allowed: 1, 2, 3"),
    ]


NOT_NUMERIC = [
    "0x1F,1,1,1\n",
    " 1,1,1,1\n",
    "1,1,1,nan\n",
    "1,1,1,inf\n",
    '"1",1,1,1\n',
    "1,1,1,\u0661\n",
]


@pytest.mark.parametrize("line", NOT_NUMERIC)
def test_what_arrow_would_take_for_a_number_makes_the_file_text(line: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(f"{HEADER}1,1,1,1\n{line}")
    assert not scan(path, DATA.format).numeric
