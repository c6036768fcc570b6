"""Object Lock of S3 where moto is kinder: retention is kept, and is not shortened.

Sources: S3 User Guide, "Locking objects with Object Lock" and "Object Lock considerations"; S3 API
Reference, `PutObjectRetention`, `DeleteObject`, `PutObjectLockConfiguration`. That S3 takes
compliance mode over governance mode only with the bypass is from Ceph's pull request 42505, which
compared. The words of some refusals are not verified.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from localaws.door.protocol import Reply
from localaws.door.routing import bucket_of
from localaws.engine.corrections import MotoCall, Serve, around, before
from localaws.identity.authorisation.needs.s3_encryption import object_of
from localaws.identity.authorisation.needs.s3_locks import (
    HOLD,
    MODE,
    UNTIL,
    aware,
    bypasses,
    retention_of,
)
from localaws.kit.service import ServiceError

PROTECTED = "Access Denied because object protected by object lock."


@before("s3", "DeleteObject")
def keep_locked(call: MotoCall) -> None:
    """Refuse to delete a locked version; without a version only a marker is added."""
    stored = _stored(call) if call.params.get("VersionId") else None
    if stored is None:
        return
    mode, _ = retention_of(stored, call.now())
    retained = mode == "COMPLIANCE" or (mode and not bypasses(call.request.headers))
    if retained or stored.lock_legal_status == "ON":
        raise ServiceError("AccessDenied", PROTECTED, 403)


@before("s3", "PutObjectRetention")
def keep_retention(call: MotoCall) -> None:
    """Refuse to shorten a retention, to take it away, or to set one that is over."""
    retention = call.params.get("Retention") or {}
    mode, until = retention.get("Mode"), retention.get("RetainUntilDate")
    if bool(mode) != bool(until):
        raise ServiceError("MalformedXML", "The XML you provided was not well-formed")
    until = aware(until) if until else None
    _check_future(call, until)
    stored = _stored(call)
    if stored is None:
        return
    kept, kept_until = retention_of(stored, call.now())
    if kept is None or (mode == kept and until is not None and until >= kept_until):
        return
    if kept == "COMPLIANCE" or not bypasses(call.request.headers):
        raise ServiceError("AccessDenied", PROTECTED, 403)


@around("s3", "GetObjectRetention")
def get_retention(call: MotoCall, serve: Serve) -> Reply:
    """Return the retention of a version; moto fails on the time that it stored itself."""
    stored = _stored(call)
    if stored is None:
        return serve()
    if not stored.lock_mode:
        raise ServiceError(
            "NoSuchObjectLockConfiguration",
            "The specified object does not have a ObjectLock configuration",
            404,
        )
    body = (
        f"<Retention><Mode>{stored.lock_mode}</Mode>"
        f"<RetainUntilDate>{stored.lock_until}</RetainUntilDate></Retention>"
    )
    return Reply(200, [("Content-Type", "application/xml")], body.encode())


@before("s3", "PutObject", "CopyObject", "CreateMultipartUpload")
def check_headers(call: MotoCall) -> None:
    """Refuse half a retention; a default of the bucket is not applied to uploads in parts here."""
    headers = call.request.headers
    mode, until = headers.get(MODE), headers.get(UNTIL)
    if bool(mode) != bool(until):
        raise ServiceError("InvalidArgument", f"{UNTIL} and {MODE} must both be supplied")
    if until:
        _check_future(call, aware(datetime.fromisoformat(until)))
    if call.operation == "CreateMultipartUpload":
        bucket = bucket_of(call.params.get("Bucket"))
        if mode or headers.get(HOLD) or (bucket is not None and bucket.has_default_lock):
            raise ServiceError(
                "NotImplemented", "The local AWS does not lock objects that come in parts", 501
            )


@before("s3", "PutBucketVersioning")
def keep_versioning(call: MotoCall) -> None:
    """Refuse to suspend versioning where objects are locked."""
    bucket = bucket_of(call.params.get("Bucket"))
    status = call.params["VersioningConfiguration"].get("Status")
    if bucket is not None and bucket.object_lock_enabled and status != "Enabled":
        raise ServiceError(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state "
            "cannot be changed.",
            409,
        )


@around("s3", "PutObjectLockConfiguration")
def put_configuration(call: MotoCall, serve: Serve) -> Reply:
    """Set or remove the default; once enabled, Object Lock stays.

    moto takes a configuration for an empty bucket alone. S3 takes it for any bucket with
    versioning, since November 2023.
    """
    bucket = bucket_of(call.params.get("Bucket"))
    if bucket is None:
        return serve()
    configuration = call.params.get("ObjectLockConfiguration") or {}
    rule = configuration.get("Rule")
    default = (rule or {}).get("DefaultRetention") or {}
    days, years = default.get("Days"), default.get("Years")
    complete = default.get("Mode") and (days is None) != (years is None)
    if configuration.get("ObjectLockEnabled") != "Enabled" or (rule and not complete):
        raise ServiceError("MalformedXML", "The XML you provided was not well-formed")
    if rule and (days or years or 0) < 1:
        raise ServiceError(
            "InvalidArgument", "Default retention period must be a positive integer value."
        )
    if not bucket.is_versioned:
        raise ServiceError(
            "InvalidBucketState",
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
            409,
        )
    bucket.object_lock_enabled = True
    bucket.default_lock_mode = default.get("Mode")
    bucket.default_lock_days, bucket.default_lock_years = days or 0, years or 0
    return Reply(200, [], b"")


@around("s3", "GetObjectLockConfiguration")
def get_configuration(call: MotoCall, serve: Serve) -> Reply:
    """Return the period of the default as it was set, in days or in years."""
    reply = serve()
    body = reply.body.replace(b"<Days>0</Days>", b"").replace(b"<Years>0</Years>", b"")
    headers = [(name, text) for name, text in reply.headers if name.lower() != "content-length"]
    return Reply(reply.status, headers, body)


def _check_future(call: MotoCall, until: datetime | None) -> None:
    if until is not None and until <= call.now():
        raise ServiceError("InvalidArgument", "The retain until date must be in the future!")


def _stored(call: MotoCall) -> Any:
    version = call.params.get("VersionId")
    bucket = bucket_of(call.params.get("Bucket"))
    return object_of(bucket, str(call.params.get("Key")), str(version) if version else None)
