"""The raw file against its contract: refused with row and column named, before anything is written.

Types come from the contract. Nothing is repaired here. The checks read with pyarrow: tasks import
this module, DAG files do not.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from causeway.errors import BadInput
from causeway.ingestion.decoding import declare_encoding
from causeway.ingestion.files import open_table
from causeway.ingestion.layouts import layout_of_raw
from causeway.ingestion.records import RecordReader, Reject, first_problems
from causeway.ingestion.scan import scan
from causeway.ingestion.tables import NEXT_STEP
from causeway.ingestion.text_rows import NO_UTF_8
from causeway.ingestion.validated_rows import ValidatedRows
from causeway.use_cases.raw_sources import RawSource

#: Faults are remembered up to this number, then only counted.
_REMEMBERED = 10_000


@dataclass(frozen=True)
class RawFile:
    """A raw file that keeps its contract; `rows_sha256` is of the file of its validated rows."""

    rows: int
    sha256: str
    size: int
    rows_sha256: str = ""


def validate_raw(
    path: Path,
    source: RawSource,
    *,
    file: str = "the raw file",
    limit: int = 20,
    rows_to: Path | None = None,
) -> RawFile:
    """Check a raw file against the contract of its source, in chunks.

    Args:
        path: the file, as the contract's `format` declares it, or Parquet.
        source: the raw source whose columns and features are the contract.
        file: how the file is called in the error.
        limit: how many problems are listed; the others are counted.
        rows_to: the file that its rows are written to, for the feature-engineering job.

    Raises:
        BadInput: with row (the line number in the file), column, value and reason of each.
    """
    with tempfile.TemporaryDirectory(prefix="causeway-read-") as name:
        folder = Path(name)
        return _validated(path, source, file, limit, rows_to or folder / "rows.parquet", folder)


def _validated(
    path: Path, source: RawSource, file: str, limit: int, rows_to: Path, folder: Path
) -> RawFile:
    data, profile = source.data, scan(path, source.data.format)
    table = open_table(path, data.format, data.columns, what=file, profile=profile, folder=folder)
    layout = layout_of_raw(source, table, file)
    reader = RecordReader(table, layout)
    rows = faults = 0
    rejects: list[Reject] = []
    with ValidatedRows(rows_to, layout) as validated:
        for chunk in reader.chunks(reader.duplicates()):
            rows += len(chunk)
            faults += len(chunk.rejects)
            rejects += chunk.rejects[: max(0, _REMEMBERED - len(rejects))]
            if not rejects:
                validated.add(chunk)
    if rejects:
        problems, said = first_problems(rejects, limit)
        coded = any(reject.reason == NO_UTF_8 for reject in rejects)
        raise BadInput(
            f"{file} breaks the contract of {source}",
            problems,
            more=faults - said,
            next_step=declare_encoding(path, data.format, file) if coded else NEXT_STEP,
        )
    if rows == 0:
        head = "has a header, but no records" if data.format.header else "is empty"
        raise BadInput(f"{file} {head}", next_step=NEXT_STEP)
    return RawFile(rows, profile.sha256, profile.size, validated.sha256)
