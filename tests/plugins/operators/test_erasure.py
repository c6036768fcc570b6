"""Records that are deleted, and one that leaves every store wherever its erasure is killed."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from causeway.errors import BadInput, ConfigError, StaleDelete
from causeway_airflow.configuration import case_of
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context
from tests.plugins.ingesting import ROWS, engineered, ingest

CASE, GROUP = "california_housing", "california-housing-value"
BUCKET = "causeway-data-111111111111-eu-central-1"
SCIENCE = "causeway-data-science-222222222222-eu-central-1"
REPORTS = "causeway-governance-444444444444-eu-central-1"
STORED = "2024-01-01T00:00:00Z"
#: Calls of one erasure that change something; after each of them a worker may die.
CHANGING = {"put_item", "delete_record", "put_object", "delete_object"}
KILLS = 8
IDS = [f"er-{n:02}" for n in range(KILLS + 6)]
STAYS = IDS[-1]


class Killed(BaseException):
    """The worker was killed."""


def put(platform: LocalPlatform, ids: list[str], value: str, moment: str = STORED) -> None:
    runtime = platform.client("sagemaker-featurestore-runtime", "data")
    for name in ids:
        record = {"record_id": name, "event_time": moment, "median_house_value": value}
        runtime.put_record(
            FeatureGroupName=GROUP,
            Record=[{"FeatureName": k, "ValueAsString": v} for k, v in record.items()],
        )


def objects(platform: LocalPlatform, group: str = GROUP) -> list[dict[str, Any]]:
    """Return every version below a group's offline store, the current ones marked."""
    description = platform.client("sagemaker", "data").describe_feature_group(
        FeatureGroupName=group
    )
    uri = description["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    prefix = uri.split("/", 3)[3]
    s3 = platform.client("s3", "data")
    return list(s3.list_object_versions(Bucket=BUCKET, Prefix=prefix).get("Versions", ()))


def rows(platform: LocalPlatform, group: str = GROUP, *, current: bool) -> list[dict[str, Any]]:
    s3, contents = platform.client("s3", "data"), []
    for version in objects(platform, group):
        if version["IsLatest"] or not current:
            body = s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])[
                "Body"
            ]
            contents += pq.read_table(io.BytesIO(body.read())).to_pylist()
    return contents


def online(platform: LocalPlatform, record: str) -> Any:
    runtime = platform.client("sagemaker-featurestore-runtime", "data")
    return runtime.get_record(FeatureGroupName=GROUP, RecordIdentifierValueAsString=record).get(
        "Record"
    )


@pytest.fixture(scope="module")
def stored(shared: LocalPlatform) -> LocalPlatform:
    """Records with two writes each, offline in the feature store's objects and in a backfill."""
    put(shared, IDS, "1.5")
    put(shared, IDS, "2.5", "2024-01-02T00:00:00Z")
    until = time.monotonic() + 20
    while len(rows(shared, current=True)) < 2 * len(IDS):
        assert time.monotonic() < until
        time.sleep(0.2)
    # Somebody wrote one of the objects over: an old version holds every record, too.
    s3, (first, *_) = shared.client("s3", "data"), objects(shared)
    body = s3.get_object(Bucket=BUCKET, Key=first["Key"])["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=first["Key"], Body=body)
    return shared


def erase(record: str, run: str = "run-1", **more: Any) -> dict[str, Any]:
    from causeway_airflow.operators.erasure import EraseRecordOperator

    about = {"group": GROUP, "record": record, "reason": "asked", **more}
    task = EraseRecordOperator(task_id="erase", **about)
    return dict(task.perform(context(run, "data-owner")))


def report(outcome: dict[str, Any], record: str, run: str) -> dict[str, Any]:
    from causeway_airflow.operators.erasure import ErasureReportOperator

    task = ErasureReportOperator(task_id="r", outcomes=[outcome], record=record, reason="asked")
    return dict(task.perform(context(run)))


def gone(platform: LocalPlatform, record: str) -> None:
    """Assert that nothing of a record is left but the mark of its deletion."""
    assert online(platform, record) is None
    left = [row for row in rows(platform, current=False) if row["record_id"] == record]
    assert all(row["is_deleted"] and row["median_house_value"] is None for row in left)


def test_a_stale_deletion_is_refused_and_a_later_one_deletes(stored: LocalPlatform) -> None:
    from causeway_airflow.operators.erasure import DeleteRecordOperator

    put(stored, ["soft", "hard"], "1", "2024-01-02T00:00:00Z")
    for record in ("soft", "hard"):
        for moment in (STORED, "2024-01-02T00:00:00Z"):
            about = {"feature_group": GROUP, "record": record, "mode": record}
            with pytest.raises(StaleDelete) as caught:
                DeleteRecordOperator(task_id="d", event_time=moment, **about).perform({})
            for named in (record, GROUP, "2024-01-02T00:00:00Z", moment):
                assert named in str(caught.value)
            assert online(stored, record)
        later = DeleteRecordOperator(task_id="d", event_time="2024-01-03T00:00:00Z", **about)
        assert later.perform({})["was_online"] is True
        assert online(stored, record) is None
        put(stored, [record], "9", "2024-01-02T12:00:00Z")
    assert online(stored, "soft") is None, "an older write stays out after a soft deletion"
    assert online(stored, "hard"), "a hard deletion remembers nothing"


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int | None], None]]:
    """Have the worker die right after the n-th call that changes something; None: never."""
    from causeway_airflow.hooks.base import CausewayHook

    calls = {"left": 0, "on": 0}
    plain, connect = CausewayHook.call, CausewayHook.get_conn
    clients: dict[Any, Any] = {}

    def connected(self: Any) -> Any:
        """Assume each role once: otherwise that is most of the time of so many erasures."""
        key = (self.aws_conn_id, self.service)
        return clients[key] if key in clients else clients.setdefault(key, connect(self))

    def counted(self: Any, operation: str, **params: Any) -> Any:
        reply = plain(self, operation, **params)
        if calls["on"] and operation in CHANGING:
            calls["left"] -= 1
            if calls["left"] == 0:
                raise Killed
        return reply

    def die_after(number: int | None) -> None:
        calls.update(left=number or 0, on=int(number is not None))

    monkeypatch.setattr(CausewayHook, "call", counted)
    monkeypatch.setattr(CausewayHook, "get_conn", connected)
    yield die_after


