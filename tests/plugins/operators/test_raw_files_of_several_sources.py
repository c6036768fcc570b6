"""A use case of two raw files, each with ids, times and a form of its own, up to one dataset."""

from __future__ import annotations

import asyncio
import io
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from causeway.errors import BadInput, ConfigError, NotSharedYet
from causeway.ingestion import samples
from causeway.use_cases.use_case import USE_CASES_DIR
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context
from tests.plugins.delivering import deliver
from tests.shop import CUSTOMER, ORDER, document, text_of, write_samples

#: What the CRM sends after some weeks: one customer has changed, one is new.
LATER = """customer_no,updated_at,segment,income
C-7,2026-03-01T09:00:00,gold,61000
C-9,2026-03-01T09:00:00,new,20000
"""


GROUPS = {"customers": CUSTOMER, "orders": ORDER}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The use cases that ship, and the shop."""
    folder = tmp_path_factory.mktemp("use_cases")
    for path in USE_CASES_DIR.glob("*.yaml"):
        (folder / path.name).write_text(path.read_text())
    (folder / "shop.yaml").write_text(yaml.safe_dump(document(), sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def shop(shared: LocalPlatform, folder: Path) -> Iterator[LocalPlatform]:
    """The platform with the shop's feature groups, shared as those of the others are."""
    from causeway_airflow.operators.sharing import DefineFeatureGroupsOperator

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_USE_CASES", str(folder))
        DefineFeatureGroupsOperator(task_id="define").perform({})
        _share()
        yield shared
    _share()
    for group in (CUSTOMER, ORDER):
        shared.client("sagemaker", "data").delete_feature_group(FeatureGroupName=group)


def _share() -> None:
    from causeway_airflow.operators.policies import ConvergePoliciesOperator
    from causeway_airflow.operators.sharing import AcceptInvitationsOperator
    from causeway_airflow.tasks.sharing_runs import receiving_roles
    from tests.plugins.shared_platform import converge_shares

    plans = converge_shares("data", "shared_services")
    ConvergePoliciesOperator(task_id="p", account_role="data", duty="data-sharer").perform({})
    for receiver in receiving_roles(plans):
        AcceptInvitationsOperator(task_id="accept", **receiver).perform({})


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """The files of the page, and the later one of the CRM, which writes Parquet by then."""
    (tmp_path / "customers.csv").write_text(text_of("customers"))
    (tmp_path / "orders.tsv").write_bytes(text_of("orders").encode("cp1252"))
    header, *lines = (line.split(",") for line in LATER.splitlines())
    columns = dict(zip(header, map(list, zip(*lines, strict=True)), strict=True))
    pq.write_table(pa.table(columns), tmp_path / "customers.parquet")
    return tmp_path


def online(group: str, *ids: str) -> dict[str, dict[str, str]]:
    """Return what the online store has of records, by their id."""
    from causeway_airflow.hooks.feature_records import FeatureRecordsHook

    stored = FeatureRecordsHook("causeway_data_ingester").read(group, "record_id", list(ids))
    return {
        name: {value["FeatureName"]: value["ValueAsString"] for value in record}
        for name, record in stored.items()
    }


def dataset(platform: LocalPlatform, rows: int) -> list[dict[str, Any]]:
    """Build the model's dataset as worker and triggerer do, once so many rows have arrived."""
    from airflow.sdk.exceptions import TaskDeferred

    from causeway_airflow.operators.datasets import BuildDatasetOperator

    s3, until = platform.client("s3", "data_science"), time.monotonic() + 60
    while time.monotonic() < until:
        task = BuildDatasetOperator(task_id="dataset", use_case="shop", model="returns")
        here = {**context(), "inlet_events": defaultdict(list)}
        try:
            built = dict(task.perform(here))
        except TaskDeferred as deferred:
            event = asyncio.run(anext(aiter(deferred.trigger.run())))
            resume = getattr(task, deferred.method_name)
            built = dict(resume(here, event.payload, **(deferred.kwargs or {})))
        except NotSharedYet:
            time.sleep(0.3)
            continue
        bucket, key = built["uri"].removeprefix("s3://").split("/", 1)
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        content = pq.read_table(io.BytesIO(body)).sort_by("record_id").to_pylist()
        if len(content) >= rows and content[1]["segment"] == "gold":
            return content
        time.sleep(0.3)
    raise AssertionError("the offline store has not got the records")


