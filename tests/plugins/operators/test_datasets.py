"""A dataset of shared features: queried as the consumer, stored once, refused with the reason."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from causeway.errors import BadInput, NotSharedYet, StillRunning
from causeway.instants import instant
from causeway.use_cases.use_case import USE_CASES_DIR
from causeway_airflow.configuration import case_of
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context
from tests.plugins.shared_platform import FILLED as IDS

OWNER, CONSUMER = "data", "data_science"
BUCKET = "causeway-data-111111111111-eu-central-1"
DATASETS = "causeway-data-science-222222222222-eu-central-1"


def task_context(appended: int = 0, since: datetime | None = None) -> dict[str, Any]:
    """Return the context of a task; each group's latest ingestion sent rows since then."""
    extra = {"appended": appended, "appended_since": since and instant(since)}
    events = [SimpleNamespace(extra=extra)] if appended else []
    return {**context(), "inlet_events": defaultdict(lambda: events)}


def build(**more: Any) -> dict[str, Any]:
    """Build the dataset as a worker and a triggerer would, retries included."""
    from airflow.sdk.exceptions import TaskDeferred

    from causeway_airflow.operators.datasets import BuildDatasetOperator

    until = time.monotonic() + 40
    while True:
        task = BuildDatasetOperator(
            task_id="dataset", use_case="credit_risk", model="credit_risk", **more
        )
        try:
            return dict(task.perform(task_context()))
        except TaskDeferred as deferred:
            event = asyncio.run(_first(deferred.trigger))
            fresh = BuildDatasetOperator(
                task_id="dataset", use_case="credit_risk", model="credit_risk", **more
            )
            resume = getattr(fresh, deferred.method_name)
            return dict(resume(task_context(), event, **(deferred.kwargs or {})))
        except NotSharedYet as error:  # the offline store follows by a moment
            assert "holds no records" in str(error) and time.monotonic() < until, error
            time.sleep(0.3)


async def _first(trigger: Any) -> Any:
    async for event in trigger.run():
        return event.payload
    return None


def test_the_same_data_is_one_dataset(
    filled: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.tasks import dataset_queries

    first = build()
    while first["rows"] < len(IDS):  # written in the background, group by group
        first = build()
    assert set(first) == {
        *("digest", "uri", "rows", "groups", "missing", "query_sha256", "snapshot"),
        *("execution_id", "sources", "synthetic"),
    }
    assert first["missing"] == {}
    assert (first["sources"], first["synthetic"]) == ([], "unknown"), "nobody ingested a file"
    s3 = filled.client("s3", CONSUMER)
    key = first["uri"].split("/", 3)[3]
    table = pq.read_table(io.BytesIO(s3.get_object(Bucket=DATASETS, Key=key)["Body"].read()))
    assert table["record_id"].to_pylist() == IDS, "the deleted record is in no dataset"
    beside = s3.get_object(Bucket=DATASETS, Key=key.replace(".parquet", ".json"))["Body"]
    about = json.load(beside)
    assert (about["digest"], about["rows"]) == (first["digest"], len(IDS))
    assert about["query"].startswith("WITH")
    monkeypatch.setattr(
        dataset_queries, "PATIENCE", -1.0
    )  # whatever runs is waited for in the triggerer
    assert build() == first, "the query is found again by its token"
    listing = s3.list_objects_v2(Bucket=DATASETS, Prefix=f"datasets/credit_risk/{first['digest']}/")
    assert listing["KeyCount"] == 2


LOAN = "credit-risk-loan"
LATE = "2024-06-01T00:00:00Z"


def declare(folder: Path, patch: pytest.MonkeyPatch, dataset: Any, **training: Any) -> None:
    """Have the use case's file say another dataset, for this process."""
    document = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text())
    document["models"][0]["dataset"] = dataset
    (model,) = document["models"]
    if training:  # of other columns: nobody is protected there
        model |= {"protected": {}, "gates": [{"metric": "auc", "min": 0.7}]}
    model["training"] |= training
    (folder / "credit_risk.yaml").write_text(yaml.safe_dump(document))
    patch.setenv("CAUSEWAY_USE_CASES", str(folder))


def content(platform: LocalPlatform, built: dict[str, Any]) -> pa.Table:
    key = built["uri"].split("/", 3)[3]
    body = platform.client("s3", CONSUMER).get_object(Bucket=DATASETS, Key=key)["Body"].read()
    return pq.read_table(io.BytesIO(body))


