"""Ingestion: every row is accounted for, online and offline, whatever goes wrong on the way."""

from __future__ import annotations

import csv
import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from causeway.errors import BadInput
from causeway.ingestion import samples
from causeway.use_cases.contracts import FeatureGroup
from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import case_of
from causeway_airflow.results import IngestedGroup
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context
from tests.plugins.ingesting import ROWS, engineered, ingest


def test_a_rerun_writes_nothing_and_a_backfill_makes_objects(
    shared: LocalPlatform, tmp_path: Path
) -> None:
    source = engineered(tmp_path, "again")
    first = ingest(source)
    assert {summary["written"] for summary in first.values()} == {ROWS}
    assert all(set(summary) == set(IngestedGroup.__annotations__) for summary in first.values())
    second = ingest(source)
    assert {(summary["written"], summary["unchanged"]) for summary in second.values()} == {
        (0, ROWS)
    }
    backfill = ingest(source, stores="offline")
    assert {summary["written"] for summary in backfill.values()} == {ROWS}
    assert {summary["unchanged"] for summary in ingest(source, stores="offline").values()} == {ROWS}


def test_a_corrected_file_needs_a_later_event_time_and_an_earlier_one_goes_offline_alone(
    shared: LocalPlatform, tmp_path: Path
) -> None:
    ingest(engineered(tmp_path, "late"))
    corrected = {"age": [50] * ROWS}
    with pytest.raises(BadInput, match=r"60 records were not written.*is not later(.|\n)*`as_of`"):
        ingest(engineered(tmp_path, "late", **corrected))
    later = ingest(engineered(tmp_path, "late", "2019-11-25T00:00:00Z", **corrected))
    assert {(s["written"], s["older"]) for s in later.values()} == {(ROWS, 0)}
    assert {r["age"] for r in records("credit-risk-applicant", "late").values()} == {"50"}
    back = ingest(engineered(tmp_path, "late"))
    assert {(s["written"], s["older"]) for s in back.values()} == {(ROWS, ROWS)}
    assert {r["age"] for r in records("credit-risk-applicant", "late").values()} == {"50"}
    with pytest.raises(BadInput, match="180 records were not written"):
        ingest(engineered(tmp_path, "late"), stores="online")


def test_what_readers_have_to_wait_for_is_what_ingestions_close_together_appended(
    shared: LocalPlatform, tmp_path: Path
) -> None:
    first = ingest(engineered(tmp_path, "wait"), "first")["credit-risk-loan"]
    before = first["appended"] - ROWS  # what other tests ingested within the minute
    assert before >= 0
    nothing = ingest(engineered(tmp_path, "wait"), "again")["credit-risk-loan"]
    assert (nothing["written"], nothing["appended"]) == (0, before + ROWS)
    assert nothing["appended_since"] == first["appended_since"]
    second = ingest(engineered(tmp_path, "more"), "second")["credit-risk-loan"]
    # Within a minute of the first: the service's clock cannot tell their rows apart.
    assert second["appended"] == before + 2 * ROWS
    assert second["appended_since"] == first["appended_since"]
    repeated = ingest(engineered(tmp_path, "most"), "second")["credit-risk-loan"]
    assert repeated["appended"] == before + 3 * ROWS
    assert repeated["appended_since"] == second["appended_since"]


def test_too_many_rejects_stop_the_task_before_anything_is_written(
    shared: LocalPlatform, tmp_path: Path
) -> None:
    source = engineered(tmp_path, "reject", credit_risk=[7] + [1] * (ROWS - 1))
    with pytest.raises(BadInput, match=r"1 of 60 rows.*\n.*row 2, column 'credit_risk', value '7'"):
        ingest(source)
    summaries = ingest(source, max_rejected=0.05)
    outcome = summaries["credit-risk-outcome"]
    assert (outcome["written"], outcome["rejected"]) == (ROWS - 1, 1)
    bucket, _, key = outcome["rejects_uri"].removeprefix("s3://").partition("/")
    body = shared.client("s3", "data").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert body.splitlines()[1].startswith('2,credit_risk,7,rejected,"is an unknown code')
    # The record's other parts are rejected with it; no group holds a part of it.
    assert {(summary["rows"], summary["rejected"]) for summary in summaries.values()} == {(ROWS, 1)}
    bucket, _, key = (
        summaries["credit-risk-loan"]["rejects_uri"].removeprefix("s3://").partition("/")
    )
    body = shared.client("s3", "data").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    reason = "the record is rejected in credit-risk-outcome"
    assert body.splitlines()[1:] == [f"2,record_id,reject-0000,rejected,{reason}"]
    offline = ingest(source, max_rejected=0.05, stores="offline")
    assert {(summary["written"], summary["rejected"]) for summary in offline.values()} == {
        (ROWS - 1, 1)
    }


def test_a_third_of_failures_loses_no_row_and_leaves_the_store_as_without(
    shared: LocalPlatform, tmp_path: Path
) -> None:
    batch = "sagemaker-featurestore-runtime:BatchWriteRecord"
    (tmp_path / "plain").mkdir()
    (tmp_path / "faulty").mkdir()
    ingest(engineered(tmp_path / "plain", "plain"))
    try:
        for number, (kind, rate) in enumerate(
            (("throttle", 0.12), ("error500", 0.14), ("unprocessed", 0.1)), start=1
        ):
            rule = {"operation": batch, "kind": kind, "rate": rate, "seed": number}
            shared.faults("POST", rule)
        summaries = ingest(engineered(tmp_path / "faulty", "faulty"))
        fired = {rule["kind"]: rule["fired"] for rule in shared.faults("GET")["faults"]}
    finally:
        shared.faults("DELETE")
    assert fired["unprocessed"], fired
    assert {
        (summary["rows"], summary["written"], summary["failed"]) for summary in summaries.values()
    } == {(ROWS, ROWS, 0)}
    assert sum(summary["retried"] for summary in summaries.values()) >= fired["unprocessed"]
    for group in summaries:
        assert records(group, "faulty") == records(group, "plain")


