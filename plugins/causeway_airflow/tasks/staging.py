"""A file of one feature group: read, checked, and put aside on the worker's disk, in chunks.

Nothing is sent before it is known how many rows are rejected; `feature_writes` sends.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from causeway.digests import canonical_json, sha256
from causeway.errors import BadInput
from causeway.features.withheld import Withheld
from causeway.ingestion.backfill import Backfill, Spool
from causeway.ingestion.files import open_table
from causeway.ingestion.layouts import layout_of_group
from causeway.ingestion.records import (
    ColumnCounts,
    RecordChunk,
    RecordReader,
    Reject,
    first_problems,
)
from causeway.ingestion.scan import Scan, scan
from causeway.use_cases.contracts import FeatureGroup, RawData
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.feature_records import Failed
from causeway_airflow.tasks.local_files import LocalFile
from causeway_airflow.tasks.progress import Progress

Stores = Literal["both", "online", "offline"]
#: Rejected rows that an error shows.
SHOWN: Final = 20


@dataclass(frozen=True)
class Staging:
    """How files are put aside: by which contract, for which stores, where; when they came in."""

    data: RawData
    stores: Stores
    folder: Path
    now: datetime


@dataclass
class Staged:
    """A file that was read and checked, with counts of what became of its rows so far."""

    group: FeatureGroup
    source: str
    digest: str
    size: int
    target: Spool | Backfill
    rejects_file: Path
    started: float
    counts: ColumnCounts = field(default_factory=ColumnCounts)
    rows: int = 0
    rejected: int = 0
    erased: int = 0
    written: int = 0
    older: int = 0
    unchanged: int = 0
    retried: int = 0
    failed: list[Failed] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    first: list[Reject] = field(default_factory=list)

    @property
    def faulty_share(self) -> float:
        """The share of rows that break the contract; those of erased records do not."""
        return (self.rejected - self.erased) / self.rows if self.rows else 0.0

    def count(self, chunk: RecordChunk) -> None:
        """Count a chunk's rows, and remember what was wrong with the first of them."""
        self.rows += chunk.rows
        self.rejected += chunk.rows - len(chunk)
        self.erased += chunk.erased
        self.refused.update(chunk.refused)
        self.first += chunk.rejects[: SHOWN - len(self.first)]


def stage(
    staging: Staging,
    group: FeatureGroup,
    file: LocalFile,
    withheld: Mapping[str, Withheld] | None = None,
) -> Staged:
    """Read and check a group's file. Nothing is written to a store.

    `withheld` gives the reason why records are rejected although they keep the contract, by id.

    Raises:
        BadInput: the file cannot be read, lacks columns, or has no rows.
    """
    started, format_ = time.monotonic(), staging.data.format
    scanned = scan(file.path, format_)
    names = (group.record_identifier, group.event_time, *group.feature_names)
    table = open_table(
        file.path, format_, names, what=file.name, profile=scanned, folder=staging.folder
    )
    layout = layout_of_group(group, staging.data, table, file.name)
    reader = RecordReader(table, layout, withheld)
    duplicates = reader.duplicates()
    staged = Staged(
        group=group,
        source=file.name,
        digest=scanned.sha256,
        size=scanned.size,
        target=_target(staging, group, scanned),
        rejects_file=staging.folder / f"{group.name}-rejects.csv",
        started=started,
    )
    _read(staged, reader, duplicates)
    if staged.rows == 0:
        raise BadInput(f"{file.name} has no records", next_step="Hand in a file with records.")
    return staged


def too_many(staged: Staged, rejects_uri: str) -> BadInput:
    """Return the error for a file of which too many rows are rejected."""
    problems, said = first_problems(staged.first, SHOWN)
    return BadInput(
        f"{staged.source}: {staged.rejected} of {staged.rows} rows break the contract of "
        f"{staged.group.name} ({staged.faulty_share:.2%})",
        problems,
        more=max(0, staged.rejected - said),
        next_step=f"Nothing was written. All of them are in {rejects_uri}; fix the file.",
    )


def store_rejects(objects: ArtifactsHook, staged: Staged, root: str, kms_key: str) -> str:
    """Store the file of rejected and failed rows, if there are any, and return its URI."""
    if not staged.rejected and not staged.failed:
        return ""
    if staged.failed:
        with staged.rejects_file.open("a", newline="") as out:
            csv.writer(out).writerows(
                (failure.row, "", "", "failed", f"{failure.code}: {failure.message}")
                for failure in sorted(staged.failed, key=lambda failure: failure.row)
            )
    with staged.rejects_file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        content.seek(0)
        uri = f"{root}/{staged.digest[:16]}/{staged.group.name}-{digest[:16]}.csv"
        objects.put(uri, content, sha256=digest, kms_key=kms_key)
    return uri


def _target(staging: Staging, group: FeatureGroup, scanned: Scan) -> Spool | Backfill:
    """Return what the good records are put aside in; an earlier look's files are replaced."""
    if staging.stores != "offline":
        return Spool(staging.folder / f"{group.name}.arrow")
    folder = staging.folder / f"{group.name}-objects"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    contract = canonical_json(group.model_dump(mode="json", exclude={"raw_source"}))
    return Backfill(group, folder, sha256(scanned.sha256 + contract), staging.now)


def _read(staged: Staged, reader: RecordReader, duplicates: dict[int, int]) -> None:
    """Put the good records aside and the rejected rows into a file, chunk by chunk."""
    progress = Progress(f"{staged.group.name}: checked")
    with staged.rejects_file.open("w", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(("row", "column", "value", "outcome", "reason"))
        for chunk in reader.chunks(duplicates, staged.counts):
            staged.target.add(chunk)
            staged.count(chunk)
            lines.writerows(
                (reject.row, reject.column, reject.value, "rejected", reject.reason)
                for reject in chunk.rejects
            )
            progress.at(staged.rows)
    staged.target.finish()