def add(platform: LocalPlatform, group: str, record: str, moment: str, value: str) -> None:
    runtime = platform.client("sagemaker-featurestore-runtime", OWNER)
    declared = case_of("credit_risk").group(group)
    values = {"record_id": record, "event_time": moment}
    values |= {feature.name: value for feature in declared.features}
    runtime.put_record(
        FeatureGroupName=group,
        Record=[{"FeatureName": k, "ValueAsString": v} for k, v in values.items()],
    )


@pytest.fixture(scope="module")
def uneven(filled: LocalPlatform) -> LocalPlatform:
    """One record that the loan group lacks, and a later state of another record's loan."""
    for group in ("credit-risk-applicant", "credit-risk-outcome"):
        add(filled, group, "sgc-000006", "2024-01-01T00:00:00Z", "1")
    add(filled, LOAN, IDS[0], LATE, "2")
    return filled


def settled(arrived: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Build until what was written has arrived offline."""
    until = time.monotonic() + 60
    while not arrived(dataset := build()):
        assert time.monotonic() < until, dataset
        time.sleep(0.3)
    return dataset


@pytest.mark.parametrize(("missing", "rows", "purpose"), [("drop", 5, []), ("null", 6, [None])])
def test_rows_that_a_group_lacks_are_counted_and_treated_as_declared(
    uneven: LocalPlatform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    missing: str,
    rows: int,
    purpose: list[None],
) -> None:
    declare(tmp_path, monkeypatch, {"missing": missing})
    built = settled(lambda dataset: dataset["missing"] == {LOAN: 1})
    assert built["rows"] == rows
    table = content(uneven, built)
    assert table.filter(pc.equal(table["record_id"], "sgc-000006"))["purpose"].to_pylist() == (
        purpose
    )
    assert f"1 of 6 rows have no record in {LOAN} (such as sgc-000006): {missing}" in (caplog.text)


def test_rows_that_a_group_lacks_are_refused_where_that_is_declared(
    uneven: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(lambda dataset: dataset["missing"] == {LOAN: 1})
    groups = [{"group": group.name} for group in case_of("credit_risk").feature_groups]
    groups[1] |= {"missing": "refuse"}
    declare(tmp_path, monkeypatch, {"groups": groups})
    with pytest.raises(BadInput, match=r"1 of 6 rows .* credit-risk-loan, among them sgc-000006"):
        build()


def test_own_rows_see_what_was_known_at_their_time(
    uneven: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of the consumer's joined with shared features: renamed, as of each row's time."""
    settled(lambda dataset: dataset["missing"] == {LOAN: 1})
    folder = f"s3://{DATASETS}/datasets/own/"
    times = ["2023-01-01T00:00:00Z", "2024-02-01T00:00:00Z", "2024-07-01T00:00:00Z"]
    own = pa.table(
        {"case_id": ["1", "2", "3"], "asked_at": times, "who": [IDS[0]] * 3, "label": [0, 1, 1]}
    )
    body = io.BytesIO()
    pq.write_table(own, body)
    uneven.client("s3", CONSUMER).put_object(
        Bucket=DATASETS, Key="datasets/own/rows.parquet", Body=body.getvalue()
    )
    glue = uneven.client("glue", CONSUMER)
    glue.create_database(DatabaseInput={"Name": "lending"})
    parquet = "org.apache.hadoop.hive.ql.io.parquet"
    types = {"case_id": "string", "asked_at": "string", "who": "string", "label": "bigint"}
    glue.create_table(
        DatabaseName="lending",
        TableInput={
            "Name": "cases",
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": kind} for name, kind in types.items()],
                "Location": folder,
                "InputFormat": f"{parquet}.MapredParquetInputFormat",
                "OutputFormat": f"{parquet}.MapredParquetOutputFormat",
                "SerdeInfo": {"SerializationLibrary": f"{parquet}.serde.ParquetHiveSerDe"},
            },
        },
    )
    actions = ["athena:GetDataCatalog", "glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"]
    uneven.client("iam", CONSUMER).put_role_policy(
        RoleName="causeway-trainer",
        PolicyName="own-tables",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
            }
        ),
    )
    declare(
        tmp_path,
        monkeypatch,
        {
            "mode": "point_in_time",
            "missing": "null",
            "table": {
                "database": "lending",
                "table": "cases",
                "record_identifier": "case_id",
                "event_time": "asked_at",
                "columns": {"who": "customer", "label": "good"},
            },
            "groups": [
                {
                    "group": LOAN,
                    "on": "customer",
                    "features": ["amount", "purpose"],
                    "rename": {"amount": "loan_amount"},
                }
            ],
        },
        features=["loan_amount", "purpose"],
        one_hot=["purpose"],
        label="good",
        search=None,
    )
    built = build()
    rows = content(uneven, built).sort_by("case_id").to_pylist()
    assert [(row["loan_amount"], row["purpose"]) for row in rows] == [(None, None), (1, 1), (2, 2)]
    assert [row["asked_at"] for row in rows] == times
    assert set(rows[0]) == {"case_id", "asked_at", "customer", "good", "loan_amount", "purpose"}
    assert (built["groups"], built["missing"]) == ([LOAN], {LOAN: 1})


