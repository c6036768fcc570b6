"""EventBridge's `TestEventPattern`, which moto answers with nothing."""

from __future__ import annotations

import json
from typing import Any

from localaws.kit.service import Call, Service, ServiceError

events = Service.named("events")
#: What an event must have, by the API Reference of TestEventPattern.
REQUIRED = ("id", "account", "source", "time", "region", "resources", "detail-type")


@events.operation("TestEventPattern")
def test_event_pattern(call: Call) -> dict[str, Any]:
    """Tell whether an event matches a pattern."""
    from moto.events.models import EventPattern

    event = _document(call.params["Event"], "Event is not valid.", "ValidationException")
    missing = [name for name in REQUIRED if name not in event]
    if missing:
        raise ServiceError(
            "ValidationException", f"Parameter Event is not valid: it has no {', '.join(missing)}."
        )
    pattern = _document(
        call.params["EventPattern"], "Event pattern is not valid.", "InvalidEventPatternException"
    )
    _check(pattern)
    matcher = EventPattern(call.params["EventPattern"], pattern)
    return {"Result": bool(matcher.matches_event(event))}  # type: ignore[arg-type]


def _document(text: str, message: str, code: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        raise ServiceError(code, f"{message} Reason: it is no JSON.") from None
    if not isinstance(document, dict):
        raise ServiceError(code, f"{message} Reason: it is no object.")
    return document


def _check(pattern: dict[str, Any]) -> None:
    """Refuse a pattern whose leaves are not lists."""
    if not pattern:
        raise _invalid("Empty patterns are not allowed")
    for name, value in pattern.items():
        if isinstance(value, dict):
            _check(value)
        elif not isinstance(value, list):
            raise _invalid(f'"{name}" must be an object or an array')
        elif not value:
            raise _invalid("Empty arrays are not allowed")


def _invalid(reason: str) -> ServiceError:
    return ServiceError(
        "InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}"
    )
