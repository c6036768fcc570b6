"""Files as people have them, each with its right value or its message.

Every row stands for a kind of trouble that was seen with raw files elsewhere.
"""

from __future__ import annotations

import datetime
import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from causeway.documents import parse
from causeway.errors import BadInput, ConfigError
from causeway.ingestion.raw_data import validate_raw
from causeway.use_cases.contracts import Feature, FeatureGroup, RawData
from causeway.use_cases.use_case import UseCase
from tests.causeway.values import use_case_with

INTEGRAL, FRACTIONAL, STRING = (
    {"type": kind, "nullable": False} for kind in ("Integral", "Fractional", "String")
)


def contract(
    columns: Mapping[str, Mapping[str, Any]],
    format_: Mapping[str, Any] | None = None,
    **data: Any,
) -> UseCase:
    """Return a use case of these columns: `name` of the feature by default `f0`, `f1`, …."""
    features = tuple(
        Feature.model_validate({"name": f"f{number}", "source": name, **rule})
        for number, (name, rule) in enumerate(columns.items())
    )
    document = {
        "format": {"separator": ",", **(format_ or {})},
        "record_id": {"from": "line_number"},
        "event_time": {"fixed": "2026-01-01T00:00:00Z"},
        "columns": list(columns),
        **data,
    }
    keys = [document["record_id"].get("column"), document["event_time"].get("column")]
    document["columns"] += [key for key in keys if key and key not in columns]
    group = FeatureGroup(name="troubles", features=features)
    return use_case_with(data=RawData.model_validate(document), feature_groups=(group,))


