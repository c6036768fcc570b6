"""The rows of a text that Arrow does not read: with quotations, empty or broken lines.

A row goes on over line ends that are quoted, and is numbered by the line that it begins in.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO, Any, Final

import numpy as np

from causeway.errors import BadInput, Problem
from causeway.ingestion.scan import BLOCK_BYTES
from causeway.ingestion.tables import NEXT_STEP, Malformed
from causeway.use_cases.file_formats import FileFormat

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
#: What is said of a row that is not in the encoding that every plain file has.
NO_UTF_8: Final = "is no UTF-8"
#: The longest cell; Arrow's reader has the same limit for lines.
csv.field_size_limit(max(csv.field_size_limit(), BLOCK_BYTES))


def dialect(format_: FileFormat) -> dict[str, Any]:
    """Return how Python's reader has to read a format."""
    # Nothing is trimmed: what is not as declared is refused, by row.
    if not format_.quote:
        return {"delimiter": format_.separator, "quoting": csv.QUOTE_NONE, "quotechar": None}
    return {"delimiter": format_.separator, "quotechar": format_.quote}


class Rows:
    """Reads the rows of a text.

    A quotation that does not end leaves no rows that could be told apart, so that it is an error of
    the file, not of a row.
    """

    def __init__(
        self,
        content: IO[bytes],
        format_: FileFormat,
        header: int,
        skipped: int,
        bad: MalformedRows,
        what: str,
    ) -> None:
        """Read after `header` lines; `skipped` lines before them are not in the content."""
        self._content, self._bad, self._what = content, bad, what
        self._separator, self._skipped = format_.separator, skipped
        self._broken = False  # whether the row that is read has a line that is no UTF-8
        lines = self._lines()
        for _ in range(header):
            next(lines, None)
        self._line = header + skipped
        self._reader = csv.reader(lines, strict=True, **dialect(format_))

    def chunks(self, size: int) -> Iterator[tuple[list[int], list[list[str]]]]:
        """Yield the numbers and the values of up to `size` rows, as often as there are some."""
        numbers: list[int] = []
        rows: list[list[str]] = []
        for number, row in self._whole():
            numbers.append(number)
            rows.append(row)
            if len(rows) == size:
                yield numbers, rows
                numbers, rows = [], []
        if rows:
            yield numbers, rows

    def _whole(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that have as many values as there are columns; report the others."""
        reader, width, bad, first = self._reader, self._bad.width, self._bad, self._line + 1
        while True:
            before = reader.line_num
            try:
                for row in reader:
                    number, before = before + first, reader.line_num
                    if self._broken:
                        self._broken = False
                        bad.report(number, self._separator.join(row), None, NO_UTF_8)
                    elif len(row) == width:
                        if bad.pending:
                            bad.flush()
                        yield number, row
                    elif row:
                        bad.report(number, self._separator.join(row), len(row))
                    else:
                        bad.empty(number)
                return
            except csv.Error as error:
                self._refuse_endless(error, before + first)
                self._broken = False
                bad.report(before + first, "", None, f"cannot be read: {error}")

    def _refuse_endless(self, error: csv.Error, number: int) -> None:
        if "unexpected end" in str(error) or "field limit" in str(error):
            raise BadInput(
                f"{self._what} cannot be read from row {number} on",
                [Problem(number, None, None, "a quotation begins in it that does not end")],
                next_step=NEXT_STEP,
            ) from error

    def _lines(self) -> Iterator[str]:
        """Yield lines with their ends, however they end, decoded many at a time."""
        rest = b""
        if self._content.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
            self._content.seek(0)
        while block := self._content.read(BLOCK_BYTES):
            if block.endswith(b"\r"):
                block += self._content.read(1)
            block = rest + block
            end = max(block.rfind(b"\n"), block.rfind(b"\r")) + 1
            rest = block[end:]
            yield from self._decoded(block[:end])
        yield from self._decoded(rest)

    def _decoded(self, lines: bytes) -> Iterator[str]:
        try:
            yield from io.StringIO(lines.decode(), newline="")
        except UnicodeDecodeError:
            for line in lines.splitlines(keepends=True):
                try:
                    text = line.decode()
                except UnicodeDecodeError:
                    self._broken = True
                    text = line.decode(errors="replace")
                yield text


class MalformedRows:
    """Rows that are none: numbered and reported; empty lines at the end do not count."""

    def __init__(
        self, tell: Malformed, width: int, first: int, skipped: int, *, quotes: bool
    ) -> None:
        self._tell, self.width, self._first = tell, width, first
        self._before, self._quotes = skipped, quotes
        self._skipped: set[int] = set()
        self.pending: list[int] = []

    def handle(self, row: Any) -> str:
        """Take an invalid row from Arrow's reader, which may come to it again."""
        number = int(row.number) + self._before
        if number not in self._skipped:
            self._skipped.add(number)
            self.report(number, row.text, row.actual_columns)
        return "skip"

    def empty(self, number: int) -> None:
        """Take an empty line: it is wrong once another line follows."""
        self.pending.append(number)

    def numbers(self, good: int, count: int) -> np.ndarray[Any, Any]:
        """Return the line numbers of `count` rows of which `good` came before."""
        numbers = np.arange(good, good + count)
        if self._skipped:
            # The k-th skipped line is before every row with more than (its place - k) rows before.
            gaps = np.array(sorted(self._skipped)) - self._first
            before = gaps - np.arange(len(gaps))
            numbers = numbers + np.searchsorted(before, numbers, side="right")
        return numbers + self._first

    def report(self, number: int, text: str, count: int | None, reason: str | None = None) -> None:
        """Report a row with another number of values, or for another reason."""
        self.flush()
        if text and not text.strip():
            reason = "the line is empty"
        self._tell(
            number,
            text[:60] if self._quotes else "",
            reason or f"has {count} values, expected {self.width}",
        )

    def flush(self) -> None:
        """Report the empty lines before a line that holds something."""
        for number in self.pending:
            self._tell(number, "", "the line is empty")
        self.pending.clear()
