"""Verification of AWS Signature Version 4, in the header and in a presigned URL.

Sources: "Create a signed AWS API request", IAM User Guide; for presigned URLs "Authenticating
Requests: Using Query Parameters", Amazon S3 API Reference. Both say that the host and every
`x-amz-*` header of the request must be signed.
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
LONGEST = timedelta(days=7)  # for which a presigned URL may be valid
FIELDS = ("Credential", "SignedHeaders", "Signature")
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
    query = _query(request)
    if header.startswith(ALGORITHM) and "X-Amz-Signature" in query:
        raise ServiceError("InvalidArgument", "Only one auth mechanism allowed")
    if header.startswith(ALGORITHM):
        fields = _fields(header.removeprefix(ALGORITHM))
        timestamp = request.headers.get("x-amz-date", "")
        token = request.headers.get("x-amz-security-token")
        presigned = False
    elif query.get("X-Amz-Algorithm") == ALGORITHM:
        fields = {name: query.get(f"X-Amz-{name}", "") for name in FIELDS}
        timestamp = query.get("X-Amz-Date", "")
        token = query.get("X-Amz-Security-Token")
        presigned = True
    else:
        return None
    scope = fields.get("Credential", "").rsplit("/", 4)
    if len(scope) != 5 or scope[4] != "aws4_request" or not all(fields.get(n) for n in FIELDS):
        raise ServiceError("IncompleteSignature", "the request's signature is incomplete", 400)
    key, date, region, service, _ = scope
    names = tuple(fields["SignedHeaders"].split(";"))
    return Signature(
        key, date, region, service, names, fields["Signature"], timestamp, token, presigned
    )


def _query(request: Request) -> dict[str, str]:
    """Return the query; a parameter of the signature may be there once only."""
    pairs = parse_qsl(request.raw_query, keep_blank_values=True)
    names = [name for name, _ in pairs if name.startswith("X-Amz-")]
    if len(set(names)) != len(names):
        raise ServiceError("InvalidArgument", "A parameter of the signature is there twice")
    return dict(pairs)


def _fields(text: str) -> dict[str, str]:
    """Return the three fields of an Authorization header, each of which is there once."""
    pairs = [part.strip().partition("=")[::2] for part in text.split(",")]
    if sorted(name for name, _ in pairs) != sorted(FIELDS):
        raise ServiceError("IncompleteSignature", "the request's signature is incomplete", 400)
    return dict(pairs)


def verify(
    request: Request, signature: Signature, store: CredentialStore, clock: Clock
) -> Credentials:
    """Return the credentials that signed the request, or raise the AWS error.

    Errors: InvalidClientTokenId (unknown key or token), ExpiredToken, RequestTimeTooSkewed,
    SignatureDoesNotMatch (also for what must be signed and is not).
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
    _check_headers(request, signature)
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
    if signature.timestamp[:8] != signature.date:
        raise ServiceError(
            "SignatureDoesNotMatch",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: "
            f"'{signature.date}' != '{signature.timestamp[:8]}'",
            403,
        )
    if signature.presigned:
        if signed > datetime.now(UTC) + SKEW:
            raise ServiceError("AccessDenied", "Request is not yet valid", 403)
        if clock.now() > signed + _lifetime(request):
            raise ServiceError("AccessDenied", "Request has expired", 403)
        return
    # A client signs with the machine's clock, which is not advanced with the local AWS's clock.
    if abs(datetime.now(UTC) - signed) > SKEW:
        raise ServiceError(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            403,
        )


def _lifetime(request: Request) -> timedelta:
    """Return for how long a presigned URL is valid."""
    text = _query(request).get("X-Amz-Expires", "")
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ServiceError(
            "AuthorizationQueryParametersError", "X-Amz-Expires should be a number", 400
        )
    lifetime = timedelta(seconds=int(text))
    if not timedelta() < lifetime <= LONGEST:
        raise ServiceError(
            "AuthorizationQueryParametersError",
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
            "must be less than 604800 seconds",
            400,
        )
    return lifetime


def _check_headers(request: Request, signature: Signature) -> None:
    """Refuse a request with a header that counts and that nobody signed."""
    counting = {"host"} | {name for name in request.headers if name.startswith("x-amz-")}
    unsigned = sorted(counting - set(signature.signed_headers))
    if not unsigned:
        return
    if signature.service == "s3":
        message = "There were headers present in the request which were not signed"
        raise ServiceError("AccessDenied", f"{message}: {', '.join(unsigned)}", 403)
    names = " and ".join(f"'{name}'" for name in unsigned)
    raise ServiceError(
        "SignatureDoesNotMatch", f"{names} must be a 'SignedHeader' in the AWS Authorization.", 403
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
    if signature.service == "s3":  # the only service here that takes an unsigned body
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
