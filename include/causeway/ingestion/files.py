"""Tables in files, read in chunks: separated text and Parquet, memory flat in the size of the file.

Rows are numbered as a person finds them: in a text file by the line that they begin in, the header
being line 1; in a Parquet file from 1. A line that is no row (another number of values, empty, no
UTF-8) is handed to the caller with its number; nothing is dropped silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from causeway.errors import BadInput, Problem
from causeway.ingestion.decoding import declare_encoding, decode, require_declared_form
from causeway.ingestion.scan import BLOCK_BYTES, Scan, is_parquet, scan
from causeway.ingestion.tables import (
    CHUNK_ROWS,
    NEXT_STEP,
    NO_KINDS,
    Chunk,
    Kinds,
    Malformed,
    TableFile,
)
from causeway.ingestion.text_rows import BYTE_ORDER_MARK, NO_UTF_8
from causeway.ingestion.text_table import Header, TextTable, read_header
from causeway.use_cases.file_formats import FileFormat


def open_table(
    path: Path,
    format_: FileFormat,
    names: Sequence[str],
    *,
    what: str,
    profile: Scan,
    folder: Path | None = None,
) -> TableFile:
    """Open a file as a table.

    Args:
        path: the file.
        format_: how it is written when it is no Parquet file.
        names: its columns when it has no header; with one, how many it should name.
        what: how the file is called in errors.
        profile: what `scan` read of it.
        folder: where a text that is not plain UTF-8 is decoded; beside the file without it.

    Raises:
        BadInput: it is empty, not of the declared form, or has no readable header.
    """
    if is_parquet(path):
        return ParquetTable(path, what)
    require_declared_form(path, format_, what)
    if not format_.is_plain:
        target = (folder or path.parent) / f"{path.name}.decoded"
        path = decode(path, format_, what, target)
        profile = scan(path, format_)
    head = _head(path)
    if not head.removeprefix(BYTE_ORDER_MARK).strip():
        raise BadInput(f"{what} is empty", next_step=NEXT_STEP)
    header = Header(tuple(names))
    if format_.header:
        try:
            header = read_header(head, format_, names, what)
        except UnicodeDecodeError as error:
            raise BadInput(
                f"{what} is no UTF-8 text",
                [Problem(1, None, None, NO_UTF_8)],
                next_step=declare_encoding(path, format_, what),
            ) from error
    return TextTable(path, what, format_, header, profile, format_.skip_lines)


def _head(path: Path) -> bytes:
    with path.open("rb") as content:
        return content.read(BLOCK_BYTES)


class ParquetTable:
    """A Parquet file."""

    first = 1

    def __init__(self, path: Path, what: str) -> None:
        self._path, self._what = path, what
        try:
            with pq.ParquetFile(path) as file:
                self.schema = file.schema_arrow
                self.rows = file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error
        self.names = tuple(self.schema.names)
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise BadInput(
                f"{what} has the wrong columns",
                [Problem(None, name, None, "stands twice in the schema") for name in twice],
                next_step=NEXT_STEP,
            )
        if self.rows == 0:
            raise BadInput(f"{what} has no records", next_step=NEXT_STEP)

    def chunks(
        self, names: Sequence[str], malformed: Malformed, kinds: Kinds = NO_KINDS
    ) -> Iterator[Chunk]:
        """Yield the rows in order, with the types of the file."""
        start = self.first
        try:
            with pq.ParquetFile(self._path) as file:
                for batch in file.iter_batches(CHUNK_ROWS, columns=list(names)):
                    numbers = np.arange(start, start + batch.num_rows)
                    start += batch.num_rows
                    yield Chunk(numbers, {name: batch.column(name) for name in names})
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> BadInput:
        return BadInput(f"{self._what} is no readable Parquet file: {error}", next_step=NEXT_STEP)
