"""Verification of AWS Signature Version 4, in the header and in a presigned URL.

Source: "Create a signed AWS API request", IAM User Guide.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote

from localaws.identity.credentials import Credentials, CredentialStore
from localaws.kit.clock import Clock
from localaws.kit.service import ServiceError

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)  # AWS refuses requests whose time differs by more than this
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Request:
    """A request as received: raw path and query, lower-case header names."""

    method: str
    raw_path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Signature:
    """What a request claims about its signer."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    timestamp: str
    token: str | None
    presigned: bool


def read_signature(request: Request) -> Signature | None:
    """Return the signature of a request, None when it is unsigned.

    Raise IncompleteSignature when it cannot be parsed.
    """
    header = request.headers.get("authorization", "")
    if header.startswith(ALGORITHM):
        fields = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,\s]+)", header))
        timestamp = request.headers.get("x-amz-date", "")
        token = request.headers.get("x-amz-security-token")
        presigned = False
    else:
        query = dict(parse_qsl(request.raw_query, keep_blank_values=True))
        if query.get("X-Amz-Algorithm") != ALGORITHM:
            return None
        fields = {
            name: query.get(f"X-Amz-{name}", "")
            for name in ("Credential", "SignedHeaders", "Signature")
        }
        timestamp = query.get("X-Amz-Date", "")
        token = query.get("X-Amz-Security-Token")
        presigned = True
    scope = fields.get("Credential", "").rsplit("/", 4)
    if len(scope) != 5 or not all(fields.get(n) for n in ("SignedHeaders", "Signature")):
        raise ServiceError("IncompleteSignature", "the request's signature is incomplete", 400)
    key, date, region, service, _ = scope
    names = tuple(fields["SignedHeaders"].split(";"))
    return Signature(
        key, date, region, service, names, fields["Signature"], timestamp, token, presigned
    )


def verify(
    request: Request, signature: Signature, store: CredentialStore, clock: Clock
) -> Credentials:
    """Return the credentials that signed the request, or raise the AWS error.

    Errors: InvalidClientTokenId (unknown key or token), ExpiredToken, RequestTimeTooSkewed,
    SignatureDoesNotMatch.
    """
    credentials = store.find(signature.access_key_id)
    if credentials is None or (credentials.token or None) != (signature.token or None):
        raise ServiceError(
            "InvalidClientTokenId", "The security token included in the request is invalid.", 403
        )
    if credentials.expires and credentials.expires <= clock.now():
        raise ServiceError(
            "ExpiredToken", "The security token included in the request is expired", 403
        )
    _check_time(request, signature, clock)
    expected = _sign(request, signature, credentials.secret)
    if not hmac.compare_digest(expected, signature.value):
        raise ServiceError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
            403,
        )
    return credentials


def _check_time(request: Request, signature: Signature, clock: Clock) -> None:
    try:
        signed = datetime.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ServiceError("IncompleteSignature", "X-Amz-Date is missing or malformed") from None
    if signature.presigned:
        query = dict(parse_qsl(request.raw_query))
        lifetime = timedelta(seconds=int(query.get("X-Amz-Expires", "0") or 0))
        if clock.now() > signed + lifetime:
            raise ServiceError("AccessDenied", "Request has expired", 403)
        return
    # A client signs with the machine's clock, which is not advanced with the local AWS's clock.
    if abs(datetime.now(UTC) - signed) > SKEW:
        raise ServiceError(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            403,
        )


def _sign(request: Request, signature: Signature, secret: str) -> str:
    canonical = _canonical_request(request, signature)
    scope = f"{signature.date}/{signature.region}/{signature.service}/aws4_request"
    to_sign = "\n".join(
        (ALGORITHM, signature.timestamp, scope, hashlib.sha256(canonical.encode()).hexdigest())
    )
    key = f"AWS4{secret}".encode()
    for part in (signature.date, signature.region, signature.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _canonical_request(request: Request, signature: Signature) -> str:
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n"
        for name in signature.signed_headers
    )
    return "\n".join(
        (
            request.method,
            _canonical_path(request.raw_path, signature.service),
            _canonical_query(request.raw_query),
            headers,
            ";".join(signature.signed_headers),
            _payload_hash(request, signature),
        )
    )


def _canonical_path(raw_path: str, service: str) -> str:
    if service == "s3":  # S3 keys are signed as they are sent
        return raw_path or "/"
    segments: list[str] = []
    for segment in raw_path.split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment not in ("", "."):
            segments.append(segment)
    path = "/" + "/".join(segments)
    if raw_path.endswith("/") and path != "/":
        path += "/"
    return quote(path, safe="/~")


def _canonical_query(raw_query: str) -> str:
    pairs = []
    for item in filter(None, raw_query.split("&")):
        name, _, value = item.partition("=")
        name, value = unquote(name), unquote(value)
        if name != "X-Amz-Signature":
            pairs.append((quote(name, safe="-_.~"), quote(value, safe="-_.~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _payload_hash(request: Request, signature: Signature) -> str:
    declared = request.headers.get("x-amz-content-sha256")
    if signature.presigned:
        return declared or "UNSIGNED-PAYLOAD"
    if declared and (declared == "UNSIGNED-PAYLOAD" or declared.startswith("STREAMING-")):
        return declared
    actual = hashlib.sha256(request.body).hexdigest() if request.body else EMPTY_HASH
    if declared and declared != actual:
        raise ServiceError(
            "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match"
        )
    return actual