def read(case: UseCase, content: bytes | str, folder: Path) -> dict[str, list[Any]]:
    """Return the rows of a file as the job gets them."""
    (folder / "raw").write_bytes(content.encode() if isinstance(content, str) else content)
    validate_raw(folder / "raw", case.raw_source(), file="file.csv", rows_to=folder / "rows")
    columns: dict[str, list[Any]] = pq.read_table(folder / "rows").to_pydict()
    return columns


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def optional(rule: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {**rule, "nullable": True, **more}


BY_ID = {"record_id": {"from": "column", "column": "id"}}
BY_TIME = {"event_time": {"column": "when"}}
FOUR = {"a": INTEGRAL, "b": FRACTIONAL, "s": STRING, "y": INTEGRAL}
MOMENT = datetime.datetime(2024, 5, 1, 0, 0, 0, 123456, datetime.UTC)

READ: dict[str, tuple[UseCase, bytes | str, dict[str, list[Any]]]] = {
    "UTF-8 after a line that is skipped": (
        contract(FOUR, {"skip_lines": 1}), "x\na,b,s,y\n1,1.5,Köln,0\n", {"f2": ["Köln"]}
    ),
    "UTF-8 in an archive": (
        contract(FOUR, {"compression": "gzip"}),
        gzip.compress("a,b,s,y\n1,1.5,Köln,0\n".encode()),
        {"f2": ["Köln"]},
    ),
    "NA is Namibia": (contract(FOUR), "a,b,s,y\n1,1.5,NA,0\n", {"f2": ["NA"]}),
    "NA is Namibia, quoted": (contract(FOUR), 'a,b,s,y\n1,1.5,"NA",0\n', {"f2": ["NA"]}),
    "NA is no value where it is declared": (
        contract({"a": optional(INTEGRAL), "s": optional(STRING, nulls=())}, {"nulls": ["NA"]}),
        "a,s\nNA,NA\n1,x\n",
        {"f0": [None, 1], "f1": ["NA", "x"]},
    ),
    "an id called NA": (
        contract({"a": INTEGRAL}, **BY_ID), "id,a\nNA,1\n", {"_record": ["NA"]}
    ),
    "rows of separators": (
        contract({"a": optional(INTEGRAL), "y": optional(INTEGRAL)}),
        "a,y\n1,2\n,\n,\n,\n",
        {"_line": [2, 3, 4, 5], "f0": [1, None, None, None]},
    ),
    "rows of separators, one cell quoted": (
        contract({"a": optional(INTEGRAL), "y": optional(INTEGRAL)}),
        'a,y\n"1",2\n,\n,\n,\n',
        {"_line": [2, 3, 4, 5], "f0": [1, None, None, None]},
    ),
    "empty lines at the end": (
        contract({"a": INTEGRAL, "y": INTEGRAL}), "a,y\n1,2\n\n\n", {"_line": [2]}
    ),
    "one column": (contract({"a": INTEGRAL}), "a\n1\n2\n", {"f0": [1, 2]}),
    "an id with leading zeros that is a feature too": (
        contract({"id": INTEGRAL}, **BY_ID),
        "id\n00123\n123\n",
        {"_record": ["00123", "123"], "f0": [123, 123]},
    ),
    "Parquet": (
        contract({"a": INTEGRAL, "s": STRING}),
        parquet(a=[1, 2], s=["NA", "x"]),
        {"_line": [1, 2], "f0": [1, 2], "f1": ["NA", "x"]},
    ),
    "microseconds in Parquet": (
        contract({"a": INTEGRAL}, **BY_TIME),
        parquet(a=[1], when=pa.array([MOMENT], pa.timestamp("us", "Asia/Tokyo"))),
        {"_time": ["2024-05-01T00:00:00.123Z"]},
    ),
    "microseconds in a text": (
        contract({"a": INTEGRAL}, **BY_TIME),
        "a,when\n1,2024-05-01T00:00:00.123456Z\n",
        {"_time": ["2024-05-01T00:00:00.123Z"]},
    ),
    "a line break in a cell": (
        contract({"s": STRING, "a": INTEGRAL}),
        's,a\n"two\r\nlines",1\nx,2\n',
        {"_line": [2, 4], "f0": ["two\r\nlines", "x"]},
    ),
    "gzip, declared": (
        contract({"a": INTEGRAL, "y": INTEGRAL}, {"compression": "gzip"}),
        gzip.compress(b"a,y\n1,2\n"),
        {"f1": [2]},
    ),
    "UTF-16, declared": (
        contract({"größe": INTEGRAL, "y": STRING}, {"encoding": "utf-16"}),
        "größe,y\n1,é\n".encode("utf-16"),
        {"f0": [1], "f1": ["é"]},
    ),
    "an older encoding, declared": (
        contract({"größe": INTEGRAL, "y": STRING}, {"encoding": "cp1252"}),
        "größe,y\r\n1,€\r\n".encode("cp1252"),
        {"_line": [2], "f1": ["€"]},
    ),
    "lines before the header, declared": (
        contract({"a": INTEGRAL, "y": INTEGRAL}, {"skip_lines": 2}),
        'made by "x\n# on a day\na,y\n1,2\n',
        {"_line": [4], "f0": [1]},
    ),
    "headers as they are": (
        contract({"1st amount (EUR)": FRACTIONAL, "Zahl der Kinder": INTEGRAL, "国": STRING}),
        "1st amount (EUR),Zahl der Kinder,国\n1.5,2,DE\n",
        {"f0": [1.5], "f1": [2], "f2": ["DE"]},
    ),
    "columns that nobody reads": (
        contract({"a": INTEGRAL}, ignored=["", "note"]), ",a,note\n0,1,x\n", {"f0": [1]}
    ),
    "all other columns": (contract({"a": INTEGRAL}, ignored="others"), "b,a\nx,1\n", {"f0": [1]}),
    "NA in numbers": (
        contract({"a": optional(FRACTIONAL, nulls=("NA", "?"))}),
        "a\nNA\n?\n1.5\n",
        {"f0": [None, None, 1.5]},
    ),
    "a decimal comma": (
        contract({"a": FRACTIONAL, "b": INTEGRAL}, {"separator": ";", "decimal": ","}),
        "a;b\n1,5;2\n",
        {"f0": [1.5], "f1": [2]},
    ),
    "dates with slashes": (
        contract(
            {"a": INTEGRAL},
            event_time={"column": "when", "format": "%Y/%m/%d", "zone": "Europe/Berlin"},
        ),
        "a,when\n1,2012/01/01\n",
        {"_time": ["2011-12-31T23:00:00.000Z"]},
    ),
    "unix seconds": (
        contract({"a": INTEGRAL}, event_time={"column": "when", "format": "unix_seconds"}),
        "a,when\n1,1714521600\n1,1714521600.5\n",
        {"_time": ["2024-05-01T00:00:00.000Z", "2024-05-01T00:00:00.500Z"]},
    ),
    "a feature that is a time": (
        contract({"since": optional(STRING, time={"format": "%d.%m.%Y", "zone": "UTC"})}),
        "since\n31.01.2020\n",
        {"f0": ["2020-01-31T00:00:00.000Z"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_it_is_read(name: str, tmp_path: Path) -> None:
    case, content, expected = READ[name]
    rows = read(case, content, tmp_path)
    assert {column: rows[column] for column in expected} == expected


TWO = {"a": INTEGRAL, "y": INTEGRAL}
REFUSED: dict[str, tuple[UseCase, bytes | str, Sequence[str]]] = {
    "an id called null": (
        contract({"a": INTEGRAL}, **BY_ID),
        "id,a\nnull,1\n",
        ["row 2, column 'id', value 'null': the record has no id"],
    ),
    "an id that is declared as no value": (
        contract({"a": INTEGRAL}, {"nulls": ["-"]}, **BY_ID),
        "id,a\n-,1\n",
        ["row 2, column 'id', value '-': the record has no id"],
    ),
    "one instant in two spellings": (
        contract({"a": INTEGRAL}, **BY_ID, **BY_TIME),
        "a,id,when\n1,x,2024-05-01T00:00:00Z\n1,x,2024-05-01T02:00:00+02:00\n",
        ["row 3, column 'id', value 'x': the record id is a duplicate of row 2"],
    ),
    "an instant without a year": (
        contract({"a": INTEGRAL}, **BY_TIME),
        "a,when\n1,2024-05-01T00:00:00Z\n1,0001-01-01T00:00:00+14:00\n",
        ["row 3, column 'when', value '0001-01-01T00:00:00+14:00'", "is out of range"],
    ),
    "a time without a zone": (
        contract({"a": INTEGRAL}, **BY_TIME),
        parquet(a=[1], when=pa.array([MOMENT.replace(tzinfo=None)], pa.timestamp("us"))),
        ["row 1, column 'when'", "is no instant; allowed: 2026-01-31T00:00:00Z"],
    ),
    "seconds that are none": (
        contract({"a": INTEGRAL}, event_time={"column": "when", "format": "unix_seconds"}),
        "a,when\n1,99999999999999999\n",
        ["row 2, column 'when', value '99999999999999999'", "no time of the format unix_seconds"],
    ),
    "an empty line within": (contract(TWO), "a,y\n1,2\n\n3,4\n", ["row 3: the line is empty"]),
    "an empty line in one column": (
        contract({"a": optional(INTEGRAL)}), "a\n1\n\n3\n", ["row 3: the line is empty"]
    ),
    "gzip, by content and not by name": (
        contract(TWO),
        gzip.compress(b"a,y\n1,2\n"),
        ["file.csv is compressed with gzip", "`compression: none`", "`data.format`"],
    ),
    "no gzip, where it is declared": (
        contract(TWO, {"compression": "gzip"}), "a,y\n1,2\n", ["file.csv is not compressed"]
    ),
    "damaged gzip": (
        contract(TWO, {"compression": "gzip"}),
        gzip.compress(b"a,y\n1,2\n" * 99)[:-12],
        ["file.csv is no readable gzip file"],
    ),
    "a bomb": (
        contract(TWO, {"compression": "gzip"}),
        gzip.compress(b"a,y\n" + b"1,2\n" * (40 << 20)),
        ["file.csv unpacks to more than 200 times its size"],
    ),
    "a workbook": (contract(TWO), b"PK\x03\x04...", ["is a zip archive or an Excel workbook"]),
    "UTF-16": (
        contract(TWO), "a,y\n1,2\n".encode("utf-16"), ["is text in UTF-16", "`encoding: utf-16`"]
    ),
    "UTF-16 without a mark": (
        contract(TWO), "a,y\n1,2\n".encode("utf-16-le"), ["holds bytes of zero", "utf-16-le"]
    ),
    "UTF-8 under an encoding that reads it as other letters": (
        contract(TWO, {"encoding": "cp1252"}),
        "a,y\n1,2\nKöln,2\n",
        ["file.csv is text in UTF-8; the contract declares cp1252", "Declare `encoding: utf-8`"],
    ),
    "a byte order mark of UTF-8 under another encoding": (
        contract(TWO, {"encoding": "cp1252", "compression": "gzip"}),
        gzip.compress("\ufeffa,y\n1,2\n".encode()),
        ["file.csv is text in UTF-8; the contract declares cp1252"],
    ),
    "rows that are no UTF-8": (
        contract(TWO),
        "a,y\n1,2\nKöln,3\nKöln,4\n".encode("cp1252"),
        ["rows 3, 4, value", ": is no UTF-8", ": cp1252 would read the whole file"],
    ),
    "a header that is no UTF-8": (
        contract(TWO),
        "ä,y\n1,2\n".encode("cp1252"),
        ["file.csv is no UTF-8 text", "row 1: is no UTF-8", "cp1252 would read the whole file"],
    ),
    "a picture": (contract(TWO), b"\x89PNG\r\n\x1a\n", ["file.csv is a picture, no text"]),
    "a value that is wrong in many rows": (
        contract({"a": FRACTIONAL, "y": INTEGRAL}),
        "a,y\n" + "x,2\n" * 30 + "z,2\n",
        [
            "- rows 2, 3, 4, 5, 6 and 25 more, column 'a', value 'x': is no number\n"
            "- row 32, column 'a', value 'z': is no number",
        ],
    ),
    "another encoding than declared": (
        contract(TWO, {"encoding": "ascii"}),
        "a,y\n1,2\n1,ü\n",
        ["file.csv is no text in ascii", "row 3"],
    ),
    "a comment": (
        contract(TWO), "# made by x\na,y\n1,2\n", ["row 1: is a comment", "`skip_lines`"]
    ),
    "one column where there should be two": (
        contract(TWO), "a\n1\n", ["file.csv has one column, its contract 2", "no known separator"]
    ),
    "a quotation that does not end": (
        contract(TWO),
        'a,y\n1,2\n"3,4\n5,6\n',
        ["cannot be read from row 3 on", "row 3: a quotation begins in it that does not end"],
    ),
    "a point under a decimal comma": (
        contract({"a": FRACTIONAL}, {"separator": ";", "decimal": ","}),
        "a\n1.234,5\n",
        ["row 2, column 'a', value '1.234,5': is no number"],
    ),
    "NA in numbers, not declared": (
        contract({"a": optional(FRACTIONAL)}),
        "a\nNA\n",
        ["row 2, column 'a', value 'NA': is no number"],
    ),
    "a column that is not declared": (
        contract(TWO), "a,y,z\n1,2,3\n", ["column 'z': is no column of the contract"]
    ),
    "a surplus value": (contract(TWO), "a,y\n1,2,3\n", ["row 2", "has 3 values, expected 2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_by_line_column_value_rule_and_next_step(name: str, tmp_path: Path) -> None:
    case, content, said = REFUSED[name]
    with pytest.raises(BadInput) as refused:
        read(case, content, tmp_path)
    message = str(refused.value)
    assert [part for part in said if part not in message] == []
    assert message.startswith("file.csv")
    assert "nothing was written" in message


def test_the_documented_contract_reads_the_file_that_it_describes(tmp_path: Path) -> None:
    text = Path("docs/ingestion.md").read_text().split("```yaml\n")[1].split("```")[0]
    data = yaml.safe_load(text)["data"]
    columns: dict[str, dict[str, Any]] = {"Betrag in EUR": FRACTIONAL, "Land": STRING}
    data.pop("columns")
    file = (
        "Export\r\nvom 1. Mai\r\nKunden-Nr.;Stand (Datum);Betrag in EUR;Land;Bemerkung\r\n"
        '00123;01.05.2024;"1,5";Österreich;"a;b"\r\n'
    )
    case = contract(columns, data.pop("format"), **data)
    rows = read(case, gzip.compress(file.encode("cp1252")), tmp_path)
    assert {name: values[0] for name, values in rows.items()} == {
        "_line": 4,
        "_record": "00123",
        "_time": "2024-04-30T22:00:00.000Z",
        "f0": 1.5,
        "f1": "Österreich",
    }


CONTRADICTIONS = {
    "a time pattern without a zone": (
        '{as_of: "2019-11-24T00:00:00Z"}', '{column: kredit, format: "%Y/%m/%d"}', "give `zone`"
    ),
    "a zone that is none": (
        '{as_of: "2019-11-24T00:00:00Z"}', "{column: kredit, zone: Nowhere}", "is no time zone"
    ),
    "an encoding that is none": (
        '{separator: " ", header: true}', '{separator: " ", encoding: base64}', "no encoding of"
    ),
    "a separator that is the quote": (
        '{separator: " ", header: true}', '{separator: "|", quote: "|"}', "both separator and quote"
    ),
    "a column that is read and ignored": (
        "  published:\n", "  ignored: [kredit]\n  published:\n", "read, but missing or ignored"
    ),
    "a range without any width": (
        "range: {min: 18, max: 120}", "range: {min: 18, max: 18}", "min below max"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contract_that_contradicts_itself_is_refused_when_it_is_read(name: str) -> None:
    before, after, message = CONTRADICTIONS[name]
    path = Path("include/config/use_cases/credit_risk.yaml")
    text = path.read_text()
    assert text.count(before) == 1
    with pytest.raises(ConfigError, match=message):
        parse(text.replace(before, after), UseCase, "credit_risk.yaml")
