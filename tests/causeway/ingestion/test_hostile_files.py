"""Files as they come: each broken one is refused or its bad rows named, and no row is lost."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from causeway.errors import BadInput
from causeway.ingestion.files import open_table
from causeway.ingestion.layouts import layout_of_group
from causeway.ingestion.records import RecordReader, Reject
from causeway.ingestion.scan import scan
from causeway.use_cases.contracts import (
    EventTime,
    Feature,
    FeatureGroup,
    RawData,
    RecordId,
)
from causeway.use_cases.file_formats import FileFormat

COLUMNS = ("id", "code", "amount", "note")
DATA = RawData(
    description="a table of the tests",
    format=FileFormat(separator=",", header=True),
    record_id=RecordId(source="column", column="id"),
    event_time=EventTime(fixed="2019-11-24T00:00:00Z"),
    columns=COLUMNS,
)
GROUP = FeatureGroup(
    name="bench",
    features=(
        Feature(name="code", source="code", type="Integral", codes={1: "one", 2: "two"}),
        Feature(name="amount", source="amount", type="Fractional"),
        Feature(name="note", source="note", type="String", nullable=True),
    ),
)
HEADER = "id,code,amount,note\n"
GOOD = "a,1,1.5,x\nb,2,2.5,\n"


def read(path: Path) -> tuple[list[str], list[Reject], int]:
    """Return the ids of the good records, the rejects, and how many rows there were."""
    scanned = scan(path, DATA.format)
    table = open_table(path, DATA.format, COLUMNS, what="the file", profile=scanned)
    reader = RecordReader(table, layout_of_group(GROUP, DATA, table, "the file"))
    ids, rejects, rows = [], [], 0
    for chunk in reader.chunks(reader.duplicates()):
        ids += chunk.columns["record_id"].to_pylist() if len(chunk) else []
        rejects += chunk.rejects
        rows += chunk.rows
    assert len(ids) + len({reject.row for reject in rejects}) == rows
    return ids, rejects, rows


def parquet(**columns: Any) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


NORMAL = {"id": ["a"], "code": [1], "amount": [1.0], "note": ["x"]}
REFUSED: dict[str, tuple[bytes, str]] = {
    "an empty file": (b"", "is empty"),
    "a byte order mark alone": (b"\xef\xbb\xbf\n", "is empty"),
    "another separator": ((HEADER + GOOD).replace(",", ";").encode(), "found semicolon"),
    "no separator": (b"id\n1\n", "found no known separator"),
    "a header that names a column twice": (b"id,code,code,note\na,1,1,x\n", "stands 2 times"),
    "a header in another encoding": ("id,code,größe\n".encode("latin-1"), "no UTF-8"),
    "a header that lacks a column": (b"id,code,note\na,1,x\n", "lacks columns of bench: amount"),
    "a truncated Parquet file": (parquet(**NORMAL)[:-20], "no readable Parquet file"),
    "a Parquet file of four bytes": (b"PAR1", "no readable Parquet file"),
    "a Parquet file without rows": (
        parquet(**{name: pa.array([], pa.string()) for name in NORMAL}),
        "has no records",
    ),
    "a column of lists": (parquet(**NORMAL | {"note": [["x"]]}), "wrong type"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(case: str, tmp_path: Path) -> None:
    content, message = REFUSED[case]
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=message) as caught:
        read(path)
    assert caught.value.next_step


REJECTED: dict[str, tuple[bytes, list[str], list[tuple[int, str | None, str]]]] = {
    "a byte order mark": (b"\xef\xbb\xbf" + (HEADER + GOOD).encode(), ["a", "b"], []),
    "line ends of Windows": ((HEADER + GOOD).replace("\n", "\r\n").encode(), ["a", "b"], []),
    "mixed types": (f"{HEADER}{GOOD}c,one,x,y\n".encode(), ["a", "b"], [
        (4, "code", "is no whole number"), (4, "amount", "is no number")]),
    "ids that are none": (f"{HEADER}{GOOD}NaN,1,1,x\n,1,1,x\n".encode(), ["a", "b"], [
        (4, "id", "the record has no id"), (5, "id", "the record has no id")]),
    "an id twice": (f"{HEADER}{GOOD}a,1,1,x\n".encode(), ["a", "b"], [
        (4, "id", "the record id is a duplicate of row 2")]),
    "too long a text": (f"{HEADER}{GOOD}c,1,1,{'x' * 400_000}\n".encode(), ["a", "b"], [
        (4, "note", "has 400000 characters; the feature store takes 358400")]),
    "10,000 characters": (f"{HEADER}c,1,1,{'x' * 10_000}\n".encode(), ["c"], []),
    "too few and too many values": (f"{HEADER}{GOOD}c,1\nd,1,1,x,y\n".encode(), ["a", "b"], [
        (4, None, "has 2 values, expected 4"), (5, None, "has 5 values, expected 4")]),
    "an empty line within": (f"{HEADER}a,1,1,x\n\nb,1,1,x\n".encode(), ["a", "b"], [
        (3, None, "the line is empty")]),
    "a line that is no UTF-8": (f"{HEADER}{GOOD}".encode() + b"c,1,1,\xff\nd,1,1,x\n",
        ["a", "b", "d"], [(4, None, "is no UTF-8")]),
    "infinity and NaN": (f"{HEADER}{GOOD}c,1,inf,x\nd,1,nan,x\n".encode(), ["a", "b"], [
        (4, "amount", "is no number"), (5, "amount", "is no number")]),
}  # fmt: skip


@pytest.mark.parametrize("case", REJECTED)
def test_rows_that_break_the_contract_are_named_and_the_others_kept(
    case: str, tmp_path: Path
) -> None:
    content, ids, reasons = REJECTED[case]
    path = tmp_path / "file"
    path.write_bytes(content)
    records, rejects, _ = read(path)
    assert records == ids
    assert [(reject.row, reject.column, reject.reason) for reject in rejects] == reasons


def test_one_percent_of_bad_codes_is_one_percent_of_rejects(tmp_path: Path) -> None:
    path = tmp_path / "file"
    lines = (f"{n:06d},{9 if n % 100 == 0 else 1},1.0,x\n" for n in range(20_000))
    path.write_text(HEADER + "".join(lines))
    ids, rejects, rows = read(path)
    assert (len(ids), len(rejects), rows) == (19_800, 200, 20_000)
    assert [reject.row for reject in rejects] == list(range(2, 20_002, 100))
    assert {reject.reason for reject in rejects} == {"is an unknown code; allowed: 1, 2"}


WRITERS: dict[str, Callable[[Path, dict[str, list[Any]]], object]] = {
    "text": lambda path, rows: path.write_text(
        HEADER + "".join(",".join(map(str, row)) + "\n" for row in zip(*rows.values(), strict=True))
    ),
    "Parquet": lambda path, rows: pq.write_table(pa.table(rows), path),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_duplicate_is_found_however_far_away(kind: str, tmp_path: Path) -> None:
    count = 70_000  # more than one chunk
    ids = [f"r{n:06d}" for n in range(count)]
    ids[-1] = ids[0]
    rows: dict[str, list[Any]] = {
        "id": ids, "code": [1] * count, "amount": [1.5] * count, "note": ["x"] * count
    }  # fmt: skip
    path = tmp_path / "file"
    WRITERS[kind](path, rows)
    records, rejects, _ = read(path)
    first = 2 if kind == "text" else 1
    assert len(records) == count - 1
    assert [(reject.row, reject.reason) for reject in rejects] == [
        (count - 1 + first, f"the record id is a duplicate of row {first}")
    ]
