"""Conditions of S3 writes that moto does not check: overwriting by a copy, and checksums.

moto honours `If-None-Match: *` of PutObject and CompleteMultipartUpload. It ignores other values,
the header of a copy, and the checksum that a client sends. Sources: Amazon S3 User
Guide, "How to prevent object overwrites with conditional writes" (copies since 2025) and "Checking
object integrity".
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from localaws.door.protocol import Addressed
from localaws.door.routing import bucket_of
from localaws.identity.authorisation.needs.s3 import CREATING
from localaws.identity.authorisation.needs.s3_encryption import object_of
from localaws.kit.service import ServiceError

SENDING = ("PutObject", "UploadPart")
#: The checksums that are verified here; others are stored as they were sent.
VERIFIED = ("sha256", "sha1")


def check(addressed: Addressed, environ: dict[str, Any]) -> None:
    """Check a call to S3 before moto serves it, while no other call to S3 runs in the account.

    Raises:
        ServiceError: NotImplemented, PreconditionFailed, BadDigest.
    """
    condition = environ.get("HTTP_IF_NONE_MATCH")
    if addressed.operation in CREATING and condition not in (None, "*"):
        raise ServiceError(
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
            501,
        )
    if addressed.operation == "CopyObject" and condition == "*":
        bucket = bucket_of(addressed.url_params.get("Bucket"))
        if object_of(bucket, str(addressed.url_params.get("Key")), None) is not None:
            raise ServiceError(
                "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold",
                412,
            )
    if addressed.operation in SENDING:
        _verify(environ)


def _verify(environ: dict[str, Any]) -> None:
    for name in VERIFIED:
        expected = environ.get(f"HTTP_X_AMZ_CHECKSUM_{name.upper()}")
        if expected is None:
            continue
        body = environ["wsgi.input"].read()
        environ["wsgi.input"].seek(0)
        digest = base64.b64encode(hashlib.new(name, body).digest()).decode()
        if digest != expected:
            raise ServiceError(
                "BadDigest",
                f"The {name.upper()} you specified did not match the calculated checksum.",
            )
        # moto stores a checksum only if the algorithm is named as well.
        environ.setdefault("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", name.upper())
