"""The online store: records by event time, deletions, expiry and batches."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pyarrow import parquet as pq

from tests.localaws.conftest import Aws
from tests.localaws.features import (
    BUCKET,
    DEFINITION,
    NAME,
    T1,
    T2,
    T3,
    create,
    put,
    read,
    record,
)
from tests.localaws.waiting import eventually
from tests.refusals import refused


def rows(s3: Any) -> list[dict[str, Any]]:
    """Return the rows of the offline store."""
    content: list[dict[str, Any]] = []
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        body = s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
        content += pq.read_table(io.BytesIO(body)).to_pylist()
    return content


def test_a_record_put_is_got(runtime: Any, group: str) -> None:
    assert read(runtime) == {}
    put(runtime)
    assert read(runtime) == {
        "record_id": "sgc-000001",
        "event_time": T2,
        "duration": "6",
        "amount": "12.5",
    }
    assert read(runtime, FeatureNames=["amount"]) == {"amount": "12.5"}


def test_a_later_record_replaces_an_earlier_one_and_never_the_reverse(
    runtime: Any, group: str
) -> None:
    put(runtime, "sgc-000001", T2, "2")
    put(runtime, "sgc-000001", T1, "1")
    assert read(runtime)["amount"] == "2"
    put(runtime, "sgc-000001", T3, "3")
    assert read(runtime)["amount"] == "3"


def test_a_record_with_the_same_event_time_goes_to_the_offline_store_alone(
    runtime: Any, offline: dict[str, Any], s3: Any
) -> None:
    """API reference, PutRecord: a record is written online only if its EventTime is greater."""
    put(runtime, "sgc-000001", T2, "1")
    put(runtime, "sgc-000001", T2, "2")
    assert read(runtime)["amount"] == "1"
    assert eventually(lambda: sorted(row["amount"] for row in rows(s3)) == [1.0, 2.0])


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ([{"FeatureName": "colour", "ValueAsString": "red"}], "colour"),
        ([{"FeatureName": "amount", "ValueAsString": "much"}], "amount"),
        ([{"FeatureName": "duration", "ValueAsString": "6.5"}], "duration"),
        ([{"FeatureName": "duration", "ValueAsString": str(2**63)}], "duration"),
        ([{"FeatureName": "duration", "ValueAsString": "\uff11\uff12"}], "duration"),
        ([{"FeatureName": "duration", "ValueAsString": "9" * 5000}], "duration"),
        *(
            ([{"FeatureName": "amount", "ValueAsString": text}], "amount")
            for text in ("1_0", "\uff11\uff12", " 1 ", "nan", "inf", "-Infinity", "1e999", ".", "")
        ),
        ([{"FeatureName": "event_time", "ValueAsString": "yesterday"}], "event_time"),
        ([{"FeatureName": "event_time", "ValueAsString": "2024-01-01"}], "event_time"),
        ([{"FeatureName": "record_id", "ValueAsString": ""}], "record_id"),
        ([], "event_time"),
    ],
)
def test_a_wrong_record_is_refused_naming_the_feature(
    runtime: Any, group: str, broken: list[Any], named: str
) -> None:
    names = {value["FeatureName"] for value in broken} or {"event_time"}
    wrong = [value for value in record() if value["FeatureName"] not in names] + broken
    refusal = refused("ValidationError", runtime.put_record, FeatureGroupName=NAME, Record=wrong)
    assert named in refusal.message
    assert read(runtime) == {}


@pytest.mark.parametrize("text", ["6", "-6.5", "+.5", "6.", "1e-05", "2.5E3"])
def test_a_decimal_number_is_a_fractional_value(runtime: Any, group: str, text: str) -> None:
    put(runtime, "sgc-000001", T2, text)
    assert read(runtime)["amount"] == text


def test_an_unknown_group_is_not_found(runtime: Any) -> None:
    refused("ResourceNotFound", runtime.put_record, FeatureGroupName="none", Record=record())


def test_a_soft_deletion_hides_a_record_and_keeps_out_older_ones(runtime: Any, group: str) -> None:
    put(runtime)
    key = {"FeatureGroupName": NAME, "RecordIdentifierValueAsString": "sgc-000001"}
    runtime.delete_record(**key, EventTime=T1)
    assert read(runtime), "a deletion that is not later silently keeps the record"
    runtime.delete_record(**key, EventTime=T3)
    assert read(runtime) == {}
    put(runtime)
    assert read(runtime) == {}, "older than the deletion"
    put(runtime, "sgc-000001", "2024-01-04T00:00:00Z")
    assert read(runtime)


def test_a_hard_deletion_must_be_later(runtime: Any, group: str) -> None:
    put(runtime)
    key = {
        "FeatureGroupName": NAME,
        "RecordIdentifierValueAsString": "sgc-000001",
        "DeletionMode": "HardDelete",
    }
    refused("ValidationError", runtime.delete_record, **key, EventTime=T2)
    assert read(runtime)
    runtime.delete_record(**key, EventTime=T3)
    put(runtime, "sgc-000001", T1)
    assert read(runtime), "nothing is left of it"


def test_a_record_with_a_time_to_live_expires(aws: Aws, runtime: Any, group: str) -> None:
    now = aws.cloud.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    put(runtime, "sgc-000001", now, TtlDuration={"Unit": "Minutes", "Value": 5})
    reply = runtime.get_record(
        FeatureGroupName=NAME,
        RecordIdentifierValueAsString="sgc-000001",
        ExpirationTimeResponse="Enabled",
    )
    assert reply["ExpiresAt"]
    aws.advance(301)
    assert read(runtime) == {}


def test_a_batch_writes_what_it_can_and_reports_the_rest(runtime: Any, group: str) -> None:
    entries = [{"FeatureGroupName": NAME, "Record": record(f"sgc-{n:06}")} for n in range(24)]
    wrong = {"FeatureGroupName": NAME, "Record": record("sgc-x", amount="much")}
    reply = runtime.batch_write_record(Entries=[*entries, wrong])
    (error,) = reply["Errors"]
    assert (error["ErrorCode"], error["Entry"]["Record"]) == ("ValidationError", wrong["Record"])
    assert reply["UnprocessedEntries"] == []
    batch = runtime.batch_get_record(
        Identifiers=[
            {
                "FeatureGroupName": NAME,
                "RecordIdentifiersValueAsString": [f"sgc-{n:06}" for n in range(30)],
                "FeatureNames": ["record_id", "amount"],
            },
            {"FeatureGroupName": "none", "RecordIdentifiersValueAsString": ["a"]},
        ]
    )
    assert len(batch["Records"]) == 24
    assert len(batch["Records"][0]["Record"]) == 2
    assert [item["ErrorCode"] for item in batch["Errors"]] == ["ResourceNotFound"]


def test_a_batch_has_at_most_25_entries_and_100_identifiers(runtime: Any, group: str) -> None:
    entry = {"FeatureGroupName": NAME, "Record": record()}
    refused("ValidationException", runtime.batch_write_record, Entries=[entry] * 26)
    identifiers = {"FeatureGroupName": NAME, "RecordIdentifiersValueAsString": ["a"] * 60}
    refused("ValidationError", runtime.batch_get_record, Identifiers=[identifiers, identifiers])
    assert read(runtime) == {}


def test_event_times_may_be_unix_seconds(sagemaker: Any, runtime: Any) -> None:
    definitions = [dict(definition) for definition in DEFINITION["FeatureDefinitions"]]
    definitions[1]["FeatureType"] = "Fractional"
    create(sagemaker, FeatureDefinitions=definitions)
    put(runtime, "sgc-000001", "1704103200.5")
    assert read(runtime)["event_time"] == "1704103200.5"
    wrong = record("sgc-000001", T1)
    refused("ValidationError", runtime.put_record, FeatureGroupName=NAME, Record=wrong)
