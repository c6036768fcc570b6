"""How a data file is written, guessed from the file: what `data.format` then declares."""

from __future__ import annotations

import csv
import gzip
import itertools
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from causeway.errors import BadInput
from causeway.ingestion.cells import text_of
from causeway.ingestion.decoding import is_packed, likely_encoding, require_declared_form
from causeway.ingestion.files import open_table
from causeway.ingestion.records import Reject, first_problems
from causeway.ingestion.scan import is_parquet, scan
from causeway.ingestion.tables import NEXT_STEP
from causeway.ingestion.text_rows import dialect
from causeway.use_cases.file_formats import FileFormat
from stack.processes import StackError
from stack.raw_files import require_file
from stack.use_cases.numbers import NULLS, decimal_mark, is_number

SEPARATORS: Final = (",", ";", "\t", "|", " ")
#: What is looked at: so many cells, and so many lines to tell the separator.
CELLS: Final = 5_000_000
LINES: Final = 200
#: The share of those lines that a separator cuts into equally many values, at least.
ALIKE: Final = 0.9


@dataclass
class FileGuess:
    """A file's form, its columns with their values as text, and whether all rows were read.

    `numbers` are those of the rows in the file.
    """

    separator: str = ","
    quote: str = '"'
    header: bool = True
    encoding: str = "utf-8"
    compression: str = "none"
    skip_lines: int = 0
    decimal: str = "."
    nulls: tuple[str, ...] = ()
    columns: dict[str, list[str]] = field(default_factory=dict)
    numbers: Sequence[int] = ()
    whole: bool = True
    parquet: bool = False

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return len(next(iter(self.columns.values()), []))


def guess_file(path: Path) -> FileGuess:
    """Read a file and guess how it is written.

    Raises:
        BadInput: it is no table.
        StackError: there is no such file.
    """
    require_file(path, "CSV")
    guess = _parquet(path) if is_parquet(path) else _text(path)
    if not guess.rows:
        raise StackError(f"CSV={path}: it has no rows")
    guess.decimal = "." if guess.parquet else decimal_mark(guess.columns.values())
    guess.nulls = _nulls(guess)
    return guess


def _parquet(path: Path) -> FileGuess:
    table = pq.read_table(path)
    rows = CELLS // max(1, table.num_columns)
    columns = {
        name: [
            "" if value is None else text_of(value) for value in column.slice(0, rows).to_pylist()
        ]
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return FileGuess(
        columns=columns,
        numbers=range(1, table.num_rows + 1),
        whole=table.num_rows <= rows,
        parquet=True,
    )


def _text(path: Path) -> FileGuess:
    what, guess = f"CSV={path}", FileGuess()
    guess.compression = "gzip" if is_packed(path) else "none"
    encoding = likely_encoding(path, _format(guess), what)
    guess.encoding = "utf-8" if encoding == "ascii" else encoding
    require_declared_form(path, _format(guess), what)
    head = list(itertools.islice(_lines(path, guess), LINES))
    while head and head[0].lstrip().startswith(("#", "//")):
        head.pop(0)
        guess.skip_lines += 1
    width = _separate(guess, head, what)
    _read_rows(path, guess, width, what)
    return guess


def _format(guess: FileGuess) -> FileFormat:
    """Return what is guessed so far as it is declared; the header is looked for later."""
    return FileFormat(
        separator=guess.separator,
        quote=guess.quote,
        encoding=guess.encoding,
        compression="gzip" if guess.compression == "gzip" else "none",
        skip_lines=guess.skip_lines,
        header=False,
    )


def _read_rows(path: Path, guess: FileGuess, width: int, what: str) -> None:
    """Read the rows as they will be read when they are brought in."""
    form, names = _format(guess), [f"column_{n}" for n in range(1, width + 1)]
    odd: list[Reject] = []
    numbers: list[int] = []
    values: list[list[str]] = [[] for _ in names]
    with tempfile.TemporaryDirectory(prefix="causeway-read-") as name:
        table = open_table(
            path, form, names, what=what, profile=scan(path, form), folder=Path(name)
        )
        for chunk in table.chunks(names, lambda *bad: odd.append(Reject(bad[0], None, *bad[1:]))):
            guess.whole = len(numbers) * width < CELLS
            if not guess.whole:
                break
            numbers += chunk.numbers.tolist()
            for column, more in zip(values, chunk.columns.values(), strict=True):
                column += more.to_pylist()
    if odd:
        problems, said = first_problems(odd)
        raise BadInput(f"{what} is no table", problems, more=len(odd) - said, next_step=NEXT_STEP)
    first = [column[0] for column in values]
    guess.header = _has_header(first, [column[1:] for column in values])
    if guess.header:
        names, numbers, values = first, numbers[1:], [column[1:] for column in values]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise StackError(f"{what}: the header names {', '.join(map(repr, twice))} twice")
    guess.columns, guess.numbers = dict(zip(names, values, strict=True)), numbers


def _lines(path: Path, guess: FileGuess) -> Iterator[str]:
    encoding = "utf-8-sig" if guess.encoding == "utf-8" else guess.encoding
    opener = gzip.open if guess.compression == "gzip" else open
    with opener(path, "rt", encoding=encoding, newline="") as content:
        yield from content


def _separate(guess: FileGuess, head: Sequence[str], what: str) -> int:
    """Guess separator and quote: those under which nearly all lines have the most values.

    Returns how many those are.

    Raises:
        BadInput: no separator cuts the lines into as many values as the first has.
    """
    best, columns = guess, 1
    for separator, quote in itertools.product(SEPARATORS, ('"', "'")):
        if quote == "'" and not any(f"{separator}'" in line for line in head):
            continue
        tried = replace(guess, separator=separator, quote=quote)
        # The last line may go on in the part that is not read yet.
        rows = [row for row in csv.reader(head[:-1] or head, **dialect(_format(tried))) if row]
        width = len(rows[0]) if rows else 0
        if width > columns and sum(len(row) == width for row in rows) >= ALIKE * len(rows):
            best, columns = tried, width
    if columns == 1 and any(line.strip() for line in head):
        raise BadInput(
            f"{what} is no table: none of the separators {' '.join(map(repr, SEPARATORS))} cuts "
            f"its lines into as many values as the first, {head[0].strip()[:60]!r}",
            next_step="Hand in separated text, a row a line, or Parquet; nothing was written.",
        )
    guess.separator, guess.quote = best.separator, best.quote
    return columns


def _has_header(first: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Tell names from values: no number among them, few that stand further below.

    An index that a program wrote has no name.
    """
    names = {at: name for at, name in enumerate(first) if name}
    if any(map(is_number, names.values())):
        return False
    again = sum(name in set(columns[at]) for at, name in names.items())
    return 2 * again < len(names)


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
