"""What exists is not overwritten, and what arrives is what was sent."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from tests.accounts import REGION
from tests.localaws.conftest import Aws
from tests.refusals import refused

PLACE = {"Bucket": "store", "Key": "artifact"}


@pytest.fixture
def s3(aws: Aws) -> Any:
    client = aws.client("s3", "shared_services")
    client.create_bucket(Bucket="store", CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_bucket_versioning(Bucket="store", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(**PLACE, Body=b"first")
    return client


def test_nothing_is_written_over_what_exists(s3: Any) -> None:
    refused("PreconditionFailed", s3.put_object, **PLACE, Body=b"second", IfNoneMatch="*")
    s3.put_object(Bucket="store", Key="source", Body=b"second")
    source = {"Bucket": "store", "Key": "source"}
    refused("PreconditionFailed", s3.copy_object, **PLACE, CopySource=source, IfNoneMatch="*")
    upload = s3.create_multipart_upload(**PLACE)["UploadId"]
    part = s3.upload_part(**PLACE, UploadId=upload, PartNumber=1, Body=b"second")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    refused(
        "PreconditionFailed",
        s3.complete_multipart_upload,
        **PLACE,
        UploadId=upload,
        MultipartUpload=parts,
        IfNoneMatch="*",
    )
    assert s3.get_object(**PLACE)["Body"].read() == b"first"
    assert len(s3.list_object_versions(Bucket="store", Prefix="artifact")["Versions"]) == 1


def test_a_copy_to_a_free_key_is_made(s3: Any) -> None:
    s3.copy_object(Bucket="store", Key="free", CopySource=PLACE, IfNoneMatch="*")
    assert s3.get_object(Bucket="store", Key="free")["Body"].read() == b"first"


def test_a_deleted_key_is_free_again(s3: Any) -> None:
    s3.delete_object(**PLACE)
    s3.put_object(**PLACE, Body=b"second", IfNoneMatch="*")
    assert s3.get_object(**PLACE)["Body"].read() == b"second"


def test_another_value_than_a_star_is_not_taken_for_a_condition(s3: Any) -> None:
    refused("NotImplemented", s3.put_object, **PLACE, Body=b"second", IfNoneMatch="no-etag")
    assert s3.get_object(**PLACE)["Body"].read() == b"first"


def test_what_was_changed_on_the_way_is_refused_and_the_checksum_is_kept(s3: Any) -> None:
    digest = base64.b64encode(hashlib.sha256(b"content").digest()).decode()
    target = {"Bucket": "store", "Key": "digested"}
    refused("BadDigest", s3.put_object, **target, Body=b"other", ChecksumSHA256=digest)
    s3.put_object(**target, Body=b"content", ChecksumSHA256=digest)
    head = s3.head_object(**target, ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == digest
