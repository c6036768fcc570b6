"""How a data file is written is guessed from the file."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from causeway.errors import BadInput
from stack.processes import StackError
from stack.use_cases.file_guess import guess_file

ROWS = [("name", "size", "what"), *((f"n{i}", f"{i}.5", "a, b") for i in range(60))]


def text(separator: str = ",", quote: str = '"', rows: Any = ROWS) -> str:
    def cell(value: str) -> str:
        return f"{quote}{value}{quote}" if separator in value or " " in value else value

    return "\n".join(separator.join(map(cell, row)) for row in rows) + "\n"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("quote", ['"', "'"])
def test_separator_and_quote(tmp_path: Path, separator: str, quote: str) -> None:
    (path := tmp_path / "a.csv").write_text(text(separator, quote))
    guess = guess_file(path)
    assert (guess.separator, guess.header, list(guess.columns)) == (separator, True, list(ROWS[0]))
    if separator in (",", " "):
        assert guess.quote == quote
        assert set(guess.columns["what"]) == {"a, b"}


def test_a_file_of_numbers_has_no_header(tmp_path: Path) -> None:
    (path := tmp_path / "a.csv").write_text("".join(f"{i},{i * 2},x\n" for i in range(60)))
    guess = guess_file(path)
    assert (guess.header, guess.rows) == (False, 60)
    assert list(guess.columns) == ["column_1", "column_2", "column_3"]


@pytest.mark.parametrize(
    ("content", "encoding", "compression"),
    [
        (text().replace("n1,", "ü,").encode("cp1252"), "cp1252", "none"),
        (text().replace("n1,", "ü,").encode(), "utf-8", "none"),
        (text().encode("utf-8-sig"), "utf-8", "none"),
        (text().encode("utf-16"), "utf-16", "none"),
        (gzip.compress(text().encode()), "utf-8", "gzip"),
    ],
)
def test_encoding_and_compression(
    tmp_path: Path, content: bytes, encoding: str, compression: str
) -> None:
    (path := tmp_path / "a.csv").write_bytes(content)
    guess = guess_file(path)
    assert (guess.encoding, guess.compression) == (encoding, compression)
    assert list(guess.columns) == ["name", "size", "what"]


def test_comments_before_the_header_are_skipped(tmp_path: Path) -> None:
    (path := tmp_path / "a.csv").write_text("# made by\n# somebody\n" + text())
    assert (guess_file(path).skip_lines, guess_file(path).rows) == (2, 60)


def test_a_comma_in_numbers_is_a_decimal_mark_and_their_na_is_no_value(tmp_path: Path) -> None:
    rows = [("a", "country"), *((f"{i},5", "NA") for i in range(60)), ("NA", "DE")]
    (path := tmp_path / "a.csv").write_text("\n".join(";".join(row) for row in rows))
    guess = guess_file(path)
    assert (guess.decimal, guess.nulls) == (",", ("NA",))


def test_na_among_texts_alone_stays_a_text(tmp_path: Path) -> None:
    rows = [("a", "country"), *((f"{i}", ("NA", "DE")[i % 2]) for i in range(60))]
    (path := tmp_path / "a.csv").write_text("\n".join(",".join(row) for row in rows))
    assert guess_file(path).nulls == ()


def test_a_quoted_line_break_is_part_of_a_value(tmp_path: Path) -> None:
    (path := tmp_path / "a.csv").write_text(text().replace('"a, b"', '"a,\nb"'))
    assert set(guess_file(path).columns["what"]) == {"a,\nb"}


def test_a_parquet_file_is_read(tmp_path: Path) -> None:
    table = pa.table({"a": [1, None] * 30, "b": ["x", "y"] * 30})
    pq.write_table(table, path := tmp_path / "a.parquet")
    guess = guess_file(path)
    assert guess.parquet
    assert guess.columns["a"][:2] == ["1", ""]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n1,2,3\n" + "1,2\n" * 9, "row 3: has 3 values, expected 2"),
        ("a;b\n1,5;2\n\n" + "1,5;2\n" * 99, "row 3: the line is empty"),
        ("words\n" * 60, "is no table: none of the separators"),
        ("\x89PNG\r\n\x1a\n\0", "is a picture, no text"),
        ("a,a\nx,y\n", "'a' twice"),
        ("a,b\n", "no rows"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (path := tmp_path / "a.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises((BadInput, StackError), match=said):
        guess_file(path)
