"""The offline store: Parquet in S3, written as the role of the group."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from pyarrow import parquet as pq

from localaws.kit.delays import Delays
from localaws.sagemaker.feature_store import offline_store
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.features import (
    BUCKET,
    NAME,
    OWNER,
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


@pytest.fixture
def delayed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """A local AWS whose offline stores follow after the 15 minutes that AWS may take."""
    monkeypatch.setattr(aws.cloud, "delays", Delays(offline_store=900))
    return aws


def objects(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def rows(s3: Any) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for key in objects(s3):
        body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        content += pq.read_table(io.BytesIO(body)).to_pylist()
    return content


def test_the_offline_store_is_parquet_at_awss_layout(
    s3: Any, offline: dict[str, Any], runtime: Any
) -> None:
    created = int(offline["CreationTime"].timestamp())
    prefix = f"fs/{ACCOUNTS[OWNER]}/sagemaker/{REGION}/offline-store/{NAME}-{created}/data"
    storage = offline["OfflineStoreConfig"]["S3StorageConfig"]
    assert storage["ResolvedOutputS3Uri"] == f"s3://{BUCKET}/{prefix}"
    assert offline["OfflineStoreStatus"] == {"Status": "Active"}
    put(runtime)
    (key,) = eventually(lambda: objects(s3))
    assert key.startswith(f"{prefix}/year=2024/month=01/day=02/hour=12/")
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
    stored = eventually(lambda: (r := rows(s3)) and len(r) == 3 and r)
    assert {(row["event_time"], row["is_deleted"]) for row in stored} == {
        (T1, False),
        (T2, False),
        (T3, True),
    }
    assert next(row for row in stored if row["is_deleted"])["amount"] is None


def test_a_batch_is_one_object(s3: Any, offline: dict[str, Any], runtime: Any) -> None:
    for start in range(0, 500, 25):
        entries = [
            {"FeatureGroupName": NAME, "Record": record(f"sgc-{n:06}")}
            for n in range(start, start + 25)
        ]
        assert runtime.batch_write_record(Entries=entries)["Errors"] == []
    stored = eventually(lambda: (r := rows(s3)) and len(r) == 500 and r)
    assert len({row["record_id"] for row in stored}) == 500
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
        description: dict[str, Any] = sagemaker.describe_feature_group(FeatureGroupName=NAME)
        return description

    eventually(lambda: described()["OfflineStoreStatus"]["Status"] == "Blocked")
    assert "NoSuchBucket" in described()["FailureReason"]
    aws.client("s3", OWNER).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    assert [row["record_id"] for row in eventually(lambda: rows(s3))] == ["sgc-000001"]
    eventually(lambda: described()["OfflineStoreStatus"]["Status"] == "Active")
    assert "FailureReason" not in described()


def test_a_role_without_the_right_to_set_acls_is_blocked(
    aws: Aws, s3: Any, sagemaker: Any, runtime: Any
) -> None:
    """AmazonSageMakerFeatureStoreAccess: PutObject, GetBucketAcl and PutObjectAcl."""
    allowed = {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetBucketAcl"], "Resource": "*"}
    create(
        sagemaker,
        RoleArn=aws.role(OWNER, "no-acl", allow=[allowed]),
        OfflineStoreConfig={
            "S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/fs"},
            "DisableGlueTableCreation": True,
        },
    )
    put(runtime)

    def reason() -> str:
        group = sagemaker.describe_feature_group(FeatureGroupName=NAME)
        return str(group["OfflineStoreStatus"].get("BlockedReason", ""))

    assert "s3:PutObjectAcl" in eventually(reason)
    assert objects(s3) == []


def test_rows_arrive_after_the_delay_by_the_clock(
    delayed: Aws, s3: Any, offline: dict[str, Any], runtime: Any
) -> None:
    put(runtime, "sgc-000001")
    delayed.advance(800)
    put(runtime, "sgc-000002")
    time.sleep(2 * offline_store.QUIET_SECONDS)
    assert objects(s3) == []
    delayed.advance(101)
    assert [row["record_id"] for row in eventually(lambda: rows(s3))] == ["sgc-000001"]
    delayed.advance(800)
    assert eventually(lambda: len(rows(s3)) == 2)


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
