"""Bodies are stored whatever their type; unknown uploads and delete markers answer as S3 does."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.accounts import REGION
from tests.localaws.conftest import Aws
from tests.refusals import refused


@pytest.fixture
def s3(aws: Aws) -> Any:
    client = aws.client("s3", "shared_services")
    client.create_bucket(Bucket="store", CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_bucket_versioning(Bucket="store", VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=part", "text/csv"],
)
def test_a_body_is_stored_whatever_its_type(s3: Any, content_type: str) -> None:
    body = b"key=value&file=1\n--part\r\n"
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "store", "Key": "presigned"})
    headers = {"Content-Type": content_type}
    request = urllib.request.Request(url, data=body, method="PUT", headers=headers)
    assert urllib.request.urlopen(request).status == 200
    s3.put_object(Bucket="store", Key="direct", Body=body, ContentType=content_type)
    for key in ("presigned", "direct"):
        stored = s3.get_object(Bucket="store", Key=key)
        assert stored["Body"].read() == body
        assert stored["ContentType"] == content_type


def test_an_unknown_upload_is_not_there(s3: Any) -> None:
    upload = {"Bucket": "store", "Key": "parts", "UploadId": "unknown"}
    for call, more in (
        (s3.upload_part, {"PartNumber": 1, "Body": b""}),
        (s3.upload_part_copy, {"PartNumber": 1, "CopySource": "store/parts"}),
        (s3.list_parts, {}),
        (s3.abort_multipart_upload, {}),
        (s3.complete_multipart_upload, {"MultipartUpload": {"Parts": []}}),
    ):
        refused("NoSuchUpload", call, **upload, **more)


def test_a_completed_upload_can_be_completed_again(s3: Any) -> None:
    address = {"Bucket": "store", "Key": "parts"}
    upload = s3.create_multipart_upload(**address)["UploadId"]
    part = s3.upload_part(**address, UploadId=upload, PartNumber=1, Body=b"text")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    for _ in range(2):
        s3.complete_multipart_upload(**address, UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(**address)["Body"].read() == b"text"


def test_a_delete_marker_says_that_it_is_one(s3: Any) -> None:
    address = {"Bucket": "store", "Key": "gone"}
    s3.put_object(**address, Body=b"text")
    marker = s3.delete_object(**address)
    assert marker["DeleteMarker"] is True
    for call, version, code, status in (
        (s3.get_object, {}, "NoSuchKey", 404),
        (s3.head_object, {}, "404", 404),
        (s3.get_object, {"VersionId": marker["VersionId"]}, "MethodNotAllowed", 405),
        (s3.head_object, {"VersionId": marker["VersionId"]}, "405", 405),
    ):
        with pytest.raises(ClientError) as error:
            call(**address, **version)
        reply = error.value.response
        assert (reply["Error"]["Code"], reply["ResponseMetadata"]["HTTPStatusCode"]) == (
            code,
            status,
        )
        headers = reply["ResponseMetadata"]["HTTPHeaders"]
        assert headers["x-amz-delete-marker"] == "true"
        assert headers["x-amz-version-id"] == marker["VersionId"]
    removed = s3.delete_object(**address, VersionId=marker["VersionId"])
    assert removed["DeleteMarker"] is True
    assert s3.get_object(**address)["Body"].read() == b"text"
