"""What S3 calls need: the action behind each operation, on the bucket or on the object.

Source: Service Authorization Reference, "Amazon S3", and Amazon S3 User Guide, "Required
permissions for Amazon S3 API operations".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from causeway.iam.services import condition_keys
from localaws.door import s3_tags
from localaws.door.routing import bucket_of
from localaws.door.s3_requests import COPY_SOURCE, CopySource
from localaws.identity.authorisation.needs import s3_encryption, s3_locks
from localaws.identity.authorisation.request import (
    AuthorisationRequest,
    Need,
    needs_of_service,
    present,
)

# Operations whose action has a different name. Other actions have the name of their operation.
ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "PostObject": "PutObject",
    "HeadObject": "GetObject",
    "SelectObjectContent": "GetObject",
    "DeleteObjects": "DeleteObject",
    "ListParts": "ListMultipartUploadParts",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListBuckets": "ListAllMyBuckets",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "GetBucketReplication": "GetReplicationConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}
# Actions that have a separate action for one version of an object.
OF_VERSIONS = {
    "GetObject": "GetObjectVersion",
    "DeleteObject": "DeleteObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "PutObjectAcl": "PutObjectVersionAcl",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectTagging": "PutObjectVersionTagging",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObjectAttributes": "GetObjectVersionAttributes",
}
# Operations that create an object; uploading a part does not (s3:ObjectCreationOperation).
CREATING = {"PutObject", "CopyObject", "CompleteMultipartUpload", "PostObject"}
HEADER_KEYS = (
    "x-amz-acl",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
    "x-amz-object-ownership",
)


@needs_of_service("s3")
def s3_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the action of the operation, further actions that it needs, and those on KMS keys."""
    bucket, key = request.params.get("Bucket"), request.params.get("Key")
    context = _context(request)
    if request.operation == "PutObjectTagging":
        context |= _requested({t["Key"]: t["Value"] for t in request.params["Tagging"]["TagSet"]})
    action = ACTIONS.get(request.operation, request.operation)
    if not bucket:
        yield Need(f"s3:{action}", "*", context)
        return
    if key is None and request.operation != "DeleteObjects":
        yield Need(f"s3:{action}", _arn(bucket), context | _listing(request), owner=request.account)
        return
    for object_key, version in _keys(request, key):
        object_action = OF_VERSIONS.get(action, action) if version else action
        arn = _arn(bucket, object_key)
        tags = _tags(bucket, object_key, version)
        extra = present(s3__VersionId=version)
        yield Need(
            f"s3:{object_action}",
            arn,
            context | extra | _known(f"s3:{object_action}", tags),
            owner=request.account,
        )
        for locking in s3_locks.actions(request, bucket, object_key, version):
            yield Need(locking, arn, context | extra, owner=request.account)
        if request.operation == "GetObjectAttributes":
            reading = "s3:GetObjectVersion" if version else "s3:GetObject"
            yield Need(reading, arn, context | extra | tags, owner=request.account)
    yield from _beside(request, bucket, str(key), context)
    yield from s3_encryption.needs(request)
    yield from _of_a_missing_object(request, bucket, str(key), context)


def _arn(bucket: str, key: str | None = None) -> str:
    return f"arn:aws:s3:::{bucket}" if key is None else f"arn:aws:s3:::{bucket}/{key}"


def _keys(request: AuthorisationRequest, key: Any) -> Iterable[tuple[str, str | None]]:
    if request.operation != "DeleteObjects":
        return [(str(key), request.query.get("versionId"))]
    return [(item["Key"], item.get("VersionId")) for item in request.params["Delete"]["Objects"]]


