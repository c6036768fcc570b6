"""Ingestion of one file into one feature group: everything is checked, then written.

First the file is read, checked and put aside on the worker's disk, in chunks; only when it is
known how many rows are rejected does anything leave. Then the records go to the stores in batches,
or as Parquet objects to the offline store alone.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from causeway.digests import canonical_json, sha256
from causeway.errors import BadInput
from causeway.features.withheld import Withheld
from causeway.ingestion.backfill import Backfill, Spool, spooled
from causeway.ingestion.bodies import Body, bodies, record_text, texts_of
from causeway.ingestion.files import open_table
from causeway.ingestion.layouts import layout_of_group
from causeway.ingestion.records import ColumnCounts, RecordReader, Reject, first_problems
from causeway.ingestion.scan import scan
from causeway.use_cases.contracts import FeatureGroup
from causeway.use_cases.use_case import UseCase
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.feature_records import Failed, FeatureRecordsHook

Stores = Literal["both", "online", "offline"]
TARGETS: dict[Stores, list[str]] = {"both": [], "online": ["OnlineStore"], "offline": []}
#: Seconds between two lines about progress in the task's log.
PROGRESS_SECONDS = 10.0
SHOWN = 20


@dataclass
class Staged:
    """A file that was read and checked, and what became of its rows so far."""

    group: FeatureGroup
    source: str
    digest: str
    size: int
    target: Spool | Backfill
    rejects_file: Path
    counts: ColumnCounts
    rows: int = 0
    rejected: int = 0
    erased: int = 0
    written: int = 0
    unchanged: int = 0
    retried: int = 0
    failed: list[Failed] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    first: list[Reject] = field(default_factory=list)
    started: float = 0.0

    @property
    def share(self) -> float:
        """The share of rows that break the contract; those of erased records do not."""
        return (self.rejected - self.erased) / self.rows if self.rows else 0.0


class FeatureIngest:
    """Ingests files with the hooks of one connection.

    :param aws_conn_id: the ingester's connection
    :param folder: where files are put aside
    :param log: the task's log
    """

    def __init__(self, aws_conn_id: str, region_name: str | None, folder: Path, log: Any) -> None:
        self.files = ArtifactsHook(aws_conn_id, region_name)
        self.records = FeatureRecordsHook(aws_conn_id, region_name)
        self.folder, self.log = folder, log

    def stage(
        self,
        group: FeatureGroup,
        case: UseCase,
        source: str,
        stores: Stores,
        now: datetime,
        withheld: Mapping[str, Withheld] | None = None,
    ) -> Staged:
        """Read and check a file (a path or an S3 URI). Nothing is written to a store.

        `withheld` says of some record ids why they are rejected, good as they may be.
        Raises `BadInput` when the file cannot be read or lacks columns, or has no rows.
        """
        started, path = time.monotonic(), self._local(source, group)
        found = scan(path, case.data.format)
        names = (group.record_identifier, group.event_time, *group.feature_names)
        table = open_table(path, case.data.format, names, what=source, found=found)
        layout = layout_of_group(group, case.data, table, source)
        reader = RecordReader(table, layout, withheld)
        duplicates = reader.duplicates()
        target: Spool | Backfill
        if stores == "offline":
            place = self.folder / f"{group.name}-objects"
            shutil.rmtree(place, ignore_errors=True)  # of an earlier look at the same file
            place.mkdir()
            contract = canonical_json(group.model_dump(mode="json"))
            target = Backfill(group, place, sha256(found.sha256 + contract), now)
        else:
            target = Spool(self.folder / f"{group.name}.arrow")
        rejects = self.folder / f"{group.name}-rejects.csv"
        staged = Staged(
            group,
            source,
            found.sha256,
            found.size,
            target,
            rejects,
            ColumnCounts(),
            started=started,
        )
        progress = _Progress(self.log, f"{group.name}: checked")
        with rejects.open("w", newline="") as out:
            lines = csv.writer(out)
            lines.writerow(("row", "column", "value", "outcome", "reason"))
            for chunk in reader.chunks(duplicates, staged.counts):
                target.add(chunk)
                staged.rows += chunk.rows
                staged.rejected += chunk.rows - len(chunk)
                staged.erased += chunk.erased
                staged.refused.update(chunk.refused)
                staged.first += chunk.rejects[: SHOWN - len(staged.first)]
                lines.writerows(
                    (one.row, one.column, one.value, "rejected", one.reason)
                    for one in chunk.rejects
                )
                progress.at(staged.rows)
        target.finish()
        if staged.rows == 0:
            raise BadInput(f"{source} has no records", next_step="Hand in a file with records.")
        return staged

    def too_many(self, staged: Staged, rejects_uri: str) -> BadInput:
        """Return the error for a file of which too many rows are rejected."""
        return BadInput(
            f"{staged.source}: {staged.rejected} of {staged.rows} rows break the contract of "
            f"{staged.group.name} ({staged.share:.2%})",
            first_problems(staged.first, SHOWN),
            more=max(0, staged.rejected - len(staged.first)),
            next_step=f"Nothing was written. All of them are in {rejects_uri}; mend the file.",
        )

    def keep_rejects(self, staged: Staged, root: str, kms_key: str) -> str:
        """Store the file of rejected and failed rows, if there are any, and return its URI."""
        if not staged.rejected and not staged.failed:
            return ""
        if staged.failed:
            with staged.rejects_file.open("a", newline="") as out:
                csv.writer(out).writerows(
                    (one.row, "", "", "failed", f"{one.code}: {one.message}")
                    for one in sorted(staged.failed, key=lambda one: one.row)
                )
        with staged.rejects_file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            content.seek(0)
            uri = f"{root}/{staged.digest[:16]}/{staged.group.name}-{digest[:16]}.csv"
            self.files.put(uri, content, sha256=digest, kms_key=kms_key)
        return uri

    def commit(
        self, staged: Staged, stores: Stores, described: dict[str, Any], *, skip_unchanged: bool
    ) -> None:
        """Write what was put aside; afterwards every row is accounted for."""
        if isinstance(staged.target, Backfill):
            self._upload(staged, staged.target, described)
        elif staged.rows > staged.rejected:
            self._write(staged, staged.target, TARGETS[stores], skip_unchanged)

    def _write(
        self, staged: Staged, spool: Spool, targets: list[str], skip_unchanged: bool
    ) -> None:
        progress = _Progress(self.log, f"{staged.group.name}: sent")
        for outcome in self.records.write(self._requests(staged, spool, targets, skip_unchanged)):
            staged.written += outcome.written
            staged.retried += outcome.retried
            staged.failed += outcome.failed
            progress.at(staged.written + staged.unchanged + len(staged.failed))

    def _requests(
        self, staged: Staged, spool: Spool, targets: list[str], skip_unchanged: bool
    ) -> Iterator[Body]:
        name = staged.group.name
        for numbers, columns in spooled(spool.path):
            for start, texts in texts_of(columns, len(numbers)):
                rows = numbers[start : start + len(texts)]
                if skip_unchanged:
                    ids = columns[staged.group.record_identifier].slice(start, len(texts))
                    kept = self._changed(staged.group, list(columns), ids.to_pylist(), texts)
                    staged.unchanged += len(rows) - len(kept)
                    rows, texts = rows[kept], texts.take(pa.array(kept, pa.int64()))
                yield from bodies(name, rows, texts, stores=targets)

    def _changed(
        self, group: FeatureGroup, names: list[str], ids: list[str], texts: pa.Array
    ) -> list[int]:
        """Return the positions of the records that the online store does not hold in this form."""
        stored = self.records.read(group.name, group.record_identifier, ids)
        held = {one: record_text(record, names) for one, record in stored.items()}
        return [
            position
            for position, (one, text) in enumerate(zip(ids, texts.to_pylist(), strict=True))
            if held.get(one) != text
        ]

    def _upload(self, staged: Staged, backfill: Backfill, described: dict[str, Any]) -> None:
        """Store the objects of a backfill; one that is there already is left as it is."""
        storage = described["OfflineStoreConfig"]["S3StorageConfig"]
        for made in backfill.objects:
            uri = f"{storage['ResolvedOutputS3Uri']}/{made.key}"
            key = storage.get("KmsKeyId")
            if self._add(uri, made.path, backfill.digest, key):
                staged.written += made.rows
            else:
                staged.unchanged += made.rows
            self.log.info("%s: %d rows in %s", staged.group.name, made.rows, uri)

    def _add(self, uri: str, path: Path, digest: str, kms_key: str | None) -> bool:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        try:
            with path.open("rb") as content:
                self.files.call(
                    "put_object",
                    Bucket=bucket,
                    Key=key,
                    Body=content,
                    IfNoneMatch="*",
                    Metadata={"input": digest},
                    **encryption,
                )
            return True
        except AwsCallError as error:
            if not error.conditional:
                raise
            return False

    def _local(self, source: str, group: FeatureGroup) -> Path:
        if source.startswith("s3://"):
            path = self.folder / f"{group.name}-input"
            if not path.exists():
                self.files.download(source, path)
            return path
        path = Path(source)
        if not path.is_file():
            raise BadInput(
                f"there is no file {source}",
                next_step="Name a file that the Airflow worker can read, or an s3:// URI.",
            )
        return path


class _Progress:
    """Says now and then how far it is."""

    def __init__(self, log: Any, what: str) -> None:
        self._log, self._what = log, what
        self._started = self._said = time.monotonic()

    def at(self, rows: int) -> None:
        now = time.monotonic()
        if now - self._said >= PROGRESS_SECONDS:
            self._said = now
            rate = rows / (now - self._started)
            self._log.info("%s %d rows, %.0f rows/s", self._what, rows, rate)
