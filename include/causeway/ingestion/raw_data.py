"""The raw file against its contract: refused with row and column named, before anything is written.

Types come from the contract. Nothing is repaired here. The checks read with pyarrow: tasks import
this module, DAG files do not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
#: What to do about values that break the contract: either of the two may be wrong.
IN_CELLS: Final = (
    "Mend the file, or the contract where that is wrong: what stands for no value (`nulls`), "
    "`codes`, `range`, the decimal mark (`data.format`; thousands separators are not read), the "
    "format of a time; nothing was written."
)


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
    sources: Sequence[RawSource] = (),
) -> RawFile:
    """Check a raw file against the contract of its source, in chunks.

    Args:
        path: the file, as the contract's `format` declares it, or Parquet.
        source: the raw source whose columns and features are the contract.
        file: how the file is called in the error.
        limit: how many problems are listed; the others are counted.
        rows_to: the file that its rows are written to, for the feature-engineering job.
        sources: those of the use case, of which the file may be another's.

    Raises:
        BadInput: with row (the line number in the file), column, value and reason of each.
    """
    with tempfile.TemporaryDirectory(prefix="causeway-read-") as name:
        folder = Path(name)
        try:
            return _validated(path, source, file, limit, rows_to or folder / "rows.parquet", folder)
        except BadInput as error:
            if other := _likelier(path, source, sources, folder):
                raise BadInput(
                    f"{file} is no file of source {source.name}: its header is that of "
                    f"{other.name}",
                    next_step="Name each file with its source; nothing was written.",
                ) from error
            if error.next_step:  # which calls the contract what the only one is called
                error.next_step = error.next_step.replace("`data.", f"`{source.key}.")
            raise


def _likelier(
    path: Path, source: RawSource, sources: Sequence[RawSource], folder: Path
) -> RawSource | None:
    """Return the source whose columns a file names, where it does not name those of its own."""
    if _read(source) <= _named(path, source, folder):
        return None
    for other in sources:
        if other.data.format.header and _read(source) != _read(other) <= _named(
            path, other, folder
        ):
            return other
    return None


def _read(source: RawSource) -> set[str]:
    return {name for name in source.data.columns if not source.data.ignores(name)}


def _named(path: Path, source: RawSource, folder: Path) -> set[str]:
    """Return the columns that a file names when it is read as one of a source."""
    form, columns = source.data.format, source.data.columns
    try:
        profile = scan(path, form)
        table = open_table(path, form, columns, what="", profile=profile, folder=folder)
    except BadInput:
        return set()
    return set(table.names)


def _validated(
    path: Path, source: RawSource, file: str, limit: int, rows_to: Path, folder: Path
) -> RawFile:
    data, profile = source.data, scan(path, source.data.format)
    what = file if source.name is None else f"{file} (source {source.name})"
    table = open_table(path, data.format, data.columns, what=what, profile=profile, folder=folder)
    layout = layout_of_raw(source, table, what)
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
        step = IN_CELLS if any(reject.column for reject in rejects) else NEXT_STEP
        if any(reject.reason == NO_UTF_8 for reject in rejects):
            step = declare_encoding(path, data.format, file)
        raise BadInput(
            f"{file} breaks the contract of {source}",
            problems,
            more=faults - said,
            next_step=step,
        )
    if rows == 0:
        head = "has a header, but no records" if data.format.header else "is empty"
        raise BadInput(f"{what} {head}", next_step=NEXT_STEP)
    return RawFile(rows, profile.sha256, profile.size, validated.sha256)