def records(group: str, prefix: str) -> dict[str, dict[str, str]]:
    """Return the online records of a prefix, by their number, without their ids."""
    from causeway_airflow.hooks.feature_records import FeatureRecordsHook

    ids = [f"{prefix}-{n:04d}" for n in range(ROWS)]
    stored = FeatureRecordsHook("causeway_data_ingester").read(group, "record_id", ids)
    assert set(stored) == set(ids)
    return {
        name.removeprefix(prefix): {
            value["FeatureName"]: value["ValueAsString"]
            for value in record
            if value["FeatureName"] != "record_id"
        }
        for name, record in stored.items()
    }


@pytest.mark.parametrize(
    ("use_case", "file"),
    [("credit_risk", "SouthGermanCredit.asc"), ("california_housing", "cal_housing.csv")],
)
def test_what_is_read_back_equals_the_input_cell_by_cell(
    shared: LocalPlatform, tmp_path: Path, use_case: str, file: str
) -> None:
    """Of the real file below CAUSEWAY_DATA when there is one, else of the synthetic sample."""
    from causeway_airflow.hooks.feature_records import FeatureRecordsHook
    from causeway_airflow.tasks.feature_writes import write_staged
    from causeway_airflow.tasks.local_files import LocalFile
    from causeway_airflow.tasks.staging import Staging, stage

    case = case_of(use_case)
    group = raw_group(case)
    path = raw_file(use_case, file, tmp_path)
    description = created(group, case)

    def hook(kind: Any, role: Any = None, duty: Any = None) -> Any:
        return kind("causeway_data_ingester")

    targets: tuple[Any, ...] = ("online", "offline")
    for stores in targets:
        staging = Staging(case.data, stores, tmp_path, datetime.now(UTC))
        staged = stage(staging, group, LocalFile(str(path), path))
        write_staged(hook, staged, stores, description, skip_unchanged=False)
        assert staged.written == staged.rows
    raw = raw_rows(path, case)
    ids = [case.data.record_id.format % (n + 1) for n in range(len(raw))]
    online = FeatureRecordsHook("causeway_data_ingester").read(group.name, "record_id", ids)
    offline = offline_table(shared, description)
    assert offline["record_id"] == ids
    kinds = {"Integral": int, "Fractional": float, "String": str}
    for number, (record, row) in enumerate(zip(ids, raw, strict=True)):
        stored = {value["FeatureName"]: value["ValueAsString"] for value in online[record]}
        for feature in group.features:
            name, text = feature.name, row[str(feature.source)]
            expected = kinds[feature.type](text) if text else None
            assert offline[name][number] == expected, (record, name)
            assert (kinds[feature.type](stored[name]) if name in stored else None) == expected


def raw_group(case: UseCase) -> FeatureGroup:
    """Return a group of all columns of the raw file."""
    features = tuple(case.raw_source().by_column[name] for name in case.data.columns)
    return FeatureGroup(name=f"round-trip-{case.id.replace('_', '-')}", features=features)


def raw_file(use_case: str, name: str, folder: Path) -> Path:
    real = Path(os.environ.get("CAUSEWAY_DATA", "")) / name
    if "CAUSEWAY_DATA" in os.environ and real.is_file():
        return real
    return samples.write(use_case, 300, 1, folder / name)


def raw_rows(path: Path, case: UseCase) -> list[dict[str, str]]:
    with path.open(newline="") as content:
        return list(csv.DictReader(content, delimiter=case.data.format.separator))


def created(group: FeatureGroup, case: UseCase) -> dict[str, Any]:
    """Create a group and return its description."""
    from causeway_airflow.hooks.feature_store import FeatureGroupsHook
    from causeway_airflow.tasks.feature_groups import ensure, request_of

    hook = FeatureGroupsHook("causeway_data_ingester")
    return ensure(hook, request_of(group, case)).description


def offline_table(platform: LocalPlatform, described: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the columns of what lies in the offline store, in the order of the ids."""
    uri = described["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    s3 = platform.client("s3", "data")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    parts = [
        pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
        for key in keys
    ]
    columns: dict[str, list[Any]] = pa.concat_tables(parts).sort_by("record_id").to_pydict()
    return columns


class TestAsOf:
    """Who hands in a delivery declares its event time; else the contract does."""

    def validated(self, as_of: str | None) -> dict[str, Any]:
        from causeway_airflow.operators.features import ValidateRawOperator

        operator = ValidateRawOperator(
            task_id="validate",
            use_case="credit_risk",
            data="sample",
            rows=50,
            as_of=as_of,
            sample_over_records=True,
        )
        return dict(operator.perform(context()))  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("as_of", "time"),
        [
            (None, "2019-11-24T00:00:00Z"),
            ("2020-02-29", "2020-02-29T00:00:00Z"),
            ("2020-02-29T12:00:00+01:00", "2020-02-29T11:00:00Z"),
        ],
    )
    def test_it_is_declared_or_the_contracts(
        self, shared: LocalPlatform, as_of: str | None, time: str
    ) -> None:
        assert self.validated(as_of)["as_of"] == time

    @pytest.mark.parametrize(
        ("as_of", "said"), [("yesterday", "is no date"), ("2999-01-01", "lies ahead")]
    )
    def test_what_is_no_day_or_lies_ahead_is_refused(
        self, shared: LocalPlatform, as_of: str, said: str
    ) -> None:
        with pytest.raises(BadInput, match=said):
            self.validated(as_of)