def test_each_file_fills_its_own_groups_and_they_are_joined_as_known_at_the_time(
    shop: LocalPlatform, inbox: Path
) -> None:
    first = deliver(inbox, "customers", "customers.csv")
    assert first["orders.validate"] is first["orders.ingest"] is None, "it is skipped"
    (written,) = first["customers.ingest"].items()
    assert written[0] == CUSTOMER and written[1]["written"] == 2
    orders = deliver(inbox, "orders", "orders.tsv")["orders.ingest"][ORDER]
    deliver(inbox, "customers", "customers.parquet")
    assert orders["origin"]["source"] == "orders.tsv"
    assert orders["origin"]["sha256"] != written[1]["origin"]["sha256"]
    assert online(ORDER, "900")["900"] == {
        "record_id": "900",
        "event_time": "2026-01-10T08:30:00.000Z",  # written in Berlin's time
        "customer": "C-7",
        "amount": "19.9",
        "returned": "1",
    }
    assert online(CUSTOMER, "C-7")["C-7"]["segment"] == "gold"
    rows = dataset(shop, 3)
    joined = [(r["record_id"], r["customer"], r["segment"], r["income"]) for r in rows]
    assert joined == [
        ("900", "C-7", None, None),  # placed half an hour before the CRM knew the customer
        ("901", "C-7", "gold", 61000.0),
        ("902", "C-8", "regular", 52000.0),
    ]


def test_a_rerun_writes_nothing(shop: LocalPlatform, inbox: Path) -> None:
    first, again = (deliver(inbox, "orders", "orders.tsv", run) for run in ("first", "again"))
    assert again["orders.engineer"] == first["orders.engineer"], "the job is adopted"
    assert again["orders.ingest"][ORDER]["written"] == 0
    assert again["orders.ingest"][ORDER]["unchanged"] == 3


@pytest.mark.parametrize("source", [None, "order", "shop"])
def test_without_a_source_or_with_an_unknown_one_nothing_is_written(
    shop: LocalPlatform, inbox: Path, source: str | None
) -> None:
    before = objects(shop)
    with pytest.raises(ConfigError, match=r"shop has (several|no) source(.|\n)*customers, orders"):
        deliver(inbox, source, "orders.tsv")
    assert objects(shop) == before


def test_a_file_that_is_of_another_source_is_refused(shop: LocalPlatform, inbox: Path) -> None:
    before = objects(shop)
    with pytest.raises(BadInput, match=r"customers\.csv"):
        deliver(inbox, "orders", "customers.csv")
    assert objects(shop) == before


def test_one_file_is_not_of_all_sources(shop: LocalPlatform, inbox: Path) -> None:
    with pytest.raises(BadInput, match=r"orders\.tsv is not of all sources(.|\n)*`source`"):
        deliver(inbox, "all", "orders.tsv")


def test_a_bad_row_of_one_file_leaves_the_records_of_the_other(
    shop: LocalPlatform, inbox: Path
) -> None:
    deliver(inbox, "customers", "customers.parquet")
    records, before = online(CUSTOMER, "C-7", "C-9"), objects(shop)
    assert set(records) == {"C-7", "C-9"}
    bad = text_of("orders") + "903\t13.03.2026 10:00\tC-7\tmany\t0\n"
    (inbox / "orders.tsv").write_bytes(bad.encode("cp1252"))
    with pytest.raises(BadInput, match=r"shop, source orders(.|\n)*row 5, column 'Betrag'"):
        deliver(inbox, "orders", "orders.tsv")
    assert online(CUSTOMER, "C-7", "C-9") == records
    assert online(ORDER, "903") == {}
    assert objects(shop) == before


def objects(platform: LocalPlatform) -> set[str]:
    """Return the raw files and their rows that the data account's bucket has of the shop."""
    s3 = platform.client("s3", "data")
    bucket = "causeway-data-111111111111-eu-central-1"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="raw/shop/").get("Contents", [])
    return {item["Key"] for item in listed}


def test_an_erasure_takes_the_groups_by_name(shop: LocalPlatform, inbox: Path) -> None:
    from causeway_airflow.operators.erasure import FindRecordOperator

    deliver(inbox, "customers", "customers.parquet")
    about = {"use_case": "shop", "record": "C-9", "reason": "asked"}
    with pytest.raises(BadInput, match=f"of customers: {CUSTOMER}; of orders: {ORDER}"):
        FindRecordOperator(task_id="find", **about).perform(context())
    named = FindRecordOperator(task_id="find", groups=[CUSTOMER], **about)
    assert named.perform(context()) == [CUSTOMER]


def test_the_form_asks_for_the_source_where_there_are_several(shop: LocalPlatform) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    from tests.plugins.generated import features_dag

    several, one = features_dag("shop"), features_dag("credit_risk")
    assert several.params.get_param("source").schema["enum"] == ["customers", "orders", "all"]
    with pytest.raises(ParamValidationError, match="source: No value passed"):
        several.params.validate()
    assert "source" not in one.params
    assert one.task_ids == ["validate", "engineer", "ingest", "lineage"]


def test_all_of_them_take_their_samples(
    shop: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_samples(tmp_path)
    monkeypatch.setattr(samples, "JOBS_DIR", tmp_path)
    results = deliver(tmp_path, "all", "sample", sample_over_records=True)
    origins = [results[f"{name}.ingest"][group]["origin"] for name, group in GROUPS.items()]
    assert [origin["source"] for origin in origins] == [
        f"synthetic sample of {name} (60 rows, seed 0)" for name in GROUPS
    ]
    assert {origin["synthetic"] for origin in origins} == {"yes"}
