"""The values of a step's arguments: `Get`, `Std:Join`, `Std:JsonGet` replaced by their values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localaws.sagemaker.machine.failures import WorkFailedError

_PART = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[['\"]([^'\"]+)['\"]\]")


@dataclass(frozen=True)
class Scope:
    """The values of an execution's references; `read_file` reads a property file of a step."""

    parameters: dict[str, Any]
    execution: dict[str, str]
    properties: dict[str, dict[str, Any]]
    read_file: Callable[[str, str], bytes]

    def value(self, argument: Any) -> Any:
        """Return a value with every reference in it replaced.

        Raises:
            WorkFailedError: a reference has no value, or a file cannot be read.
        """
        if isinstance(argument, list):
            return [self.value(item) for item in argument]
        if not isinstance(argument, dict):
            return argument
        if set(argument) == {"Get"}:
            return self._get(str(argument["Get"]))
        if set(argument) == {"Std:Join"}:
            how = argument["Std:Join"]
            return str(how.get("On", "")).join(_text(self.value(v)) for v in how["Values"])
        if set(argument) == {"Std:JsonGet"}:
            return self._of_file(argument["Std:JsonGet"])
        return {name: self.value(item) for name, item in argument.items()}

    def _get(self, path: str) -> Any:
        kind, _, rest = path.partition(".")
        if kind == "Parameters":
            return self.parameters[rest]
        if kind == "Execution":
            return self.execution[rest]
        step, _, inside = rest.partition(".")
        return at_path(self.properties.get(step, {}), inside, path)

    def _of_file(self, how: dict[str, Any]) -> Any:
        _, step, _, name = str(how["PropertyFile"]["Get"]).split(".", 3)
        try:
            document = json.loads(self.read_file(step, name))
        except ValueError as error:
            raise WorkFailedError(
                f"ClientError: the property file {name} of step {step} is not JSON: {error}"
            ) from error
        return at_path(document, str(self.value(how["Path"])), f"{name}:{how['Path']}")


def at_path(value: Any, path: str, name: str) -> Any:
    """Return the value at a path of names and indices; a list is also indexed by item name."""
    for match in _PART.finditer(path):
        key, index, quoted = match.groups()
        try:
            if index is not None:
                value = value[int(index)]
            elif isinstance(value, list):
                value = next(item for item in value if _named(item) == (quoted or key))
            else:
                value = value[quoted or key]
        except (KeyError, IndexError, TypeError, StopIteration):
            raise WorkFailedError(f"ClientError: there is no value at {name}") from None
    return value


def _named(item: Any) -> Any:
    """Return an item's name: `OutputName` of an output, `ChannelName` of a channel, …"""
    if not isinstance(item, dict):
        return None
    return next((value for key, value in item.items() if key.endswith("Name")), None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
