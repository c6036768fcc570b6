"""A file of separated values as a table: by Arrow where it is plain, row by row where not."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from causeway.errors import BadInput, Problem
from causeway.ingestion.scan import BLOCK_BYTES, Scan
from causeway.ingestion.tables import CHUNK_ROWS, NEXT_STEP, NO_KINDS, Chunk, Kinds, Malformed
from causeway.ingestion.text_rows import BYTE_ORDER_MARK, MalformedRows, Rows, dialect
from causeway.use_cases.file_formats import FileFormat

#: Separators that are recognised and named when a file uses another than its contract.
SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tab", " ": "space", "|": "bar"}


@dataclass(frozen=True)
class Header:
    """The names of a file's columns, and how many of its lines they stand in."""

    names: tuple[str, ...]
    lines: int = 0


def read_header(head: bytes, format_: FileFormat, columns: Sequence[str], what: str) -> Header:
    """Return the names in the first row of a file.

    Nothing is quoted of a row that names none of the contract's columns: it may be any file.

    Raises:
        BadInput: another separator than the contract's, or a name stands twice.
        UnicodeDecodeError: it is no UTF-8.
    """
    content = head.removeprefix(BYTE_ORDER_MARK).splitlines(keepends=True)
    rows = csv.reader((line.decode() for line in content), strict=True, **dialect(format_))
    try:
        names = next(rows, [])
        first = content[0].decode().rstrip("\r\n")
    except csv.Error as error:
        raise BadInput(
            f"{what} has no readable header",
            [Problem(1, None, None, str(error))],
            next_step=NEXT_STEP,
        ) from error
    if not set(names) & set(columns) and first.lstrip().startswith(("#", "//")):
        raise BadInput(
            f"{what} begins with a comment, not with its header",
            [Problem(1, None, None, "is a comment")],
            next_step="Declare `skip_lines` in `data.format`, or take it out; nothing was written.",
        )
    if len(names) == 1 and len(columns) > 1:
        raise _wrong_separator(first, format_, len(columns), what)
    problems = [
        Problem(1, name if name in columns else None, None, f"stands {count} times in the header")
        for name, count in Counter(names).items()
        if count > 1
    ]
    if problems:
        raise BadInput(f"{what} has the wrong columns", problems, next_step=NEXT_STEP)
    return Header(tuple(names), rows.line_num)


def _wrong_separator(line: str, format_: FileFormat, columns: int, what: str) -> BadInput:
    other = next((s for s in SEPARATORS if s in line and s != format_.separator), None)
    guess = f"{SEPARATORS[other]} ({other!r})" if other else "no known separator"
    name = SEPARATORS.get(format_.separator, "text")
    return BadInput(
        f"{what} has one column, its contract {columns}: expected the separator {name} "
        f"({format_.separator!r}), found {guess}",
        [Problem(1, None, None, "is one column when read with the expected separator")],
        next_step=NEXT_STEP,
    )


class TextTable:
    """A file of separated values.

    `skipped` lines before the header are no longer in it, but count where lines are numbered.
    """

    def __init__(
        self,
        path: Path,
        what: str,
        format_: FileFormat,
        header: Header,
        scan: Scan,
        skipped: int = 0,
    ) -> None:
        self._path, self._what, self.names = path, what, header.names
        self._format, self._header, self._scan, self._skipped = format_, header, scan, skipped
        self.first = skipped + header.lines + 1

    def chunks(
        self, names: Sequence[str], malformed: Malformed, kinds: Kinds = NO_KINDS
    ) -> Iterator[Chunk]:
        """Yield the rows in order: every value as text, or as its kind in a file of numbers."""
        # Without a header nothing says that this is a file of the contract.
        quotes = self._format.header
        bad = MalformedRows(malformed, len(self.names), self.first, self._skipped, quotes=quotes)
        indexes = [self.names.index(name) for name in names]
        read = self._plain(bad, kinds) if self._scan.plain else self._rows(bad)
        for numbers, columns in read:
            yield Chunk(
                numbers, {name: columns[at] for name, at in zip(names, indexes, strict=True)}
            )

    def _plain(
        self, bad: MalformedRows, kinds: Kinds
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
        self, bad: MalformedRows, kinds: Kinds, done: int = 0
    ) -> Iterator[tuple[np.ndarray[Any, Any], list[pa.Array]]]:
        options: dict[str, Any] = {
            "read_options": pacsv.ReadOptions(
                column_names=list(self.names),
                skip_rows=self._header.lines,
                block_size=BLOCK_BYTES,
                use_threads=False,  # row numbers are known only then
            ),
            "parse_options": pacsv.ParseOptions(
                delimiter=self._format.separator,
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
            # A stream of bytes: by a path, Arrow would unpack what is named like an archive.
            with self._stream() as lines, pacsv.open_csv(lines, **options) as reader:
                for number, batch in enumerate(reader):
                    if number >= done:
                        yield bad.numbers(good, batch.num_rows), batch.columns
                    good += batch.num_rows
        except pa.ArrowInvalid as error:
            if good == 0 and any(said in str(error) for said in ("Empty CSV", "Could not skip")):
                return  # nothing follows the header
            if kinds and "conversion error" in str(error):
                raise _OtherKindError from error
            raise BadInput(
                f"{self._what} cannot be read: {error}",
                next_step="A line may have 4 MiB at most. " + NEXT_STEP,
            ) from error

    def _rows(self, bad: MalformedRows) -> Iterator[tuple[np.ndarray[Any, Any], list[pa.Array]]]:
        with self._path.open("rb") as content:
            rows = Rows(content, self._format, self._header.lines, self._skipped, bad, self._what)
            for numbers, values in rows.chunks(CHUNK_ROWS):
                columns = [pa.array(column, pa.string()) for column in zip(*values, strict=True)]
                yield np.array(numbers), columns

    def _stream(self) -> Any:
        """Return the file up to the end of its last line, as a stream."""
        if self._scan.size - self._scan.end <= 1:
            return pa.OSFile(str(self._path))
        return _Lines(self._path, self._scan.end)


class _OtherKindError(Exception):
    """A value is not of the kind that its column should hold."""


class _Lines:
    """A file up to the end of its last line, as a stream."""

    def __init__(self, path: Path, end: int) -> None:
        self._content, self._left = path.open("rb"), end
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        block = self._content.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(block)
        return block

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._content.close()
        self.closed = True

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