def _context(request: AuthorisationRequest) -> dict[str, str | list[str]]:
    context: dict[str, str | list[str]] = {
        f"s3:{name}": value for name in HEADER_KEYS if (value := request.headers.get(name))
    }
    context |= {
        f"s3:{name}": value
        for name in ("if-none-match", "if-match")
        if (value := request.headers.get(name)) and request.operation in CREATING
    }
    if ACTIONS.get(request.operation, request.operation) == "PutObject":
        creates = request.operation in CREATING
        context["s3:ObjectCreationOperation"] = "true" if creates else "false"
    context["s3:authType"] = "REST-QUERY-STRING" if request.presigned else "REST-HEADER"
    context["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    context["s3:ResourceAccount"] = request.account
    context["s3:TlsVersion"] = "1.3"
    return context | _requested(s3_tags.of_header(request.headers.get(s3_tags.HEADER)))


def _requested(tags: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Return the condition keys of the tags that a request carries."""
    keys: dict[str, str | list[str]] = {f"s3:RequestObjectTag/{k}": v for k, v in tags.items()}
    return keys | present(s3__RequestObjectTagKeys=list(tags))


def _listing(request: AuthorisationRequest) -> dict[str, str | list[str]]:
    """Return the condition keys of a listing; `s3:prefix` only if the request has a prefix."""
    named = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
    return {key: request.query[name] for name, key in named.items() if name in request.query}


def _known(action: str, tags: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
    """Return the tags that the object has for an action that knows them; a write does not."""
    return tags if "s3:ExistingObjectTag/<key>" in condition_keys(action) else {}


def _tags(bucket: str, key: str, version: str | None) -> dict[str, str | list[str]]:
    owner_bucket = bucket_of(bucket)
    stored = s3_encryption.object_of(owner_bucket, key, version)
    if owner_bucket is None or stored is None:
        return {}
    from moto.s3.models import s3_backends

    tagger = s3_backends[owner_bucket.account_id]["aws"].tagger
    return {
        f"s3:ExistingObjectTag/{name}": value
        for name, value in tagger.get_tag_dict_for_resource(stored.arn).items()
    }


def _beside(
    request: AuthorisationRequest, bucket: str, key: str, context: dict[str, Any]
) -> Iterator[Need]:
    """Yield what a call needs besides its own action: for the copy's source, tags and ACLs."""
    if text := request.headers.get(COPY_SOURCE):
        source = CopySource.read(text)
        where, what, version = source.bucket, source.key, source.version
        source_bucket = bucket_of(where)
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        owner = source_bucket.account_id if source_bucket else request.caller.account
        base = {"s3:ResourceAccount": owner, "s3:TlsVersion": "1.3"}
        tags = _tags(where, what, version)
        extra = base | present(s3__VersionId=version) | tags
        yield Need(action, _arn(where, what), extra, owner=owner)
        # Tags are copied unless they are replaced (re:Post, "How do I troubleshoot issues when
        # copying an object between S3 buckets"); which keys the second need has is not verified.
        copies = request.headers.get(s3_tags.DIRECTIVE, "COPY") == "COPY"
        if request.operation == "CopyObject" and tags and copies:
            reading = "s3:GetObjectVersionTagging" if version else "s3:GetObjectTagging"
            yield Need(reading, _arn(where, what), extra, owner=owner)
            yield Need("s3:PutObjectTagging", _arn(bucket, key), context, owner=request.account)
    if request.operation in CREATING | {"CreateMultipartUpload"}:
        arn = _arn(bucket, key)
        if request.headers.get(s3_tags.HEADER):
            yield Need("s3:PutObjectTagging", arn, context, owner=request.account)
        if request.headers.get("x-amz-acl") or any(
            n.startswith("x-amz-grant") for n in request.headers
        ):
            yield Need("s3:PutObjectAcl", arn, context, owner=request.account)


def _of_a_missing_object(
    request: AuthorisationRequest, bucket: str, key: str, context: dict[str, Any]
) -> Iterator[Need]:
    """Yield s3:ListBucket if the object does not exist: without it the answer is 403, not 404.

    No AWS page says whether `s3:prefix` is set in this case. It is not set here, so that a policy
    that works here works on AWS either way.
    """
    existing = bucket_of(bucket)
    if request.operation not in ("GetObject", "HeadObject") or existing is None:
        return
    if s3_encryption.object_of(existing, key, request.query.get("versionId")) is None:
        yield Need("s3:ListBucket", _arn(bucket), context, owner=request.account)
