"""A file of separated values as a table: by Arrow where it is plain, line by line where not."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from causeway.errors import BadInput, Problem
from causeway.ingestion.scan import BLOCK_BYTES, Scan
from causeway.ingestion.tables import CHUNK_ROWS, NEXT_STEP, NO_KINDS, Chunk, Kinds, Malformed
from causeway.use_cases.contracts import FileFormat

#: Separators that are recognised and named when a file uses another than its contract.
SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tab", " ": "space", "|": "bar"}
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def read_header(head: bytes, separator: str, columns: Sequence[str], what: str) -> tuple[str, ...]:
    """Return the names in the first line of a file.

    Nothing is quoted of a line that names none of the contract's columns: it may be any file.

    Raises:
        BadInput: no UTF-8, another separator than the contract's, or a name stands twice.
    """
    line = re.split(rb"[\r\n]", head.removeprefix(BYTE_ORDER_MARK), maxsplit=1)[0]
    try:
        text = line.decode()
        names = _split(text, separator)
    except UnicodeDecodeError as error:
        problem = Problem(1, None, None, "no UTF-8")
        raise BadInput(f"{what} is no UTF-8 text", [problem], next_step=NEXT_STEP) from error
    except csv.Error as error:
        raise BadInput(
            f"{what} has no readable header",
            [Problem(1, None, None, str(error))],
            next_step=NEXT_STEP,
        ) from error
    if len(names) == 1 and len(columns) > 1:
        other = next(
            (candidate for candidate in SEPARATORS if len(_split(text, candidate)) > 1), None
        )
        guess = f"{SEPARATORS[other]} ({other!r})" if other else "no known separator"
        name = SEPARATORS.get(separator, "text")
        raise BadInput(
            f"{what} has the wrong separator: expected {name} ({separator!r}), found {guess}",
            [Problem(1, None, None, "is one column when read with the expected separator")],
            next_step=NEXT_STEP,
        )
    problems = [
        Problem(1, name if name in columns else None, None, f"stands {count} times in the header")
        for name, count in Counter(names).items()
        if count > 1
    ]
    if problems:
        raise BadInput(f"{what} has the wrong columns", problems, next_step=NEXT_STEP)
    return tuple(names)


def _split(line: str, separator: str) -> list[str]:
    # Nothing is trimmed: what the job's reader would not take is refused, by row.
    return next(csv.reader([line], delimiter=separator), [])


class TextTable:
    """A file of separated values."""

    def __init__(
        self, path: Path, what: str, format_: FileFormat, names: tuple[str, ...], scan: Scan
    ) -> None:
        self._path, self._what, self.names = path, what, names
        self._separator, self._header, self._scan = format_.separator, format_.header, scan
        self.first = 2 if format_.header else 1

    def chunks(
        self, names: Sequence[str], malformed: Malformed, kinds: Kinds = NO_KINDS
    ) -> Iterator[Chunk]:
        """Yield the rows in order: every value as text, or as its kind in a file of numbers."""
        # Without a header nothing says that this is a file of the contract.
        bad = _Malformed(malformed, len(self.names), self.first, quotes=self._header)
        indexes = [self.names.index(name) for name in names]
        read = self._plain(bad, kinds) if self._scan.plain else self._lines(bad)
        for numbers, columns in read:
            yield Chunk(
                numbers, {name: columns[at] for name, at in zip(names, indexes, strict=True)}
            )

    def _plain(
        self, bad: _Malformed, kinds: Kinds
    ) -> Iterator[tuple[np.ndarray[Any, Any], list[pa.Array]]]:
        done = 0
        if kinds and self._scan.numeric:
            try:
                for batch in self._batches(bad, kinds):
                    yield batch
                    done += 1
                return
            except _OtherKindError:
                pass  # from this batch on as texts, of which each fault is reported
        yield from self._batches(bad, NO_KINDS, done)

    def _batches(
        self, bad: _Malformed, kinds: Kinds, done: int = 0
    ) -> Iterator[tuple[np.ndarray[Any, Any], list[pa.Array]]]:
        options: dict[str, Any] = {
            "read_options": pacsv.ReadOptions(
                column_names=list(self.names),
                skip_rows=1 if self._header else 0,
                block_size=BLOCK_BYTES,
                use_threads=False,  # row numbers are known only then
            ),
            "parse_options": pacsv.ParseOptions(
                delimiter=self._separator,
                quote_char=False,
                ignore_empty_lines=False,
                invalid_row_handler=bad.handle,
            ),
            "convert_options": pacsv.ConvertOptions(
                column_types={**dict.fromkeys(self.names, pa.string()), **kinds},
                null_values=[""],
                strings_can_be_null=False,
            ),
        }
        good = 0
        try:
            with pacsv.open_csv(self._path, **options) as reader:
                for number, batch in enumerate(reader):
                    if number >= done:
                        yield bad.without_empty(bad.numbers(good, batch.num_rows), batch.columns)
                    good += batch.num_rows
        except pa.ArrowInvalid as error:
            if good == 0 and re.search("Empty CSV|Could not skip", str(error)):
                return  # nothing follows the header
            if kinds and "conversion error" in str(error):
                raise _OtherKindError from error
            raise BadInput(
                f"{self._what} cannot be read: {error}",
                next_step="A line may have 4 MiB at most. " + NEXT_STEP,
            ) from error

    def _lines(self, bad: _Malformed) -> Iterator[tuple[np.ndarray[Any, Any], list[pa.Array]]]:
        with self._path.open("rb") as content:
            lines = itertools.islice(enumerate(_lines(content), start=1), self.first - 1, None)
            while part := list(itertools.islice(lines, CHUNK_ROWS)):
                numbers, rows = [], []
                for number, line in part:
                    values = bad.split(number, line, self._separator)
                    if values is not None:
                        numbers.append(number)
                        rows.append(values)
                columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
                if rows:
                    yield np.array(numbers), columns


class _OtherKindError(Exception):
    """A value is not of the kind that its column should hold."""


class _Malformed:
    """Lines that are no rows: numbered and reported; empty lines at the end do not count."""

    def __init__(self, tell: Malformed, width: int, first: int, *, quotes: bool) -> None:
        self._tell, self._width, self._first = tell, width, first
        self._quotes = quotes
        self._skipped: set[int] = set()
        self._empty: list[int] = []

    def handle(self, row: Any) -> str:
        """Take an invalid row from Arrow's reader, which may come to it again."""
        if int(row.number) in self._skipped:
            return "skip"
        self._skipped.add(int(row.number))
        self._report(int(row.number), row.text, row.actual_columns)
        return "skip"

    def split(self, number: int, line: bytes, separator: str) -> list[str] | None:
        """Read one line; None when it is no row, which is reported."""
        if not line:
            self._empty.append(number)
            return None
        try:
            text = line.decode()
            values = _split(text, separator)
        except UnicodeDecodeError:
            self._report(number, repr(line[:60]), None, "is no UTF-8")
            return None
        except csv.Error as error:
            self._report(number, text, None, f"cannot be read: {error}")
            return None
        if len(values) != self._width:
            self._report(number, text, len(values))
            return None
        self._flush(number)
        return values

    def numbers(self, good: int, count: int) -> np.ndarray[Any, Any]:
        """Return the line numbers of `count` rows of which `good` came before."""
        numbers = np.arange(good, good + count)
        if self._skipped:
            # The k-th skipped line is before every row with more than (its place - k) rows before.
            gaps = np.array(sorted(self._skipped)) - self._first
            before = gaps - np.arange(len(gaps))
            numbers = numbers + np.searchsorted(before, numbers, side="right")
        return numbers + self._first

    def without_empty(
        self, numbers: np.ndarray[Any, Any], columns: list[pa.Array]
    ) -> tuple[np.ndarray[Any, Any], list[pa.Array]]:
        """Take out the rows without any value: an empty line reads as that."""
        empty = _is_empty(columns[0])
        if not pc.any(empty).as_py():
            if len(numbers):
                self._flush(int(numbers[-1]))
            return numbers, columns
        for column in columns[1:]:
            empty = pc.and_(empty, _is_empty(column))
        blank = empty.to_numpy(zero_copy_only=False)
        if len(columns) == 1:
            blank = np.zeros(len(numbers), bool)  # then it is a value, which may be empty
        self._empty += numbers[blank].tolist()
        if not blank.all():
            self._flush(int(numbers[~blank][-1]))
        positions = pa.array(np.flatnonzero(~blank))
        return numbers[~blank], [column.take(positions) for column in columns]

    def _report(self, number: int, text: str, count: int | None, reason: str | None = None) -> None:
        self._flush(number)
        if not text.strip():
            reason = "the line is empty"
        self._tell(
            number,
            text[:60] if self._quotes else "",
            reason or f"has {count} values, expected {self._width}",
        )

    def _flush(self, until: int) -> None:
        """Report the empty lines before a line that holds something."""
        while self._empty and self._empty[0] < until:
            self._tell(self._empty.pop(0), "", "the line is empty")


def _is_empty(column: pa.Array) -> pa.Array:
    return pc.equal(column, "") if pa.types.is_string(column.type) else pc.is_null(column)


def _lines(content: Any) -> Iterator[bytes]:
    """Yield lines however they end, without their ends; the file's last end makes no line."""
    rest = b""
    if content.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
        content.seek(0)
    while block := content.read(BLOCK_BYTES):
        if block.endswith(b"\r"):
            block += content.read(1)
        parts = (rest + block).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        rest = parts.pop()
        yield from parts
    if rest:
        yield rest
