"""Reads the values that only a run's conf or a form can give: once, by their declared type.

Airflow renders a template to text. An operator declares the kind of such a parameter in its
`conf_parameters` and gets the value, or a `ConfigError` that names the parameter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from causeway.errors import ConfigError

Kind = Literal["boolean", "integer", "optional integer", "optional text", "words"]

_NOTHING = ("", "None")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def require_parameters(conf: Mapping[str, Any], declared: Collection[str]) -> None:
    """Refuse a run whose conf has a key that its DAG does not declare.

    Airflow passes such a key over, so that a misspelt one would leave the default in force.

    Raises:
        ConfigError: naming the keys, and those that are allowed.
    """
    if unknown := sorted(set(conf) - set(declared)):
        raise ConfigError(
            f"the run's conf has unknown keys: {', '.join(unknown)}; allowed: "
            f"{', '.join(sorted(declared))}",
            next_step="Trigger the DAG again with keys that it declares.",
        )


def read_parameter(name: str, kind: Kind, value: Any) -> Any:
    """Return the value of a parameter: one that is no text stays as it is.

    `words` are separated by commas. What renders to nothing is None where the kind is optional.

    Raises:
        ConfigError: the text is no value of that kind.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if kind == "optional text":
        return None if text in _NOTHING else text
    if kind == "optional integer" and text in _NOTHING:
        return None
    if kind == "words":
        return tuple(word for part in text.split(",") if (word := part.strip()))
    try:
        return _BOOLEANS[text.lower()] if kind == "boolean" else int(text)
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"parameter {name}: {value!r} is no {kind.removeprefix('optional ')}",
            next_step="Trigger the DAG again with a value of that kind.",
        ) from error
