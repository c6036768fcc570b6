"""Checks the parameters of a call against the botocore input shape, as AWS does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.door.patterns import compiled
from localaws.kit.service import ServiceError

if TYPE_CHECKING:
    from localaws.door.protocol import Addressed


# What a service calls an invalid parameter, where that is not ValidationException. The answers of
# services with a query protocol are called ValidationError.
ERROR_CODES = {
    "cloudwatch": "ValidationError",
    "ecr": "InvalidParameterException",
    "logs": "InvalidParameterException",
}
# These check their parameters in an order and with errors of their own, and their models have next
# to no patterns: that is left to the engine, all but the types.
UNCHECKED = frozenset({"s3", "sns", "sqs"})
# What JSON has for the types of the models; a blob is text there, and bytes once it is read.
TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
    "string": (str,),
    "blob": (str, bytes),
    "boolean": (bool,),
    "integer": (int, float),
    "long": (int, float),
    "float": (int, float, str),  # "NaN" and "Infinity" are texts
    "double": (int, float, str),
}


def validate(addressed: Addressed, params: dict[str, Any]) -> None:
    """Raise the service's error, worded as AWS words it, for a missing or malformed value."""
    problems: list[str] = []
    shape = addressed.model.input_shape
    if shape is not None and addressed.protocol == "json":
        _check_types(shape, params, "")
    if shape is not None and addressed.service not in UNCHECKED:
        _structure(shape, params, "", problems)
    if problems:
        by_protocol = "ValidationError" if addressed.protocol == "query" else "ValidationException"
        count = len(problems)
        noun = "error" if count == 1 else "errors"
        raise ServiceError(
            ERROR_CODES.get(addressed.service, by_protocol),
            f"{count} validation {noun} detected: {'; '.join(problems)}",
        )


def _check_types(shape: Any, value: Any, path: str) -> None:
    """Raise SerializationException for a value of another type than the model says."""
    kind = shape.type_name
    if value is None or kind not in TYPES:
        return
    fits = isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if not fits:
        raise ServiceError(
            "SerializationException", f"The value at '{path or 'body'}' is no {kind}"
        )
    if kind == "structure":
        for name, item in value.items():
            if name in shape.members:
                _check_types(shape.members[name], item, _at(path, name))
    elif kind == "list":
        for item in value:
            _check_types(shape.member, item, f"{path}.member")
    elif kind == "map":
        for item in value.values():
            _check_types(shape.value, item, f"{path}.value")


def _structure(shape: Any, value: dict[str, Any], path: str, problems: list[str]) -> None:
    for name in shape.required_members:
        if value.get(name) is None:
            problems.append(
                f"Value null at '{_at(path, name)}' failed to satisfy constraint: "
                "Member must not be null"
            )
    for name, item in value.items():
        if item is not None and name in shape.members:
            _check(shape.members[name], item, _at(path, name), problems)


def _at(path: str, name: str) -> str:
    step = name[:1].lower() + name[1:]
    return f"{path}.{step}" if path else step


def _check(shape: Any, value: Any, path: str, problems: list[str]) -> None:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        _structure(shape, value, path, problems)
    elif kind == "list" and isinstance(value, list):
        _size(shape, len(value), value, path, problems)
        for index, item in enumerate(value, 1):
            _check(shape.member, item, f"{path}.{index}.member", problems)
    elif kind == "map" and isinstance(value, dict):
        _size(shape, len(value), value, path, problems)
        for key, item in value.items():
            _check(shape.key, key, f"{path}.key", problems)
            _check(shape.value, item, f"{path}.{key}.value", problems)
    elif kind == "string":
        _string(shape, value, path, problems)
    elif kind in ("integer", "long", "float", "double") and isinstance(value, int | float):
        _range(shape, value, path, problems)
    elif kind == "blob" and isinstance(value, bytes):
        _size(shape, len(value), f"{len(value)} bytes", path, problems)


def _string(shape: Any, value: Any, path: str, problems: list[str]) -> None:
    if not isinstance(value, str):
        problems.append(f"Value at '{path}' must be a string")
        return
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        problems.append(
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        )
    _size(shape, len(value), value, path, problems)
    pattern = shape.metadata.get("pattern")
    if pattern and not compiled(pattern).fullmatch(value):
        problems.append(
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )


def _size(shape: Any, size: int, value: Any, path: str, problems: list[str]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    shown = str(value)[:120]
    if low is not None and size < low:
        problems.append(
            f"Value '{shown}' at '{path}' failed to satisfy constraint: "
            f"Member must have length greater than or equal to {low}"
        )
    if high is not None and size > high:
        problems.append(
            f"Value '{shown}' at '{path}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {high}"
        )


def _range(shape: Any, value: float, path: str, problems: list[str]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        problems.append(
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must have value greater than or equal to {low}"
        )
    if high is not None and value > high:
        problems.append(
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must have value less than or equal to {high}"
        )
