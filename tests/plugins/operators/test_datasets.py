"""A dataset of shared features: queried as the consumer, stored once, refused with the reason."""

from __future__ import annotations

import asyncio
import io
import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest

from causeway.errors import NotSharedYet
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context

OWNER, CONSUMER = "data", "data_science"
BUCKET = "causeway-data-111111111111-eu-central-1"
DATASETS = "causeway-data-science-222222222222-eu-central-1"
IDS = [f"sgc-{n:06}" for n in range(1, 6)]


def given() -> dict[str, Any]:
    return {**context(), "inlet_events": defaultdict(list)}


@pytest.fixture(scope="module")
def filled(shared: LocalPlatform) -> LocalPlatform:
    """Every group of the use case with five records and one that was deleted."""
    from causeway_airflow.configuration import case_of

    runtime = shared.client("sagemaker-featurestore-runtime", OWNER)
    for group in case_of("credit_risk").feature_groups:
        for identifier in [*IDS, "sgc-000099"]:
            values = {
                group.record_identifier: identifier,
                group.event_time: "2024-01-01T00:00:00Z",
                **{one.name: "1" for one in group.features},
            }
            runtime.put_record(
                FeatureGroupName=group.name,
                Record=[{"FeatureName": k, "ValueAsString": v} for k, v in values.items()],
            )
        runtime.delete_record(
            FeatureGroupName=group.name,
            RecordIdentifierValueAsString="sgc-000099",
            EventTime="2024-01-02T00:00:00Z",
        )
    return shared


def build(**more: Any) -> dict[str, Any]:
    """Build the dataset as a worker and a triggerer would, retries included."""
    import time

    from airflow.sdk.exceptions import TaskDeferred

    from causeway_airflow.operators.datasets import BuildDatasetOperator

    until = time.monotonic() + 40
    while True:
        task = BuildDatasetOperator(
            task_id="dataset", use_case="credit_risk", model="credit_risk", **more
        )
        try:
            return dict(task.perform(given()))
        except TaskDeferred as deferred:
            event = asyncio.run(_first(deferred.trigger))
            fresh = BuildDatasetOperator(
                task_id="dataset", use_case="credit_risk", model="credit_risk", **more
            )
            return dict(getattr(fresh, deferred.method_name)(given(), event, **deferred.kwargs))
        except NotSharedYet as error:  # the offline store follows by a moment
            assert "fewer than" in str(error) and time.monotonic() < until, error
            time.sleep(0.3)


async def _first(trigger: Any) -> Any:
    async for event in trigger.run():
        return event.payload
    return None


def test_the_same_data_is_one_dataset(
    filled: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.operators import datasets

    first = build()
    while first["rows"] < len(IDS):  # written in the background, group by group
        first = build()
    assert set(first) == {
        *("digest", "uri", "rows", "groups", "query_sha256", "snapshot", "execution_id"),
    }
    s3 = filled.client("s3", CONSUMER)
    key = first["uri"].split("/", 3)[3]
    table = pq.read_table(io.BytesIO(s3.get_object(Bucket=DATASETS, Key=key)["Body"].read()))
    assert table["record_id"].to_pylist() == IDS, "the deleted record is in no dataset"
    beside = s3.get_object(Bucket=DATASETS, Key=key.replace(".parquet", ".json"))["Body"]
    about = json.load(beside)
    assert (about["digest"], about["rows"]) == (first["digest"], len(IDS))
    assert about["query"].startswith("WITH")
    monkeypatch.setattr(datasets, "PATIENCE", -1.0)  # whatever runs is waited for in the triggerer
    assert build() == first, "the query is found again by its token"
    held = s3.list_objects_v2(Bucket=DATASETS, Prefix=f"datasets/credit_risk/{first['digest']}/")
    assert held["KeyCount"] == 2


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
    held = glue.get_resource_policy()["PolicyInJson"]
    glue.delete_resource_policy()
    return lambda: glue.put_resource_policy(PolicyInJson=held) and None


def no_bucket_policy(platform: LocalPlatform) -> Callable[[], None]:
    s3 = platform.client("s3", OWNER)
    held = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    s3.delete_bucket_policy(Bucket=BUCKET)
    return lambda: s3.put_bucket_policy(Bucket=BUCKET, Policy=held) and None


def no_key_policy(platform: LocalPlatform) -> Callable[[], None]:
    kms = platform.client("kms", OWNER)
    key = kms.describe_key(KeyId="alias/causeway-data")["KeyMetadata"]["KeyId"]
    held = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    less = json.loads(held)
    less["Statement"] = [s for s in less["Statement"] if s["Sid"] == "OwnerAccount"]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(less))
    return lambda: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=held) and None


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
            ).perform(given())
    finally:
        back()
