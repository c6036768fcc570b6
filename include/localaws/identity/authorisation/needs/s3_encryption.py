"""What SSE-KMS needs: the caller's permission to use the key, to read and to write an object.

S3 uses the key on behalf of the caller. With a bucket key the encryption context is the ARN of the
bucket, otherwise of the object. Source: Amazon S3 User Guide, "Using server-side encryption with
AWS KMS keys".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localaws.door.routing import bucket_of
from localaws.door.s3_requests import COPY_SOURCE, CopySource
from localaws.identity.authorisation.needs.kms import key_arn
from localaws.identity.authorisation.request import AuthorisationRequest, Need
from localaws.kit.arns import is_arn

ENCRYPTION = "x-amz-server-side-encryption"
READING = {"GetObject", "HeadObject", "GetObjectAttributes", "SelectObjectContent"}
WRITING = {"PutObject", "CopyObject", "CreateMultipartUpload", "PostObject"}
PARTS = {"UploadPart", "UploadPartCopy", "CompleteMultipartUpload"}
MANAGED_KEY = "alias/aws/s3"


def needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield kms:Decrypt for what is read and kms:GenerateDataKey for what is written."""
    bucket, key = request.params.get("Bucket"), str(request.params.get("Key") or "")
    owner_bucket = bucket_of(bucket)
    if owner_bucket is None:
        return
    if request.operation in READING:
        yield from _reading(request, owner_bucket, key, request.query.get("versionId"))
    if text := request.headers.get(COPY_SOURCE):
        source = CopySource.read(text)
        origin = bucket_of(source.bucket)
        if origin is not None:
            yield from _reading(request, origin, source.key, source.version)
    if request.operation in WRITING:
        chosen = _chosen(request, owner_bucket)
        if chosen:
            yield _need(request, owner_bucket, key, "kms:GenerateDataKey", chosen)
    if request.operation in PARTS:
        upload = owner_bucket.multiparts.get(request.query.get("uploadId"))
        used = used_key(upload, owner_bucket) if upload is not None else None
        if used:
            yield _need(request, owner_bucket, key, "kms:GenerateDataKey", used)
            yield _need(request, owner_bucket, key, "kms:Decrypt", used)


def object_of(bucket: Any, key: str, version: str | None) -> Any:
    """Return moto's object, None if there is none or only a delete marker."""
    if bucket is None:
        return None
    for stored in reversed(bucket.keys.getlist(key, default=[])):
        if version is None or str(stored.version_id) == version:
            return stored if hasattr(stored, "encryption") else None
    return None


def _reading(
    request: AuthorisationRequest, bucket: Any, key: str, version: str | None
) -> Iterator[Need]:
    stored = object_of(bucket, key, version)
    used = used_key(stored, bucket) if stored is not None else None
    if used:
        yield _need(request, bucket, key, "kms:Decrypt", used)


def used_key(stored: Any, bucket: Any) -> str | None:
    """Return the key that an object or an upload is encrypted with."""
    # moto uses another name for an upload in parts than for an object
    encryption = stored.sse_encryption if hasattr(stored, "sse_encryption") else stored.encryption
    key = stored.kms_key_id
    if encryption is None and key is None:
        return _default(bucket)
    return str(key or MANAGED_KEY) if str(encryption or "").startswith("aws:kms") else None


def _default(bucket: Any) -> str | None:
    """Return the key of a bucket's default encryption, None if that is S3's own."""
    if not bucket.encryption:
        return None
    rule = bucket.encryption["Rule"]["ApplyServerSideEncryptionByDefault"]
    if not str(rule["SSEAlgorithm"]).startswith("aws:kms"):
        return None
    return str(rule.get("KMSMasterKeyID") or MANAGED_KEY)


def _chosen(request: AuthorisationRequest, bucket: Any) -> str | None:
    """Return the key with which a new object will be encrypted."""
    algorithm = request.headers.get(ENCRYPTION)
    if algorithm is None:
        return _default(bucket)
    if not algorithm.startswith("aws:kms"):
        return None
    # moto encrypts with the bucket's key when the request names none
    return request.headers.get(f"{ENCRYPTION}-aws-kms-key-id") or _default(bucket) or MANAGED_KEY


def _need(request: AuthorisationRequest, bucket: Any, key: str, action: str, key_id: str) -> Need:
    # A key id or alias without an account belongs to the caller's account, as in S3.
    home = request.caller.account if not _is_default(bucket, key_id) else bucket.account_id
    arn = key_id if is_arn(key_id) else key_arn(home, request.region, key_id)
    arn = key_arn(home, request.region, arn)
    encrypted = f"arn:aws:s3:::{bucket.name}" + ("" if by_the_bucket(bucket) else f"/{key}")
    return Need(
        action,
        arn,
        {
            "kms:ViaService": f"s3.{request.region}.amazonaws.com",
            "kms:CallerAccount": request.caller.account,
            "kms:EncryptionContext:aws:s3:arn": encrypted,
            "kms:EncryptionContextKeys": ["aws:s3:arn"],
            "aws:CalledVia": ["s3.amazonaws.com"],
            "aws:CalledViaFirst": "s3.amazonaws.com",
            "aws:CalledViaLast": "s3.amazonaws.com",
            "aws:ViaAWSService": "true",
        },
    )


def by_the_bucket(bucket: Any) -> bool:
    """Tell whether the bucket has a key of its own, so that KMS sees the bucket's name alone."""
    return bool(bucket.encryption and _true(bucket.encryption["Rule"].get("BucketKeyEnabled")))


def _is_default(bucket: Any, key_id: str) -> bool:
    return key_id == _default(bucket)


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
