"""What calls need that set a lock of S3, or that go round one in governance mode.

Source: S3 User Guide, "Required permissions for Amazon S3 API operations" and "Bypassing governance
mode". The header alone needs nothing: the console sends it with each deletion. So what is needed
here for the bypass is needed of a version that is retained in governance mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from localaws.door.routing import bucket_of
from localaws.identity.authorisation.needs.s3_encryption import object_of
from localaws.identity.authorisation.request import AuthorisationRequest

MODE = "x-amz-object-lock-mode"
UNTIL = "x-amz-object-lock-retain-until-date"
HOLD = "x-amz-object-lock-legal-hold"
BYPASS = "x-amz-bypass-governance-retention"


def bypasses(headers: Mapping[str, str]) -> bool:
    """Tell whether a request asks to go round governance mode."""
    return headers.get(BYPASS, "").lower() == "true"


def aware(time: datetime) -> datetime:
    """Return a time of a request, which has no zone when it comes in a body, in UTC."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def retention_of(stored: Any, now: datetime) -> tuple[str | None, datetime]:
    """Return the mode that a version is retained in, None if it is not, and until when."""
    if not stored.lock_mode or not stored.lock_until:
        return None, now
    until = aware(datetime.fromisoformat(str(stored.lock_until)))
    return (stored.lock_mode if until > now else None), until


def actions(
    request: AuthorisationRequest, bucket: str, key: str, version: str | None
) -> Iterator[str]:
    """Yield the actions on an object that a call needs for its locks, besides its own."""
    if request.operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        if request.headers.get(MODE) or request.headers.get(UNTIL):
            yield "s3:PutObjectRetention"
        if request.headers.get(HOLD):
            yield "s3:PutObjectLegalHold"
    elif bypasses(request.headers):
        stored = object_of(bucket_of(bucket), key, version)
        if stored is not None and stored.lock_mode == "GOVERNANCE":
            yield "s3:BypassGovernanceRetention"