def test_an_erasure_killed_after_any_call_converges_and_loses_nothing_else(
    stored: LocalPlatform, killed: Callable[[int | None], None]
) -> None:
    others = {IDS[-1], IDS[-2]}
    before = [row for row in rows(stored, current=True) if row["record_id"] in others]
    survived = 0
    for number in range(1, KILLS + 1):
        record = IDS[number - 1]
        killed(number)
        try:
            erase(record)
            survived += 1
        except Killed:
            pass
        killed(None)
        again = erase(record)
        gone(stored, record)
        assert (again["changed"], again["online"], again["rows"]) == (True, True, 2), number
        assert erase(record, "run-2") == {
            "group": GROUP,
            "changed": False,
            "online": False,
            "rows": 0,
            "versions": 0,
            "event_time": again["event_time"],
        }
    assert survived, "an erasure has fewer calls than there were kills"
    after = [row for row in rows(stored, current=True) if row["record_id"] in others]
    assert sorted(after, key=str) == sorted(before, key=str)
    assert online(stored, STAYS)


def test_what_was_still_on_its_way_offline_is_erased_too(stored: LocalPlatform) -> None:
    put(stored, ["late"], "1")
    assert erase("late")["changed"]  # its row is in the store's buffer when the erasure begins
    gone(stored, "late")


def test_a_backfill_of_the_same_input_does_not_bring_it_back(
    shared: LocalPlatform, tmp_path: Path
) -> None:
    """A record that was never online, in an object whose key is made of the input's digest."""
    group = "credit-risk-outcome"
    source, record = engineered(tmp_path, "backfilled"), "backfilled-0003"
    ingest(source, stores="offline")
    outcome = erase(record, group=group)
    assert (outcome["online"], outcome["rows"], outcome["versions"]) == (False, 1, 1)
    again = ingest(source, stores="offline")[group]
    assert (again["written"], again["unchanged"], again["rejected"]) == (0, ROWS - 1, 1)
    left = [row for row in rows(shared, group, current=False) if row["record_id"] == record]
    assert [row["is_deleted"] for row in left] == [True]
    others = [row for row in rows(shared, group, current=True) if "backfilled" in row["record_id"]]
    assert len({row["record_id"] for row in others}) == ROWS


def test_an_ingestion_of_the_same_file_leaves_what_was_erased_out(
    shared: LocalPlatform, tmp_path: Path
) -> None:
    """The erased row is rejected by name and no fault of the file; other groups keep theirs."""
    group, record = "credit-risk-outcome", "returning-0007"
    source = engineered(tmp_path, "returning")
    ingest(source)
    erase(record, group=group)
    again = ingest(source)
    assert (again[group]["unchanged"], again[group]["rejected"]) == (ROWS - 1, 1)
    bucket, _, key = again[group]["rejects_uri"].removeprefix("s3://").partition("/")
    rejects = shared.client("s3", "data").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert record in rejects and "was erased by run-1" in rejects
    assert {summary["rejected"] for name, summary in again.items() if name != group} == {0}
    runtime = shared.client("sagemaker-featurestore-runtime", "data")
    about = {"FeatureGroupName": group, "RecordIdentifierValueAsString": record}
    assert "Record" not in runtime.get_record(**about)
    # As a new fact, later than the erasure, it may come.
    later = engineered(tmp_path, "returning", event_time=["2100-01-01T00:00:00Z"] * ROWS)
    assert ingest(later)[group]["rejected"] == 0
    assert "Record" in runtime.get_record(**about)


