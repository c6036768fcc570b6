"""The control route: moves the clock. Administrators only, and absent without `--control`.

`POST /clock` with `{"advance_seconds": 3600}`, signed (SigV4, service `localaws`) by an account
administrator; answers the new time.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from localaws.protocol import Reply
from localaws.service import Principal, ServiceError
from localaws.sigv4 import Request

if TYPE_CHECKING:
    from localaws.cloud import Cloud

SERVICE = "localaws"


def serve(cloud: Cloud, caller: Principal, request: Request, enabled: bool) -> Reply:
    """Answer a control request; UnsupportedOperation unless enabled, AccessDenied for others."""
    if not enabled:
        raise ServiceError("UnsupportedOperation", "the control route is off (--control)", 501)
    if caller.kind != "administrator":
        raise ServiceError("AccessDenied", f"{caller.arn} is not an account administrator", 403)
    if (request.method, request.raw_path) != ("POST", "/clock"):
        raise ServiceError("UnsupportedOperation", f"no control route {request.raw_path}", 501)
    try:
        seconds = float(json.loads(request.body)["advance_seconds"])
        now = cloud.clock.advance(seconds)
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceError(
            "ValidationException", f'expected {{"advance_seconds": <number >= 0>}}: {error}'
        ) from error
    body = json.dumps({"now": now.isoformat()}).encode()
    return Reply(200, [("Content-Type", "application/json")], body)
