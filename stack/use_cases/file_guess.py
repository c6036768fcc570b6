"""How a data file is written, guessed from the file: what `data.format` then declares."""

from __future__ import annotations

import codecs
import csv
import gzip
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from causeway.ingestion.cells import text_of
from causeway.ingestion.decoding import GZIP
from causeway.ingestion.scan import is_parquet
from stack.processes import StackError

SEPARATORS: Final = (",", ";", "\t", "|", " ")
#: What is looked at: so many cells, and so many lines to tell the separator.
CELLS: Final = 5_000_000
LINES: Final = 200
BLOCK: Final = 1 << 20
UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: Texts that programs write for no value.
NULLS: Final = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?", "-", ".", "<NA>")
_NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_COMMA: Final = re.compile(r"[+-]?\d+,\d+")


@dataclass
class FileGuess:
    """A file's form, its columns with their values as text, and whether all rows were read."""

    separator: str = ","
    quote: str = '"'
    header: bool = True
    encoding: str = "utf-8"
    compression: str = "none"
    skip_lines: int = 0
    decimal: str = "."
    nulls: tuple[str, ...] = ()
    columns: dict[str, list[str]] = field(default_factory=dict)
    whole: bool = True
    parquet: bool = False

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return len(next(iter(self.columns.values()), []))


def guess_file(path: Path) -> FileGuess:
    """Read a file and guess how it is written.

    Raises:
        StackError: there is no such file, or it is no table.
    """
    if not path.is_file():
        what = "it is a folder, name a file" if path.is_dir() else "there is no such file"
        raise StackError(f"CSV={path}: {what}")
    guess = _parquet(path) if is_parquet(path) else _text(path)
    if not guess.rows:
        raise StackError(f"CSV={path}: it has no rows")
    guess.decimal = _decimal(guess)
    guess.nulls = _nulls(guess)
    return guess


def is_number(text: str) -> bool:
    """Tell whether a text is a number, with either decimal mark."""
    return _NUMBER.fullmatch(text) is not None


def _parquet(path: Path) -> FileGuess:
    table = pq.read_table(path)
    rows = CELLS // max(1, table.num_columns)
    columns = {
        name: [
            "" if value is None else text_of(value) for value in column.slice(0, rows).to_pylist()
        ]
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return FileGuess(columns=columns, whole=table.num_rows <= rows, parquet=True)


def _text(path: Path) -> FileGuess:
    guess = FileGuess()
    with path.open("rb") as content:
        packed = content.read(2) == GZIP
    guess.compression = "gzip" if packed else "none"
    guess.encoding = _encoding(path, packed=packed)
    lines = _lines(path, guess)
    head = list(itertools.islice(lines, LINES))
    while head and head[0].lstrip().startswith(("#", "//")):
        head.pop(0)
        guess.skip_lines += 1
    guess.separator, guess.quote = _separator(head)
    _read_rows(path, guess, itertools.chain(head, lines))
    return guess


def _read_rows(path: Path, guess: FileGuess, lines: Iterable[str]) -> None:
    rows = csv.reader(lines, **_dialect(guess.separator, guess.quote))
    first = next(rows, [])
    limit = CELLS // max(1, len(first))
    read = list(itertools.islice(rows, limit))
    guess.whole = next(rows, None) is None
    odd = [number for number, row in enumerate(read, 2) if row and len(row) != len(first)]
    if odd:
        raise StackError(
            f"CSV={path}: row {odd[0] + guess.skip_lines} has another number of values than the "
            f"first row, {len(first)} ({len(odd)} rows in all). Mend the file; nothing was written."
        )
    read = [row for row in read if row]
    guess.header = _has_header(first, read)
    if not guess.header:
        read.insert(0, first)
    names = first if guess.header else [f"column_{n}" for n in range(1, len(first) + 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise StackError(f"CSV={path}: the header names {', '.join(map(repr, twice))} twice")
    guess.columns = {name: [row[at] for row in read] for at, name in enumerate(names)}


def _encoding(path: Path, *, packed: bool) -> str:
    opener = gzip.open if packed else open
    for name in ("utf-8", "cp1252"):
        decoder = codecs.getincrementaldecoder(name)()
        with opener(path, "rb") as content:
            try:
                for block in iter(lambda: content.read(BLOCK), b""):
                    if content.tell() <= BLOCK and block.startswith(UTF_16):
                        return "utf-16"
                    decoder.decode(block)
                decoder.decode(b"", True)
            except UnicodeDecodeError:
                continue
        return name
    return "latin-1"


def _lines(path: Path, guess: FileGuess) -> Iterator[str]:
    encoding = "utf-8-sig" if guess.encoding == "utf-8" else guess.encoding
    opener = gzip.open if guess.compression == "gzip" else open
    with opener(path, "rt", encoding=encoding, newline="") as content:
        yield from content


def _dialect(separator: str, quote: str) -> dict[str, Any]:
    return {
        "delimiter": separator,
        "quotechar": quote or None,
        "quoting": csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    }


def _separator(head: Sequence[str]) -> tuple[str, str]:
    """Return separator and quote under which the lines have the most columns, all as many."""
    best, columns = (",", '"'), 1
    for separator in SEPARATORS:
        for quote in ('"', "'"):
            if quote == "'" and not any(f"{separator}'" in line for line in head):
                continue
            # The last line may go on in the part that is not read yet.
            rows = [
                row for row in csv.reader(head[:-1] or head, **_dialect(separator, quote)) if row
            ]
            widths = {len(row) for row in rows}
            if len(widths) == 1 and (width := widths.pop()) > columns:
                best, columns = (separator, quote), width
    return best


def _has_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell names from values: no number among them, few that stand further below.

    An index that a program wrote has no name.
    """
    names = {at: name for at, name in enumerate(first) if name}
    if any(map(is_number, names.values())):
        return False
    again = sum(name in {row[at] for row in rows} for at, name in names.items())
    return 2 * again < len(names)


def _decimal(guess: FileGuess) -> str:
    if guess.separator == "," or guess.parquet:
        return "."
    commas = [
        values
        for values in guess.columns.values()
        if any(_COMMA.fullmatch(value) for value in values)
        and all(is_number(value) or value in ("", *NULLS) for value in values)
    ]
    return "," if commas else "."


def _nulls(guess: FileGuess) -> tuple[str, ...]:
    """Return what stands for no value: texts of `NULLS` among numbers, and those that only do."""
    only = {"NaN", "nan", "NULL", "null", "?", "<NA>"}
    texts: set[str] = set()
    for values in guess.columns.values():
        distinct = set(values) - {""}
        empty = distinct & set(NULLS)
        numbers = distinct - empty
        texts |= empty if numbers and all(map(is_number, numbers)) else empty & only
    return tuple(text for text in NULLS if text in texts)
