"""Feature groups: definition, online records by event time, and the offline store in S3."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pyarrow import parquet as pq

from localaws.sagemaker.feature_store import offline_store
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.features import (
    ARN,
    BUCKET,
    CONSUMER,
    DEFINITION,
    NAME,
    OWNER,
    T1,
    T2,
    T3,
    after_creation,
    create,
    put,
    read,
    record,
)
from tests.localaws.shapes import checked
from tests.localaws.sharing import CATALOG_SEARCH, FEATURES_READ_ONLY, FEATURES_READ_WRITE, share
from tests.localaws.waiting import eventually
from tests.refusals import refused


@pytest.fixture
def sagemaker(aws: Aws) -> Any:
    return checked(aws.client("sagemaker", OWNER))


@pytest.fixture
def runtime(aws: Aws) -> Any:
    return checked(aws.client("sagemaker-featurestore-runtime", OWNER))


@pytest.fixture
def group(sagemaker: Any) -> str:
    assert create(sagemaker)["FeatureGroupStatus"] == "Created"
    return NAME


@pytest.fixture
def s3(aws: Aws) -> Any:
    s3 = aws.client("s3", OWNER)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


@pytest.fixture
def offline(aws: Aws, s3: Any, sagemaker: Any) -> dict[str, Any]:
    """A feature group with both stores; the offline one encrypted with a key."""
    key = aws.client("kms", OWNER).create_key()["KeyMetadata"]["Arn"]
    found = create(
        sagemaker,
        RoleArn=aws.role(OWNER, "causeway-feature-execution"),
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/fs", "KmsKeyId": key}},
    )
    assert found["FeatureGroupStatus"] == "Created"
    return found


def objects(s3: Any) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def rows(s3: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for key in objects(s3):
        body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        found += pq.read_table(io.BytesIO(body)).to_pylist()
    return found


# --------------------------------------------------------------------------- definition
def test_a_feature_group_is_creating_then_created(sagemaker: Any) -> None:
    sagemaker.create_feature_group(**DEFINITION)
    first = sagemaker.describe_feature_group(FeatureGroupName=NAME)
    assert first["FeatureGroupStatus"] in ("Creating", "Created")
    found = after_creation(sagemaker)
    assert found["FeatureGroupStatus"] == "Created"
    assert found["FeatureGroupArn"] == ARN
    assert found["FeatureDefinitions"] == DEFINITION["FeatureDefinitions"]
    assert found["OnlineStoreConfig"] == {"EnableOnlineStore": True}
    by_arn = sagemaker.describe_feature_group(FeatureGroupName=ARN)
    assert by_arn["FeatureGroupName"] == NAME


@pytest.mark.parametrize(
    "wrong",
    [
        {"RecordIdentifierFeatureName": "absent"},
        {"EventTimeFeatureName": "absent"},
        {"EventTimeFeatureName": "duration"},
        {"OnlineStoreConfig": {"EnableOnlineStore": False}},
        {"FeatureDefinitions": DEFINITION["FeatureDefinitions"] * 2},
        {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://b/p"}}},
    ],
)
def test_an_impossible_definition_is_refused(sagemaker: Any, wrong: dict[str, Any]) -> None:
    refused("ValidationException", sagemaker.create_feature_group, **DEFINITION | wrong)
    refused("ResourceNotFound", sagemaker.describe_feature_group, FeatureGroupName=NAME)


def test_a_name_is_used_once_until_deleted(sagemaker: Any, group: str) -> None:
    refused("ResourceInUse", sagemaker.create_feature_group, **DEFINITION)
    sagemaker.delete_feature_group(FeatureGroupName=group)
    assert create(sagemaker)["FeatureGroupStatus"] == "Created"


def test_groups_and_features_can_be_looked_up(sagemaker: Any, group: str) -> None:
    (summary,) = sagemaker.list_feature_groups(NameContains="loan")["FeatureGroupSummaries"]
    assert summary["FeatureGroupArn"] == ARN
    listed = sagemaker.list_feature_groups(FeatureGroupStatusEquals="CreateFailed")
    assert listed["FeatureGroupSummaries"] == []
    feature = sagemaker.describe_feature_metadata(FeatureGroupName=group, FeatureName="amount")
    assert feature["FeatureType"] == "Fractional"


def test_an_offline_store_out_of_reach_fails_the_creation(aws: Aws, sagemaker: Any) -> None:
    found = create(
        sagemaker,
        RoleArn=aws.role(OWNER, "causeway-feature-execution"),
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://no-such-bucket-here/fs"}},
    )
    assert found["FeatureGroupStatus"] == "CreateFailed"
    assert "no-such-bucket-here" in found["FailureReason"]


# ------------------------------------------------------------------------- online store
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


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ([{"FeatureName": "colour", "ValueAsString": "red"}], "colour"),
        ([{"FeatureName": "amount", "ValueAsString": "much"}], "amount"),
        ([{"FeatureName": "duration", "ValueAsString": "6.5"}], "duration"),
        ([{"FeatureName": "duration", "ValueAsString": str(2**63)}], "duration"),
        ([{"FeatureName": "event_time", "ValueAsString": "yesterday"}], "event_time"),
        ([{"FeatureName": "event_time", "ValueAsString": "2024-01-01"}], "event_time"),
        ([{"FeatureName": "record_id", "ValueAsString": ""}], "record_id"),
        ([], "event_time"),
    ],
)
def test_a_wrong_record_is_refused_naming_the_feature(
    runtime: Any, group: str, broken: list[Any], named: str
) -> None:
    names = {one["FeatureName"] for one in broken} or {"event_time"}
    wrong = [one for one in record() if one["FeatureName"] not in names] + broken
    refusal = refused("ValidationError", runtime.put_record, FeatureGroupName=NAME, Record=wrong)
    assert named in refusal.message
    assert read(runtime) == {}


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
    found = runtime.batch_get_record(
        Identifiers=[
            {
                "FeatureGroupName": NAME,
                "RecordIdentifiersValueAsString": [f"sgc-{n:06}" for n in range(30)],
                "FeatureNames": ["record_id", "amount"],
            },
            {"FeatureGroupName": "none", "RecordIdentifiersValueAsString": ["a"]},
        ]
    )
    assert len(found["Records"]) == 24
    assert len(found["Records"][0]["Record"]) == 2
    assert [one["ErrorCode"] for one in found["Errors"]] == ["ResourceNotFound"]


def test_a_batch_has_at_most_25_entries_and_100_identifiers(runtime: Any, group: str) -> None:
    entry = {"FeatureGroupName": NAME, "Record": record()}
    refused("ValidationException", runtime.batch_write_record, Entries=[entry] * 26)
    one = {"FeatureGroupName": NAME, "RecordIdentifiersValueAsString": ["a"] * 60}
    refused("ValidationError", runtime.batch_get_record, Identifiers=[one, one])
    assert read(runtime) == {}


def test_event_times_may_be_unix_seconds(sagemaker: Any, runtime: Any) -> None:
    definitions = [dict(one) for one in DEFINITION["FeatureDefinitions"]]
    definitions[1]["FeatureType"] = "Fractional"
    create(sagemaker, FeatureDefinitions=definitions)
    put(runtime, "sgc-000001", "1704103200.5")
    assert read(runtime)["event_time"] == "1704103200.5"
    wrong = record("sgc-000001", T1)
    refused("ValidationError", runtime.put_record, FeatureGroupName=NAME, Record=wrong)


# -------------------------------------------------------------------------- offline store
def test_the_offline_store_is_parquet_at_awss_layout(
    s3: Any, offline: dict[str, Any], runtime: Any
) -> None:
    created = int(offline["CreationTime"].timestamp())
    place = f"fs/{ACCOUNTS[OWNER]}/sagemaker/{REGION}/offline-store/{NAME}-{created}/data"
    storage = offline["OfflineStoreConfig"]["S3StorageConfig"]
    assert storage["ResolvedOutputS3Uri"] == f"s3://{BUCKET}/{place}"
    assert offline["OfflineStoreStatus"] == {"Status": "Active"}
    put(runtime)
    (key,) = eventually(lambda: objects(s3))
    assert key.startswith(f"{place}/year=2024/month=01/day=02/hour=12/")
    head = s3.head_object(Bucket=BUCKET, Key=key)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", storage["KmsKeyId"])
    (row,) = rows(s3)
    assert row.pop("write_time") >= row.pop("api_invocation_time")
    assert row == {
        "record_id": "sgc-000001",
        "event_time": T2,
        "duration": 6,
        "amount": 12.5,
        "is_deleted": False,
    }


def test_older_records_and_deletions_reach_the_offline_store(
    s3: Any, offline: dict[str, Any], runtime: Any
) -> None:
    put(runtime, "sgc-000001", T2)
    put(runtime, "sgc-000001", T1)
    runtime.delete_record(
        FeatureGroupName=NAME, RecordIdentifierValueAsString="sgc-000001", EventTime=T3
    )
    found = eventually(lambda: (r := rows(s3)) and len(r) == 3 and r)
    assert {(row["event_time"], row["is_deleted"]) for row in found} == {
        (T1, False),
        (T2, False),
        (T3, True),
    }
    assert next(row for row in found if row["is_deleted"])["amount"] is None


def test_a_batch_is_one_object(s3: Any, offline: dict[str, Any], runtime: Any) -> None:
    for start in range(0, 500, 25):
        entries = [
            {"FeatureGroupName": NAME, "Record": record(f"sgc-{n:06}")}
            for n in range(start, start + 25)
        ]
        assert runtime.batch_write_record(Entries=entries)["Errors"] == []
    found = eventually(lambda: (r := rows(s3)) and len(r) == 500 and r)
    assert len({row["record_id"] for row in found}) == 500
    assert len(objects(s3)) <= 3


def test_a_record_may_go_to_one_store_only(s3: Any, offline: dict[str, Any], runtime: Any) -> None:
    put(runtime, "sgc-000001", TargetStores=["OnlineStore"])
    put(runtime, "sgc-000002", TargetStores=["OfflineStore"])
    assert [row["record_id"] for row in eventually(lambda: rows(s3))] == ["sgc-000002"]
    assert read(runtime, "sgc-000001")
    assert read(runtime, "sgc-000002") == {}


def test_what_s3_refuses_is_kept_shown_and_written_later(
    aws: Aws, s3: Any, offline: dict[str, Any], sagemaker: Any, runtime: Any
) -> None:
    s3.delete_bucket(Bucket=BUCKET)
    put(runtime)

    def described() -> dict[str, Any]:
        found: dict[str, Any] = sagemaker.describe_feature_group(FeatureGroupName=NAME)
        return found

    eventually(lambda: described()["OfflineStoreStatus"]["Status"] == "Blocked")
    assert "NoSuchBucket" in described()["FailureReason"]
    aws.client("s3", OWNER).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    assert [row["record_id"] for row in eventually(lambda: rows(s3))] == ["sgc-000001"]
    eventually(lambda: described()["OfflineStoreStatus"]["Status"] == "Active")
    assert "FailureReason" not in described()


def test_the_rest_is_written_when_the_local_aws_stops(
    aws: Aws, s3: Any, offline: dict[str, Any], runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline_store, "QUIET_SECONDS", 60.0)
    put(runtime)
    assert objects(s3) == []
    aws.cloud.close()
    assert len(rows(s3)) == 1


def test_deleting_the_group_keeps_its_data(
    s3: Any, offline: dict[str, Any], sagemaker: Any, runtime: Any
) -> None:
    put(runtime)
    sagemaker.delete_feature_group(FeatureGroupName=NAME)
    refused("ResourceNotFound", runtime.get_record, FeatureGroupName=NAME,
            RecordIdentifierValueAsString="sgc-000001")  # fmt: skip
    assert len(eventually(lambda: rows(s3))) == 1


# ------------------------------------------------------------------------ across accounts
def test_a_consumer_reads_by_arn_what_its_permission_allows(
    aws: Aws, group: str, runtime: Any
) -> None:
    put(runtime)
    reader = checked(aws.client("sagemaker-featurestore-runtime", CONSUMER))
    wanted = {"FeatureGroupName": ARN, "RecordIdentifierValueAsString": "sgc-000001"}
    many = [{"FeatureGroupName": ARN, "RecordIdentifiersValueAsString": ["sgc-000001"]}]
    with pytest.raises(ClientError, match="Access"):
        reader.get_record(**wanted)
    (error,) = reader.batch_get_record(Identifiers=many)["Errors"]
    assert error["ErrorCode"] == "AccessForbidden"
    share(aws, OWNER, CONSUMER, ARN, FEATURES_READ_ONLY)
    assert reader.get_record(**wanted)["Record"]
    assert len(reader.batch_get_record(Identifiers=many)["Records"]) == 1
    with pytest.raises(ClientError, match="Access"):
        reader.put_record(FeatureGroupName=ARN, Record=record(amount="9"))
    assert read(runtime)["amount"] == "12.5"


def test_a_consumer_writes_into_the_owners_group(aws: Aws, group: str, runtime: Any) -> None:
    share(aws, OWNER, CONSUMER, ARN, FEATURES_READ_WRITE)
    writer = checked(aws.client("sagemaker-featurestore-runtime", CONSUMER))
    writer.put_record(FeatureGroupName=ARN, Record=record(amount="9"))
    assert read(runtime)["amount"] == "9"
    entry = {"FeatureGroupName": ARN, "Record": record("sgc-000002")}
    (error,) = writer.batch_write_record(Entries=[entry])["Errors"]
    assert error["ErrorCode"] == "AccessForbidden", "BatchWriteRecord is in no RAM permission"


def test_discovery_and_access_are_two_shares(aws: Aws, group: str) -> None:
    consumer = checked(aws.client("sagemaker", CONSUMER))

    def discovered() -> list[str]:
        reply = consumer.search(Resource="FeatureGroup", CrossAccountFilterOption="CrossAccount")
        return [one["FeatureGroup"]["FeatureGroupName"] for one in reply["Results"]]

    share(aws, OWNER, CONSUMER, ARN, FEATURES_READ_ONLY)
    assert consumer.describe_feature_group(FeatureGroupName=ARN)["FeatureGroupName"] == NAME
    assert discovered() == []
    owner = checked(aws.client("sagemaker", OWNER))
    (catalog,) = owner.list_resource_catalogs()["ResourceCatalogs"]
    share(aws, OWNER, CONSUMER, catalog["ResourceCatalogArn"], CATALOG_SEARCH)
    assert discovered() == [NAME]
    refused("ValidationException", consumer.delete_feature_group, FeatureGroupName=ARN)
    refused("ResourceNotFound", consumer.delete_feature_group, FeatureGroupName=NAME)
