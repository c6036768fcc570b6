"""A model's dataset with another use case's feature group: read through its share, or refused."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from causeway.errors import BadInput, NotSharedYet
from causeway.use_cases.contracts import FeatureGroup
from causeway.use_cases.use_case import USE_CASES_DIR
from causeway_airflow.configuration import case_of
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context
from tests.plugins.shared_platform import FILLED

BLOCK = "california-housing-block"


def put(platform: LocalPlatform, group: FeatureGroup, record: str, value: str) -> None:
    values = {group.record_identifier: record, group.event_time: "2024-01-01T00:00:00Z"}
    values |= {feature.name: value for feature in group.features}
    platform.client("sagemaker-featurestore-runtime", "data").put_record(
        FeatureGroupName=group.name,
        Record=[{"FeatureName": k, "ValueAsString": v} for k, v in values.items()],
    )


def declare(folder: Path, patch: pytest.MonkeyPatch, owner: str, **owned: Any) -> None:
    """Have credit risk's model read the median income of a block group; `owned` changes its owner.

    Its record's identifiers are those of the loans here.
    """
    case = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text())
    lender = yaml.safe_load((USE_CASES_DIR / "california_housing.yaml").read_text()) | owned
    group = lender["feature_groups"][0]["name"]
    case["models"][0]["dataset"] = {
        "groups": [
            *({"group": own["name"]} for own in case["feature_groups"]),
            {"group": group, "use_case": owner, "features": ["median_income"]},
        ]
    }
    case["models"][0]["training"]["features"].append("median_income")
    (folder / "credit_risk.yaml").write_text(yaml.safe_dump(case))
    (folder / f"{owner}.yaml").write_text(yaml.safe_dump(lender))
    patch.setenv("CAUSEWAY_USE_CASES", str(folder))


def begin() -> dict[str, Any]:
    """Do what the task `dataset` does, in worker and triggerer."""
    from airflow.sdk.exceptions import TaskDeferred

    from causeway_airflow.operators.datasets import BuildDatasetOperator

    task = BuildDatasetOperator(task_id="dataset", use_case="credit_risk", model="credit_risk")
    here = {**context(), "inlet_events": defaultdict(list)}
    try:
        return dict(task.perform(here))
    except TaskDeferred as deferred:
        event = asyncio.run(anext(aiter(deferred.trigger.run())))
        resume = getattr(task, deferred.method_name)
        return dict(resume(here, event.payload, **(deferred.kwargs or {})))


def test_a_dataset_has_the_features_of_another_use_case_through_its_share(
    filled: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = case_of("california_housing").group(BLOCK)
    put(filled, block, FILLED[0], "7")
    declare(tmp_path, monkeypatch, "california_housing")
    until, s3 = time.monotonic() + 60, filled.client("s3", "data_science")
    while True:
        try:
            built = begin()
        except NotSharedYet as error:
            assert "holds no records" in str(error)
        else:
            bucket, key = built["uri"].removeprefix("s3://").split("/", 1)
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            rows = pq.read_table(io.BytesIO(body)).to_pylist()
            if FILLED[0] in {row["record_id"] for row in rows}:
                break
        assert time.monotonic() < until, "the offline store has not got the records"
        time.sleep(0.3)
    (row,) = (row for row in rows if row["record_id"] == FILLED[0])
    assert row["median_income"] == 7.0 and row["age"] is not None
    assert FILLED[1] not in {row["record_id"] for row in rows}, "it has no block group"
    assert built["missing"][BLOCK] >= 4
    described = s3.get_object(Bucket=bucket, Key=key.replace(".parquet", ".json"))["Body"]
    assert BLOCK in json.load(described)["groups"]


@pytest.mark.parametrize(
    "access",
    [
        [],
        [{"resource": "feature_groups", "grant": "read", "to": ["prod"]}],
        [
            {
                "resource": "feature_groups",
                "grant": "read",
                "to": ["data_science"],
                "names": ["california-housing-value"],
            }
        ],
        [
            {
                "resource": "feature_groups",
                "grant": "read",
                "to": ["data_science"],
                "until": "2020-01-01",
            }
        ],
    ],
    ids=["nothing", "another account", "another group", "until a day that has passed"],
)
def test_a_group_that_its_owner_does_not_let_data_science_read_is_refused(
    shared: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, access: Any
) -> None:
    declare(tmp_path, monkeypatch, "california_housing", access=access)
    with pytest.raises(BadInput, match="credit_risk may not read california-housing-block") as said:
        begin()
    assert "Ask model-owner to add" in str(said.value)
    assert "to `access` of california_housing" in str(said.value)


def test_a_declared_group_that_is_not_shared_yet_is_waited_for(
    shared: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lender = yaml.safe_load((USE_CASES_DIR / "california_housing.yaml").read_text())
    for group in lender["feature_groups"]:
        group["name"] = group["name"].replace("california-housing", "census")
    (model,) = lender["models"]
    model |= {"name": "census", "group": "census"}
    declare(
        tmp_path,
        monkeypatch,
        "census",
        id="census",
        feature_groups=lender["feature_groups"],
        models=[model],
    )
    with pytest.raises(NotSharedYet, match="feature-group/census-block is not shared"):
        begin()
