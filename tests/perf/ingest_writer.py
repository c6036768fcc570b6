"""Writes a table to a feature group as `FeatureIngestOperator` does: read, check, put aside, write.

Runs as a process of its own, like the peers (see `peer.py`).
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from causeway.use_cases.contracts import FeatureGroup
from causeway.use_cases.files import use_case
from causeway_airflow.tasks.feature_writes import write_staged
from causeway_airflow.tasks.local_files import LocalFile
from causeway_airflow.tasks.staging import Staging, stage
from tests.perf.peer import GROUP, serve

CASE = use_case("credit_risk")
#: Twenty features: with identifier and event time the table has 22 columns.
FEATURES = tuple(CASE.raw_source().by_column[name] for name in CASE.data.columns[:20])
#: As far as a backfill reads what `DescribeFeatureGroup` says.
DESCRIPTION = {
    "OfflineStoreConfig": {"S3StorageConfig": {"ResolvedOutputS3Uri": "s3://bench/data"}},
    "RecordIdentifierFeatureName": "record_id",
    "EventTimeFeatureName": "event_time",
}


@cache
def hook(kind: Any, role: object = None, duty: object = None) -> Any:
    """Return a hook that acts as the stand-in's only principal; one for the whole process."""
    return kind("standin", "eu-central-1")


def write(job: dict[str, Any]) -> None:
    """Ingest a file, from reading it to the last acknowledged row."""
    group, stores = FeatureGroup(name=GROUP, features=FEATURES), job["stores"]
    with tempfile.TemporaryDirectory() as folder:
        staging = Staging(CASE.data, stores, Path(folder), datetime.now(UTC))
        staged = stage(staging, group, LocalFile(job["file"], Path(job["file"])))
        write_staged(hook, staged, stores, DESCRIPTION, skip_unchanged=False)
    assert (staged.rows, staged.written) == (job["rows"], job["rows"]), staged


if __name__ == "__main__":
    sys.exit(serve(write))
