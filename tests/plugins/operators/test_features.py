"""Ingestion: every row is accounted for, online and offline, whatever goes wrong on the way."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from causeway.errors import BadInput
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context

ROWS = 60


def engineered(folder: Path, prefix: str, **change: Any) -> Path:
    """Write one Parquet file a group, each value the least that the contract allows."""
    from causeway_airflow.configuration import case_of

    for group in case_of("credit_risk").feature_groups:
        columns: dict[str, Any] = {
            "record_id": [f"{prefix}-{n:04d}" for n in range(ROWS)],
            "event_time": ["2019-11-24T00:00:00Z"] * ROWS,
        }
        for feature in group.features:
            low = feature.range.min if feature.range and feature.range.min else 1
            value = next(iter(feature.codes)) if feature.codes else low
            columns[feature.name] = [float(value) if feature.type == "Fractional" else value] * ROWS
        columns |= {name: values for name, values in change.items() if name in columns}
        name = group.name.removeprefix("credit-risk-")
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return folder


def ingest(folder: Path, **options: Any) -> dict[str, Any]:
    from causeway_airflow.operators.features import FeatureIngestOperator

    given = context()
    given["outlet_events"] = defaultdict(lambda: SimpleNamespace(extra={}))
    operator = FeatureIngestOperator(
        task_id="ingest", use_case="credit_risk", source=str(folder), **options
    )
    return operator.perform(given)  # type: ignore[arg-type]


def test_a_rerun_writes_nothing_and_a_backfill_makes_objects(
    shared: LocalPlatform, tmp_path: Path
) -> None:
    source = engineered(tmp_path, "again")
    first = ingest(source)
    assert {one["written"] for one in first.values()} == {ROWS}
    second = ingest(source)
    assert {(one["written"], one["unchanged"]) for one in second.values()} == {(0, ROWS)}
    backfill = ingest(source, stores="offline")
    assert {one["written"] for one in backfill.values()} == {ROWS}
    assert {one["unchanged"] for one in ingest(source, stores="offline").values()} == {ROWS}


def test_too_many_rejects_stop_the_task_before_anything_is_written(
    shared: LocalPlatform, tmp_path: Path
) -> None:
    source = engineered(tmp_path, "reject", credit_risk=[7] + [1] * (ROWS - 1))
    with pytest.raises(BadInput, match=r"1 of 60 rows.*\n.*row 1, column 'credit_risk', value '7'"):
        ingest(source)
    found = ingest(source, max_rejected=0.05)
    outcome = found["credit-risk-outcome"]
    assert (outcome["written"], outcome["rejected"]) == (ROWS - 1, 1)
    bucket, _, key = outcome["rejects_uri"].removeprefix("s3://").partition("/")
    body = shared.client("s3", "data").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert body.splitlines()[1].startswith('1,credit_risk,7,rejected,"is an unknown code')
