"""What a target gets of an event: all of it, a constant, a part, or a text made from parts.

Sources: EventBridge User Guide, "Input transformation": a value stands without quotes within a
text of the template, as JSON elsewhere; a path that is not there leaves its variable empty.
"""

from __future__ import annotations

import json
import re
from typing import Any

from localaws.engine.corrections import MotoCall, before
from localaws.kit.arns import parse_arn
from localaws.kit.service import ServiceError

KINDS = ("Input", "InputPath", "InputTransformer")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]|\['([^']+)'\]")
_PATH = re.compile(r"\$(?:\.[A-Za-z0-9_-]+|\[\d+\]|\['[^']+'\])*")
_VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
MISSING = object()


@before("events", "PutTargets")
def check_inputs(call: MotoCall) -> None:
    """Refuse several kinds of input for a target, and paths that cannot be read."""
    for target in call.params["Targets"]:
        kinds = [kind for kind in KINDS if target.get(kind)]
        if len(kinds) > 1:
            raise ServiceError(
                "ValidationException",
                "Only one of Input, InputPath, or InputTransformer must be provided "
                f"for target {target.get('Id')}.",
            )
        paths = (target.get("InputTransformer") or {}).get("InputPathsMap") or {}
        for path in [target.get("InputPath"), *paths.values()]:
            if path and not _PATH.fullmatch(path):
                raise ServiceError(
                    "ValidationException", f"Invalid InputPath for target {target.get('Id')}."
                )


def body_for(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """Return the text that a target gets for an event."""
    if target.get("Input"):
        return str(target["Input"])
    if path := target.get("InputPath"):
        part = _at(event, str(path))
        return json.dumps(None if part is MISSING else part)
    if transformer := target.get("InputTransformer"):
        return _transformed(transformer, event, rule_arn)
    return json.dumps(event)


def _transformed(transformer: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    paths = transformer.get("InputPathsMap") or {}
    values = {name: _at(event, path) for name, path in paths.items()} | {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": parse_arn(rule_arn).resource_id.rsplit("/", 1)[-1],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {name: text for name, text in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    template = str(transformer["InputTemplate"])

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        value = values[match[1]]
        if value is MISSING:
            return ""
        if _in_text(template, match.start()):
            text = value if isinstance(value, str) else json.dumps(value)
            return json.dumps(text)[1:-1]
        return json.dumps(value)

    filled = _VARIABLE.sub(fill, template)
    try:
        return json.dumps(json.loads(filled))
    except ValueError:
        return filled


def _in_text(template: str, position: int) -> bool:
    """Tell whether a position of a template is within double quotes."""
    return len(re.findall(r'(?<!\\)"', template[:position])) % 2 == 1


def _at(event: Any, path: str) -> Any:
    part = event
    for name, index, quoted in _STEP.findall(path.removeprefix("$")):
        try:
            part = part[int(index)] if index else part[name or quoted]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return part
