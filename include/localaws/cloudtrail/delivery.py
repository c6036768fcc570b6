"""Log files of trails, and their delivery to a bucket.

A log file is gzipped JSON, at `[prefix/]AWSLogs/<account>/CloudTrail/<region>/<yyyy>/<mm>/<dd>/`.
The bucket's policy must allow every delivery as a call of `cloudtrail.amazonaws.com`.
Source: CloudTrail User Guide, "CloudTrail log file name format" and "Amazon S3 bucket
policy for CloudTrail".
"""

from __future__ import annotations

import gzip
import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from localaws.cloudtrail.event import Event
from localaws.door.routing import bucket_of
from localaws.identity.authorisation.resource_policies import of_resource
from localaws.kit.service import ServiceError

if TYPE_CHECKING:
    from localaws.cloudtrail.trails import Trail
    from localaws.kit.capabilities import Host

PRINCIPAL = "cloudtrail.amazonaws.com"


def check_bucket(host: Host, trail: Trail) -> None:
    """Raise unless the bucket exists and its policy allows CloudTrail for this trail."""
    if bucket_of(trail.bucket) is None:
        raise ServiceError(
            "S3BucketDoesNotExistException", f"S3 bucket {trail.bucket} does not exist!"
        )
    bucket = f"arn:aws:s3:::{trail.bucket}"
    try:
        _check_access(host, trail, "s3:GetBucketAcl", bucket)
        _check_access(host, trail, "s3:PutObject", f"{bucket}/{trail.root}/")
    except ServiceError as error:
        raise ServiceError(
            "InsufficientS3BucketPolicyException",
            f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket}: {error.message}",
        ) from error


def write(host: Host, trail: Trail, events: Sequence[Event], now: datetime) -> None:
    """Write a log file; raise ServiceError or ClientError if the bucket refuses it."""
    name = (
        f"{trail.account}_CloudTrail_{trail.region}_{now:%Y%m%dT%H%MZ}_"
        f"{secrets.token_hex(8)}.json.gz"
    )
    key = f"{trail.root}/CloudTrail/{trail.region}/{now:%Y/%m/%d}/{name}"
    _check_access(host, trail, "s3:PutObject", f"arn:aws:s3:::{trail.bucket}/{key}")
    records = {"Records": [event.document(trail.account) for event in events]}
    # The bucket's owner owns the log files (`bucket-owner-full-control`).
    owner = host.credentials.administrator(_owner(trail.bucket))
    host.client("s3", owner, trail.region).put_object(
        Bucket=trail.bucket,
        Key=key,
        Body=gzip.compress(json.dumps(records).encode()),
        ContentType="application/json",
        ContentEncoding="gzip",
    )


def code_of(error: ServiceError | ClientError) -> str:
    """Return the AWS error code, as `LatestDeliveryError` gives it."""
    if isinstance(error, ServiceError):
        return error.code
    return str(error.response["Error"]["Code"])


def _check_access(host: Host, trail: Trail, action: str, resource: str) -> None:
    context = {"aws:SourceArn": trail.arn, "aws:SourceAccount": trail.account}
    if action == "s3:PutObject":
        context["s3:x-amz-acl"] = "bucket-owner-full-control"
    host.authoriser.let_service(
        PRINCIPAL, action, resource, context, of_resource(host, resource), _owner(trail.bucket)
    )


def _owner(bucket: str) -> str:
    owned = bucket_of(bucket)
    if owned is None:
        raise ServiceError("NoSuchBucket", f"The specified bucket does not exist: {bucket}", 404)
    return str(owned.account_id)
