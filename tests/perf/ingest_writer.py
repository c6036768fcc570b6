"""Writes a table to a feature group as `FeatureIngestOperator` does: read, check, put aside, write.

Runs as a process of its own, like the peers (see `peer.py`).
"""

from __future__ import annotations

import logging
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from causeway.use_cases.contracts import FeatureGroup
from causeway.use_cases.use_case import use_case
from causeway_airflow.hooks.feature_ingest import FeatureIngest
from tests.perf.peer import GROUP, serve

CASE = use_case("credit_risk")
#: Twenty features: with identifier and event time the table has 22 columns.
FEATURES = tuple(CASE.by_source[name] for name in CASE.data.columns[:20])
#: As far as a backfill reads what `DescribeFeatureGroup` says.
DESCRIBED = {"OfflineStoreConfig": {"S3StorageConfig": {"ResolvedOutputS3Uri": "s3://bench/data"}}}


def write(job: dict[str, Any]) -> None:
    """Ingest a file, from reading it to the last acknowledged row."""
    group = FeatureGroup(name=GROUP, features=FEATURES)
    with tempfile.TemporaryDirectory() as folder:
        INGEST.folder = Path(folder)
        staged = INGEST.stage(group, CASE, job["file"], job["stores"], datetime.now(UTC))
        INGEST.commit(staged, job["stores"], DESCRIBED, skip_unchanged=False)
    assert (staged.rows, staged.written) == (job["rows"], job["rows"]), staged


INGEST = FeatureIngest("standin", "eu-central-1", Path(), logging.getLogger(__name__))

if __name__ == "__main__":
    sys.exit(serve(write))
