"""The shapes of resource properties, and one canonical form to compare them.

A kind converts a value, from a template or from a service, to its canonical form; it raises an
error with the path of an unsupported member. Two values are equivalent if and only if their
canonical forms are equal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localaws.cloudformation.errors import DeployError
from localaws.kit.arns import name_of

Kind = Callable[[Any, str], Any]


class _Anything:
    """A default that the service chooses; it is compared only if the template sets the property."""

    def __repr__(self) -> str:
        return "anything"


ANYTHING = _Anything()


@dataclass(frozen=True)
class Property:
    """A property that the local CloudFormation applies.

    `default` is the canonical value when the template does not set the property. `replaces` marks a
    property that cannot be changed on an existing resource.
    """

    kind: Kind
    default: Any = None
    required: bool = False
    replaces: bool = False


def text(value: Any, path: str) -> str:
    """A string; numbers and booleans are written as CloudFormation writes them."""
    if isinstance(value, dict | list) or value is None:
        raise DeployError(f"Value of property {path} must be of type String")
    return str(value).lower() if isinstance(value, bool) else str(value)


def integer(value: Any, path: str) -> int:
    """An integer, possibly as a string."""
    try:
        return int(str(value))
    except ValueError:
        raise DeployError(f"Value of property {path} must be of type Integer") from None


def boolean(value: Any, path: str) -> bool:
    """True or false, possibly as a string."""
    truths = {"true": True, "false": False}
    if str(value).lower() not in truths:
        raise DeployError(f"Value of property {path} must be of type Boolean")
    return truths[str(value).lower()]


def document(value: Any, path: str) -> Any:
    """A JSON document, as an object or as a string; the order of keys is ignored."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise DeployError(f"Value of property {path} is not a JSON document") from None
    if not isinstance(value, dict):
        raise DeployError(f"Value of property {path} must be an object")
    return value


def texts(value: Any, path: str) -> dict[str, str]:
    """Strings by name."""
    if not isinstance(value, dict):
        raise DeployError(f"Value of property {path} must be an object")
    return {str(name): text(item, f"{path}.{name}") for name, item in value.items()}


def key_id(value: Any, path: str) -> str:
    """A KMS key id, possibly given as the key's ARN."""
    return name_of(text(value, path))


def tags(value: Any, path: str) -> dict[str, str]:
    """Tags by key."""
    pairs = keyed("Key", structure(Key=text, Value=text), lambda item: item.get("Value", ""))
    by_key: dict[str, str] = pairs(value, path)
    return by_key


def one_of(*allowed: str) -> Kind:
    """A string of a fixed set."""

    def read(value: Any, path: str) -> str:
        if text(value, path) not in allowed:
            raise DeployError(f"Value of property {path} must be one of {', '.join(allowed)}")
        return text(value, path)

    return read


def structure(_defaults: Mapping[str, Any] | None = None, /, **members: Kind) -> Kind:
    """An object with these members only; missing members get the defaults."""

    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise DeployError(f"Value of property {path} must be an object")
        unknown = sorted(set(value) - set(members))
        if unknown:
            raise DeployError(f"Encountered unsupported property {path}.{unknown[0]}")
        converted = {k: members[k](item, f"{path}.{k}") for k, item in value.items()}
        return {**(_defaults or {}), **converted}

    return read


def listing(member: Kind) -> Kind:
    """A list whose order matters."""

    def read(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise DeployError(f"Value of property {path} must be of type List")
        return [member(item, f"{path}[{index}]") for index, item in enumerate(value)]

    return read


def unordered(value: Any, path: str) -> list[str]:
    """A list of strings whose order does not matter."""
    return sorted(set(listing(text)(value, path)))


def keyed(key: str, member: Kind, take: Callable[[Any], Any] = lambda item: item) -> Kind:
    """A list of objects that one member identifies; the order does not matter."""

    def read(value: Any, path: str) -> dict[str, Any]:
        by_key: dict[str, Any] = {}
        for index, item in enumerate(listing(member)(value, path)):
            if key not in item:
                raise DeployError(f"Property {path}[{index}].{key} cannot be empty.")
            if item[key] in by_key:
                raise DeployError(f"Value of property {path} has {key} {item[key]} twice")
            by_key[item[key]] = take(item)
        return by_key

    return read


def canonical(declared: Mapping[str, Property], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return every declared property in canonical form; raise DeployError for a wrong one."""
    unknown = sorted(set(values) - set(declared))
    if unknown:
        raise DeployError(
            f"Encountered unsupported property {unknown[0]}; the local CloudFormation applies "
            f"{', '.join(sorted(declared))}"
        )
    missing = sorted(
        name for name, item in declared.items() if item.required and values.get(name) is None
    )
    if missing:
        raise DeployError(f"Property {missing[0]} cannot be empty.")
    return {
        name: item.default if values.get(name) is None else item.kind(values[name], name)
        for name, item in declared.items()
    }


def differing(declared: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Return the names whose canonical values differ; values chosen by the service are ignored."""
    return [
        name
        for name, value in declared.items()
        if value is not ANYTHING and value != actual.get(name)
    ]
