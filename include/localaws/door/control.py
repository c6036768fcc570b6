"""The control routes: clock, faults, decisions and conformance. They need `--control`.

Requests are signed (SigV4, service `localaws`) by an account administrator; others are refused:

- `POST /clock` with `{"advance_seconds": 3600}` advances the clock and returns the new time.
- `GET /decisions` lists every decision of the authoriser, `DELETE /decisions` clears them.
- `GET /conformance` returns how many replies were checked, and the violations.
- `POST /faults` adds a rule (see `faults.Rule`), `GET /faults` lists all rules with how often they
  matched and fired, and `DELETE /faults` removes all rules.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.door.faults import Faults
from localaws.door.protocol import Reply
from localaws.door.sigv4 import Request
from localaws.kit.service import Principal, ServiceError

if TYPE_CHECKING:
    from localaws.kit.cloud import Cloud

SERVICE = "localaws"


def serve(cloud: Cloud, caller: Principal, request: Request, enabled: bool) -> Reply:
    """Answer a control request; UnsupportedOperation unless enabled, AccessDenied for others."""
    if not enabled:
        raise ServiceError("UnsupportedOperation", "the control route is off (--control)", 501)
    if caller.kind != "administrator":
        raise ServiceError("AccessDenied", f"{caller.arn} is not an account administrator", 403)
    route = (request.method, request.raw_path)
    if route == ("POST", "/clock"):
        return _clock(cloud, request)
    if route == ("GET", "/decisions"):
        return _json({"decisions": [decision.document() for decision in cloud.decisions.all()]})
    if route == ("DELETE", "/decisions"):
        cloud.decisions.clear()
        return _json({"decisions": []})
    if route == ("GET", "/conformance"):
        return _json(cloud.conformance.document())
    faults = Faults.of(cloud)
    if route == ("POST", "/faults"):
        return _add_fault(faults, request)
    if route == ("GET", "/faults"):
        return _json({"faults": faults.rules()})
    if route == ("DELETE", "/faults"):
        faults.clear()
        return _json({"faults": []})
    raise ServiceError("UnsupportedOperation", f"no control route {' '.join(route)}", 501)


def _clock(cloud: Cloud, request: Request) -> Reply:
    try:
        seconds = float(json.loads(request.body)["advance_seconds"])
        now = cloud.clock.advance(seconds)
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceError(
            "ValidationException", f'expected {{"advance_seconds": <number >= 0>}}: {error}'
        ) from error
    return _json({"now": now.isoformat()})


def _add_fault(faults: Faults, request: Request) -> Reply:
    try:
        document = json.loads(request.body)
        if not isinstance(document, dict):
            raise ValueError("it is not an object")
        rule = faults.add(document)
    except ValueError as error:
        raise ServiceError("ValidationException", f"not a fault rule: {error}") from error
    return _json(rule.document())


def _json(document: dict[str, Any]) -> Reply:
    body = json.dumps(document).encode()
    return Reply(200, [("Content-Type", "application/json")], body)
