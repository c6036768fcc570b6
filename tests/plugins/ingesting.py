"""Rows as a features job leaves them, and the operator that ingests them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from causeway_airflow.configuration import case_of
from tests.plugins.conftest import context

ROWS = 60


def engineered(folder: Path, prefix: str, at: str = "2019-11-24T00:00:00Z", **change: Any) -> Path:
    """Write one Parquet file a group, each value the least that the contract allows.

    The rows are those of a text with a header.
    """
    for group in case_of("credit_risk").feature_groups:
        columns: dict[str, Any] = {
            "record_id": [f"{prefix}-{n:04d}" for n in range(ROWS)],
            "event_time": [at] * ROWS,
        }
        for feature in group.features:
            low = feature.range.min if feature.range and feature.range.min else 1
            value = next(iter(feature.codes)) if feature.codes else low
            columns[feature.name] = [float(value) if feature.type == "Fractional" else value] * ROWS
        columns["_line"] = range(2, ROWS + 2)
        columns |= {name: values for name, values in change.items() if name in columns}
        name = group.name.removeprefix("credit-risk-")
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return folder


def ingest(folder: Path, run: str = "run-1", **options: Any) -> dict[str, Any]:
    from causeway_airflow.operators.features import FeatureIngestOperator

    task_context = context(run)
    task_context["outlet_events"] = defaultdict(lambda: SimpleNamespace(extra={}))
    operator = FeatureIngestOperator(
        task_id="ingest", use_case="credit_risk", source=str(folder), **options
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_INBOX", str(folder))
        return operator.perform(task_context)  # type: ignore[arg-type]