def test_a_second_run_changes_nothing_and_reports_so(stored: LocalPlatform) -> None:
    record = IDS[KILLS]
    first = erase(record, "first")
    summary = report(first, record, "first")
    assert summary["changed"] and summary["rows erased"] == 2
    versions = {(version["Key"], version["VersionId"]) for version in objects(stored)}
    second = erase(record, "second")
    assert second == {
        "group": GROUP,
        "changed": False,
        "online": False,
        "rows": 0,
        "versions": 0,
        "event_time": first["event_time"],
    }
    summary = report(second, record, "second")
    assert not summary["changed"] and summary["rows erased"] == 0
    assert {(version["Key"], version["VersionId"]) for version in objects(stored)} == versions
    s3 = stored.client("s3", "governance")
    body = s3.get_object(Bucket=REPORTS, Key="reports/erasure/second.md")["Body"].read().decode()
    assert "this run changed nothing" in body
    table = stored.client("dynamodb", "governance")
    items = table.query(
        TableName="causeway-governance",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "REPORT#erasure"}},
    )["Items"]
    assert {"first", "second"} <= {item["run"]["S"] for item in items}


def test_the_report_lists_the_datasets_and_versions_that_were_built_with_it(
    stored: LocalPlatform,
) -> None:
    record = IDS[KILLS + 1]
    s3, digests = stored.client("s3", "data_science"), {}
    for name, ids in (("with", IDS), ("without", [STAYS])):
        body = io.BytesIO()
        pq.write_table(pa.table({"record_id": ids, "x": [1.0] * len(ids)}), body)
        digests[name] = name[-1] * 64
        about = {"digest": digests[name], "groups": [GROUP], "snapshot": "then"}
        key = f"datasets/{CASE}/{digests[name]}/dataset"
        s3.put_object(Bucket=SCIENCE, Key=f"{key}.parquet", Body=body.getvalue())
        s3.put_object(Bucket=SCIENCE, Key=f"{key}.json", Body=json.dumps(about))
    registry = stored.client("sagemaker", "shared_services")
    arns = {
        name: registry.create_model_package(
            ModelPackageGroupName="california-housing",
            InferenceSpecification={
                "Containers": [{"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            CustomerMetadataProperties={"dataset-sha256": digest, "use-case": CASE},
        )["ModelPackageArn"]
        for name, digest in digests.items()
    }
    etags = {key: s3.get_object(Bucket=SCIENCE, Key=key)["ETag"] for key in keys(s3)}
    summary = report(erase(record, "built"), record, "built")
    assert (summary["datasets built with it"], summary["model versions built with it"]) == (1, 1)
    bucket, _, key = summary["report"].removeprefix("s3://").partition("/")
    written = stored.client("s3", "governance").get_object(Bucket=bucket, Key=key)["Body"]
    document = json.load(written)
    assert [item["digest"] for item in document["datasets"]] == [digests["with"]]
    assert [item["arn"] for item in document["model_versions"]] == [arns["with"]]
    assert {key: s3.get_object(Bucket=SCIENCE, Key=key)["ETag"] for key in keys(s3)} == etags


def keys(s3: Any) -> list[str]:
    contents = s3.list_objects_v2(Bucket=SCIENCE, Prefix=f"datasets/{CASE}/")["Contents"]
    return [item["Key"] for item in contents]


def find(**more: Any) -> list[str]:
    from causeway_airflow.operators.erasure import FindRecordOperator

    about = {"use_case": CASE, "record": STAYS, "reason": "asked", **more}
    return FindRecordOperator(task_id="find", **about).perform(context())


def test_a_dry_run_says_what_each_group_has_of_the_record_and_deletes_nothing(
    stored: LocalPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    before = {(version["Key"], version["VersionId"]) for version in objects(stored)}
    assert find(only_look=True) == []
    told = {line.split()[0]: line.split()[1:] for line in caplog.text.splitlines() if line}
    copy, offline, versions, marks, erased = told[GROUP]
    assert (copy, marks, erased) == ("yes", "0", "no")
    kept = [row for row in rows(stored, current=True) if row["record_id"] == STAYS]
    assert int(offline) == len(kept) >= 1
    assert int(versions) >= 1
    assert online(stored, STAYS)
    assert before <= {(version["Key"], version["VersionId"]) for version in objects(stored)}


def test_a_record_that_no_group_knows_is_refused_before_anything_is_deleted(
    stored: LocalPlatform,
) -> None:
    assert find() == [group.name for group in case_of(CASE).feature_groups]
    assert find(groups=(GROUP,)) == [GROUP]
    with pytest.raises(BadInput, match="no record er-xx is or was in california-housing-block"):
        find(record="er-xx")
    for empty in ({"reason": " "}, {"record": ""}, {"use_case": ""}):
        with pytest.raises(BadInput, match="needs a record, a use case and a reason"):
            find(**empty)
    with pytest.raises(ConfigError, match="has no feature group 'other'"):
        find(groups=("other",))
