"""Tags of objects: of one version each, in policies, and only with the permissions that AWS asks.

Sources: Amazon S3 User Guide, "Tagging and access control policies"; Service Authorization
Reference, "Amazon S3".
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.refusals import refused

OBJECTS = "arn:aws:s3:::tagged/*"
APPROVED = {"TagSet": [{"Key": "approved", "Value": "true"}]}


@pytest.fixture
def s3(aws: Aws) -> Any:
    client = aws.client("s3", "data")
    client.create_bucket(Bucket="tagged", CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_bucket_versioning(Bucket="tagged", VersioningConfiguration={"Status": "Enabled"})
    return client


def as_role(aws: Aws, *statements: dict[str, Any]) -> Any:
    """Return a client of a role that may do this and list nothing."""
    aws.role("data", "somebody", allow=list(statements))
    return aws.assume("data", "somebody").client("s3")


def allow(*actions: str, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": OBJECTS}
    return statement | ({"Condition": condition} if condition else {})


def put(s3: Any, key: str, body: bytes = b"text", **more: Any) -> str:
    return str(s3.put_object(Bucket="tagged", Key=key, Body=body, **more)["VersionId"])


def tags(s3: Any, key: str, **version: str) -> dict[str, str]:
    tag_set = s3.get_object_tagging(Bucket="tagged", Key=key, **version)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in tag_set}


def test_tags_belong_to_one_version(s3: Any) -> None:
    first, second = put(s3, "key"), put(s3, "key", b"other")
    where = {"Bucket": "tagged", "Key": "key"}
    reply = s3.put_object_tagging(**where, VersionId=first, Tagging=APPROVED)
    assert reply["VersionId"] == first
    assert tags(s3, "key", VersionId=first) == {"approved": "true"}
    assert tags(s3, "key", VersionId=second) == tags(s3, "key") == {}
    s3.put_object_tagging(**where, VersionId=first, Tagging={"TagSet": []})
    assert tags(s3, "key", VersionId=first) == {}


def test_reading_can_be_bound_to_the_tags_of_the_version_that_is_read(aws: Aws, s3: Any) -> None:
    condition = {"StringEquals": {"s3:ExistingObjectTag/approved": "true"}}
    reader = as_role(aws, allow("s3:GetObject", "s3:GetObjectVersion", **condition))
    first = put(s3, "key", Tagging="approved=true")
    assert reader.get_object(Bucket="tagged", Key="key")["Body"].read() == b"text"
    second = put(s3, "key", b"other")
    refused("AccessDenied", reader.get_object, Bucket="tagged", Key="key")
    refused("AccessDenied", reader.get_object, Bucket="tagged", Key="key", VersionId=second)
    old = reader.get_object(Bucket="tagged", Key="key", VersionId=first)
    assert old["Body"].read() == b"text"


def test_the_tags_that_a_request_carries_can_be_bounded(aws: Aws, s3: Any) -> None:
    put(s3, "key")
    bounds = {
        "ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["approved"]},
        "StringEquals": {"s3:RequestObjectTag/approved": "true"},
    }
    tagger = as_role(aws, allow("s3:PutObjectTagging", **bounds))
    where = {"Bucket": "tagged", "Key": "key"}
    for tag_set in (
        [],
        [{"Key": "approved", "Value": "false"}],
        [*APPROVED["TagSet"], {"Key": "more", "Value": "1"}],
    ):
        refused("AccessDenied", tagger.put_object_tagging, **where, Tagging={"TagSet": tag_set})
    tagger.put_object_tagging(**where, Tagging=APPROVED)
    assert tags(s3, "key") == {"approved": "true"}


def test_a_version_is_tagged_and_untagged_with_actions_of_their_own(aws: Aws, s3: Any) -> None:
    version = put(s3, "key", Tagging="approved=true")
    plain = as_role(aws, allow("s3:PutObjectTagging", "s3:DeleteObjectTagging"))
    where = {"Bucket": "tagged", "Key": "key", "VersionId": version}
    refused("AccessDenied", plain.put_object_tagging, **where, Tagging=APPROVED)
    refused("AccessDenied", plain.delete_object_tagging, **where)
    assert tags(s3, "key") == {"approved": "true"}


def test_an_upload_with_tags_needs_the_permission_to_tag(aws: Aws, s3: Any) -> None:
    writer = as_role(aws, allow("s3:PutObject"))
    where = {"Bucket": "tagged", "Key": "key"}
    for call, more in ((writer.put_object, {"Body": b"x"}), (writer.create_multipart_upload, {})):
        refused("AccessDenied", call, **where, Tagging="approved=true", **more)
        call(**where, **more)


@pytest.mark.parametrize("version", [False, True])
def test_a_copy_takes_tags_along_only_with_the_permission_to_read_and_to_write_them(
    aws: Aws, s3: Any, version: bool
) -> None:
    source = {"Bucket": "tagged", "Key": "source"}
    if version:
        source["VersionId"] = put(s3, "source", Tagging="approved=true")
    else:
        put(s3, "source", Tagging="approved=true")
    copying = allow("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
    copier = as_role(aws, copying)
    copy = {"Bucket": "tagged", "Key": "copy", "CopySource": source}
    refused("AccessDenied", copier.copy_object, **copy)
    refused("AccessDenied", copier.copy_object, **copy, TaggingDirective="COPY")
    copier.copy_object(**copy, TaggingDirective="REPLACE")
    assert tags(s3, "copy") == {}
    refused(
        "AccessDenied",
        copier.copy_object,
        **copy,
        TaggingDirective="REPLACE",
        Tagging="approved=true",
    )
    refused("InvalidArgument", s3.copy_object, **copy, TaggingDirective="replace")
    s3.copy_object(**copy)
    assert tags(s3, "copy") == {"approved": "true"}


def test_writing_and_deleting_know_no_existing_tags(aws: Aws, s3: Any) -> None:
    put(s3, "key", Tagging="approved=true")
    condition = {"StringEquals": {"s3:ExistingObjectTag/approved": "true"}}
    writer = as_role(aws, allow("s3:PutObject", "s3:DeleteObject", **condition))
    where = {"Bucket": "tagged", "Key": "key"}
    refused("AccessDenied", writer.put_object, **where, Body=b"x")
    refused("AccessDenied", writer.delete_object, **where)


def test_a_key_that_is_there_twice_is_refused(s3: Any) -> None:
    put(s3, "key")
    twice = {"TagSet": [*APPROVED["TagSet"], {"Key": "approved", "Value": "false"}]}
    where = {"Bucket": "tagged", "Key": "key"}
    refused("InvalidTag", s3.put_object_tagging, **where, Tagging=twice)
    refused("InvalidArgument", s3.put_object, **where, Tagging="approved=false&approved=true")


def test_what_is_not_there_cannot_be_untagged(s3: Any) -> None:
    refused("NoSuchKey", s3.delete_object_tagging, Bucket="tagged", Key="missing")


def test_tags_are_of_the_owner_account(aws: Aws, s3: Any) -> None:
    put(s3, "key")
    other = aws.client("s3", "test")
    refused("AccessDenied", other.put_object_tagging, Bucket="tagged", Key="key", Tagging=APPROVED)
    policy = (
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "%s"}, '
        '"Action": "s3:PutObjectTagging", "Resource": "%s"}}'
    )
    s3.put_bucket_policy(Bucket="tagged", Policy=policy % (ACCOUNTS["test"], OBJECTS))
    other.put_object_tagging(Bucket="tagged", Key="key", Tagging={"TagSet": []})
    other.put_object_tagging(Bucket="tagged", Key="key", Tagging=APPROVED)
    assert tags(s3, "key") == {"approved": "true"}