def no_catalogue(platform: LocalPlatform) -> Callable[[], None]:
    athena = platform.client("athena", CONSUMER)
    athena.delete_data_catalog(Name="causeway_data")

    def back() -> None:
        athena.create_data_catalog(
            Name="causeway_data", Type="GLUE", Parameters={"catalog-id": "111111111111"}
        )

    return back


def no_glue_policy(platform: LocalPlatform) -> Callable[[], None]:
    glue = platform.client("glue", OWNER)
    policy = glue.get_resource_policy()["PolicyInJson"]
    glue.delete_resource_policy()
    return lambda: glue.put_resource_policy(PolicyInJson=policy) and None


def no_bucket_policy(platform: LocalPlatform) -> Callable[[], None]:
    s3 = platform.client("s3", OWNER)
    policy = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    s3.delete_bucket_policy(Bucket=BUCKET)
    return lambda: s3.put_bucket_policy(Bucket=BUCKET, Policy=policy) and None


def no_key_policy(platform: LocalPlatform) -> Callable[[], None]:
    kms = platform.client("kms", OWNER)
    key = kms.describe_key(KeyId="alias/causeway-data")["KeyMetadata"]["KeyId"]
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    less = json.loads(policy)
    less["Statement"] = [s for s in less["Statement"] if s["Sid"] == "OwnerAccount"]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(less))
    return lambda: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy) and None


@pytest.mark.parametrize(
    ("take", "named"),
    [
        (no_catalogue, "the data catalogue causeway_data"),
        (no_glue_policy, "the Glue resource policy"),
        (no_bucket_policy, "the bucket policy"),
        (no_key_policy, "the key policy"),
    ],
)
def test_a_missing_grant_is_named(
    filled: LocalPlatform, take: Callable[[LocalPlatform], Callable[[], None]], named: str
) -> None:
    from causeway_airflow.operators.datasets import BuildDatasetOperator

    back = take(filled)
    try:
        with pytest.raises(NotSharedYet, match=named):
            BuildDatasetOperator(
                task_id="dataset", use_case="credit_risk", model="credit_risk"
            ).perform(task_context())
    finally:
        back()


def test_a_second_ingestion_is_waited_for_until_its_own_rows_are_offline(
    filled: LocalPlatform,
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    from causeway_airflow.operators.datasets import BuildDatasetOperator

    first = build()
    run = task_context(appended=1, since=datetime.now(UTC))
    task = BuildDatasetOperator(task_id="dataset", use_case="credit_risk", model="credit_risk")
    with pytest.raises(TaskDeferred) as deferred:
        task.perform(run)
    wait = deferred.value.trigger.wait
    assert "credit-risk-loan (0 of 1 rows)" in wait.what
    assert deferred.value.timeout.total_seconds() == 31 * 60
    with pytest.raises(StillRunning, match=r"not in the offline store after 0:30:00(.|\n)*blocks"):
        task.resumed(run)
    for group in case_of("credit_risk").feature_groups:
        values = {
            group.record_identifier: IDS[0],
            group.event_time: "2024-01-03T00:00:00Z",
            **{feature.name: "2" for feature in group.features},
        }
        filled.client("sagemaker-featurestore-runtime", OWNER).put_record(
            FeatureGroupName=group.name,
            Record=[{"FeatureName": k, "ValueAsString": v} for k, v in values.items()],
        )
    asyncio.run(_first(deferred.value.trigger))
    second = task.resumed(run)
    assert second["digest"] != first["digest"]


def test_a_query_whose_results_the_bucket_deletes_is_asked_again(
    filled: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last of this file: who asks one of these queries once more finds no results of it."""
    first = build()
    s3 = filled.client("s3", CONSUMER)
    bucket = first["uri"].split("/", 3)[2]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="datasets/queries/").get("Contents", [])
    for item in listed:
        s3.delete_object(Bucket=bucket, Key=item["Key"])
    # Days would pass for this query too if a clock were moved: what ended before now is too old.
    started = datetime.now(UTC)
    monkeypatch.setattr(
        "causeway.topology.retention.Retention.queries_expired",
        lambda _, ended, now: ended is not None and ended < started,
    )
    again = build()
    assert (again["digest"], again["uri"]) == (first["digest"], first["uri"])
    assert again["execution_id"] != first["execution_id"]
