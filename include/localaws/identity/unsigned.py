"""Requests without a signature. AWS takes them for federation, which is not served here.

Source: STS API Reference, AssumeRoleWithSAML and AssumeRoleWithWebIdentity ("does not require the
use of AWS security credentials").
"""

from __future__ import annotations

from urllib.parse import parse_qs

from localaws.door.protocol import unsupported
from localaws.door.sigv4 import Request
from localaws.kit.service import ServiceError

FEDERATION = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")


def refusal(request: Request) -> ServiceError:
    """Return the error of a request that nobody signed."""
    text = request.body.decode("utf-8", "replace") if request.method == "POST" else ""
    action = parse_qs(text or request.raw_query).get("Action", [""])[0]
    if action in FEDERATION:
        return unsupported("sts", action)
    return ServiceError(
        "MissingAuthenticationToken", "Request is missing Authentication Token", 403
    )
