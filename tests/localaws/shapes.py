"""Checks a reply against botocore's output shape: nothing missing, nothing the shape lacks.

botocore's own parser drops what a shape does not have and never misses a required member, so a
client's view proves nothing: `checked` looks at the bytes on the wire.
"""

from __future__ import annotations

import json
from typing import Any

# botocore says required; AWS leaves it out when there is no further page.
OPTIONAL_ON_THE_WIRE = {("DescribeFeatureGroupResponse", "NextToken")}
NUMBERS = ("integer", "long", "float", "double")


def problems(shape: Any, value: Any, path: str = "reply") -> list[str]:
    """Return what is wrong with a JSON value of the wire, by the botocore shape."""
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, path)
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path}: {value!r} is no list"]
        return [
            p for i, one in enumerate(value) for p in problems(shape.member, one, f"{path}[{i}]")
        ]
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{path}: {value!r} is no map"]
        return [p for k, one in value.items() for p in problems(shape.value, one, f"{path}.{k}")]
    if kind == "string":
        if not isinstance(value, str):
            return [f"{path}: {value!r} is no string"]
        allowed = shape.metadata.get("enum")
        return (
            [f"{path}: {value!r} is none of {allowed}"] if allowed and value not in allowed else []
        )
    if kind == "boolean":
        return [] if isinstance(value, bool) else [f"{path}: {value!r} is no boolean"]
    if kind in (*NUMBERS, "timestamp"):
        right = isinstance(value, int | float) and not isinstance(value, bool)
        return [] if right else [f"{path}: {value!r} is no {kind}"]
    return []


def _structure(shape: Any, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no {shape.name}"]
    names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    found = [f"{path}: {shape.name} has no {name}" for name in value if name not in names]
    for name in shape.required_members:
        if name not in value and (shape.name, name) not in OPTIONAL_ON_THE_WIRE:
            found.append(f"{path}: {name} is missing")
    for name, item in value.items():
        if name in names:
            found += problems(shape.members[names[name]], item, f"{path}.{name}")
    return found


def checked(client: Any) -> Any:
    """Make a client (JSON protocols) assert the shape of every successful reply, and return it."""

    def look(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        shape = operation_model.output_shape
        if response_dict["status_code"] >= 300 or shape is None:
            return
        wrong = problems(shape, json.loads(response_dict["body"] or b"{}"))
        assert not wrong, f"{operation_model.name}: " + "; ".join(wrong)

    client.meta.events.register("before-parse", look)
    return client
