"""A locked version stays, whoever asks; its retention is not shortened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.accounts import REGION
from tests.localaws.conftest import Aws
from tests.refusals import refused

BUCKET = {"Bucket": "locked"}
PLACE = {**BUCKET, "Key": "head"}


def default(mode: str, **period: int) -> dict[str, Any]:
    rule = {"DefaultRetention": {"Mode": mode, **period}}
    return {"ObjectLockEnabled": "Enabled", "Rule": rule}


def until(days: int) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


@pytest.fixture
def s3(aws: Aws) -> Any:
    client = aws.client("s3", "governance")
    location = {"LocationConstraint": REGION}
    client.create_bucket(
        **BUCKET, CreateBucketConfiguration=location, ObjectLockEnabledForBucket=True
    )
    return client


@pytest.fixture
def lock(s3: Any) -> Any:
    def put(mode: str) -> dict[str, Any]:
        s3.put_object_lock_configuration(**BUCKET, ObjectLockConfiguration=default(mode, Days=10))
        return {**PLACE, "VersionId": s3.put_object(**PLACE, Body=b"head")["VersionId"]}

    return put


def test_a_version_in_compliance_mode_is_deleted_by_nobody_before_its_time(
    aws: Aws, s3: Any, lock: Any
) -> None:
    version = lock("COMPLIANCE")
    refused("AccessDenied", s3.delete_object, **version)
    refused("AccessDenied", s3.delete_object, **version, BypassGovernanceRetention=True)
    entry = {"Key": "head", "VersionId": version["VersionId"]}
    reply = s3.delete_objects(**BUCKET, Delete={"Objects": [entry]}, BypassGovernanceRetention=True)
    assert [error["Code"] for error in reply["Errors"]] == ["AccessDenied"]
    s3.delete_object(**PLACE)  # a marker hides it
    assert s3.get_object(**version)["Body"].read() == b"head"
    aws.cloud.clock.advance(timedelta(days=11).total_seconds())
    s3.delete_object(**version)
    assert "Versions" not in s3.list_object_versions(**BUCKET)


def test_a_retention_in_compliance_mode_is_only_lengthened(s3: Any, lock: Any) -> None:
    version = lock("COMPLIANCE")

    def retain(mode: str, days: int) -> None:
        retention = {"Mode": mode, "RetainUntilDate": until(days)}
        s3.put_object_retention(**version, Retention=retention, BypassGovernanceRetention=True)

    refused("AccessDenied", retain, "COMPLIANCE", 5)
    refused("AccessDenied", retain, "GOVERNANCE", 20)
    refused("AccessDenied", s3.put_object_retention, **version, Retention={})
    refused("InvalidArgument", retain, "COMPLIANCE", -1)
    retain("COMPLIANCE", 20)
    assert s3.get_object_retention(**version)["Retention"]["RetainUntilDate"] == until(20)


def test_governance_mode_is_gone_round_with_header_and_permission_alone(
    aws: Aws, s3: Any, lock: Any
) -> None:
    version = lock("GOVERNANCE")
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": until(5)}
    compliance = {"Mode": "COMPLIANCE", "RetainUntilDate": until(20)}
    refused("AccessDenied", s3.delete_object, **version)
    refused("AccessDenied", s3.put_object_retention, **version, Retention=shorter)
    refused("AccessDenied", s3.put_object_retention, **version, Retention=compliance)
    may = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    not_this = {"Effect": "Deny", "Action": "s3:BypassGovernanceRetention", "Resource": "*"}
    aws.role("governance", "cleaner", allow=[may, not_this])
    cleaner = aws.assume("governance", "cleaner").client("s3")
    around = {**version, "BypassGovernanceRetention": True}
    refused("AccessDenied", cleaner.delete_object, **around)
    refused("AccessDenied", cleaner.put_object_retention, **around, Retention=shorter)
    unlocked = s3.put_object(
        **PLACE, Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until(1)
    )
    refused("AccessDenied", cleaner.delete_object, **PLACE, VersionId=unlocked["VersionId"])
    s3.put_object_retention(**around, Retention=shorter)
    s3.delete_object(**around)


def test_a_version_without_a_lock_has_no_retention(s3: Any) -> None:
    s3.put_object(**PLACE, Body=b"x")
    refused("NoSuchObjectLockConfiguration", s3.get_object_retention, **PLACE)


def test_a_header_that_says_false_goes_round_nothing(s3: Any, lock: Any) -> None:
    version = lock("GOVERNANCE")
    refused("AccessDenied", s3.delete_object, **version, BypassGovernanceRetention=False)


def test_a_legal_hold_keeps_a_version_too(s3: Any) -> None:
    version = {**PLACE, "VersionId": s3.put_object(**PLACE, Body=b"x")["VersionId"]}
    s3.put_object_legal_hold(**version, LegalHold={"Status": "ON"})
    refused("AccessDenied", s3.delete_object, **version, BypassGovernanceRetention=True)
    s3.put_object_legal_hold(**version, LegalHold={"Status": "OFF"})
    s3.delete_object(**version)


def test_a_lock_of_an_upload_needs_the_permission_to_retain(aws: Aws, s3: Any) -> None:
    aws.role(
        "governance",
        "writer",
        allow=[{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}],
    )
    writer = aws.assume("governance", "writer").client("s3")
    writer.put_object(**PLACE, Body=b"x")
    locks = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until(1)}
    refused("AccessDenied", writer.put_object, **PLACE, Body=b"x", **locks)
    refused("AccessDenied", writer.put_object, **PLACE, Body=b"x", ObjectLockLegalHoldStatus="ON")
    refused("InvalidArgument", s3.put_object, **PLACE, Body=b"x", ObjectLockMode="GOVERNANCE")


def test_a_bucket_that_locks_goes_on_locking(s3: Any, lock: Any) -> None:
    refused(
        "InvalidBucketState",
        s3.put_bucket_versioning,
        **BUCKET,
        VersioningConfiguration={"Status": "Suspended"},
    )
    lock("GOVERNANCE")

    def configure(configuration: dict[str, Any]) -> None:
        s3.put_object_lock_configuration(**BUCKET, ObjectLockConfiguration=configuration)

    refused("MalformedXML", configure, {})
    refused("MalformedXML", configure, default("GOVERNANCE"))
    refused("MalformedXML", configure, default("GOVERNANCE", Days=1, Years=1))
    refused("InvalidArgument", configure, default("GOVERNANCE", Days=0))
    configure(default("COMPLIANCE", Years=1))  # though there are objects
    rule = s3.get_object_lock_configuration(**BUCKET)["ObjectLockConfiguration"]["Rule"]
    assert rule == {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 1}}
    refused("NotImplemented", s3.create_multipart_upload, **PLACE)


def test_a_bucket_without_versioning_takes_no_locks(s3: Any) -> None:
    s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": REGION})
    refused(
        "InvalidBucketState",
        s3.put_object_lock_configuration,
        Bucket="plain",
        ObjectLockConfiguration=default("GOVERNANCE", Days=1),
    )
