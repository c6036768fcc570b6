"""The rows of a raw file once they are read: what the feature-engineering job gets.

The job reads no raw file, so that a file is read once, by one set of rules. Its input is Parquet:
the row's number in the raw file, id and event time of the record, and the features that are taken
from raw columns, in the store's types.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from causeway.ingestion.columns import TYPES
from causeway.ingestion.layouts import LINE, RECORD, TIME, Layout
from causeway.ingestion.records import RecordChunk


class ValidatedRows:
    """Writes the good rows of a raw file, chunk by chunk."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self._schema = pa.schema(
            [
                (LINE, pa.int64()),
                (RECORD, pa.string()),
                (TIME, pa.string()),
                *((feature.name, TYPES[feature.type]) for feature, _ in layout.features),
            ]
        )
        self._path = path
        self._writer = pq.ParquetWriter(path, self._schema, compression="snappy")

    def add(self, chunk: RecordChunk) -> None:
        """Take the records of a chunk."""
        if len(chunk):
            columns = {LINE: pa.array(chunk.numbers), **chunk.columns}
            arrays = [columns[name] for name in self._schema.names]
            self._writer.write_table(pa.table(arrays, schema=self._schema))

    def __enter__(self) -> ValidatedRows:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    @property
    def sha256(self) -> str:
        """The digest of the file, once it is ended."""
        with self._path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
