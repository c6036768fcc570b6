"""Evaluates the functions of a template, and finds references between its parts.

It makes no calls: parameters, pseudo parameters and existing resources are passed in. Source:
CloudFormation User Guide, "Intrinsic function reference".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from localaws.cloudformation.errors import TemplateError
from localaws.cloudformation.parameters import value_of
from localaws.cloudformation.template import CONDITION_FUNCTIONS, Template, unsupported_function

PSEUDO_PARAMETERS = frozenset(
    {
        "AWS::AccountId",
        "AWS::NoValue",
        "AWS::NotificationARNs",
        "AWS::Partition",
        "AWS::Region",
        "AWS::StackId",
        "AWS::StackName",
        "AWS::URLSuffix",
    }
)
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class _NoValue:
    """`AWS::NoValue`: the property or list item with this value is removed."""


NO_VALUE = _NoValue()


class Existing(Protocol):
    """An existing resource that others can refer to."""

    def ref(self) -> str:
        """Return what `Ref` gives."""

    def attribute(self, name: str) -> Any:
        """Return what `Fn::GetAtt` gives; raise TemplateError for an unknown attribute."""


class Evaluation:
    """One template with bound parameters; resources are added when they exist."""

    def __init__(
        self,
        template: Template,
        parameters: Mapping[str, str],
        pseudo: Mapping[str, Any],
        exports: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.template = template
        self.parameters = parameters
        self.pseudo = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", **pseudo}
        self.existing: dict[str, Existing] = {}
        self.imported: set[str] = set()
        self._exports = exports
        self._conditions: dict[str, bool] = {}
        self._asking: list[str] = []

    def value(self, item: Any) -> Any:
        """Return `item` with every function in it evaluated; raise TemplateError."""
        if isinstance(item, list):
            return [v for v in (self.value(i) for i in item) if v is not NO_VALUE]
        if not isinstance(item, dict):
            return item
        if len(item) == 1:
            name, argument = next(iter(item.items()))
            if name == "Ref":
                return self._ref(argument)
            if isinstance(name, str) and name.startswith("Fn::"):
                return self._function(name, argument)
        evaluated = {key: self.value(entry) for key, entry in item.items()}
        return {key: entry for key, entry in evaluated.items() if entry is not NO_VALUE}

    def condition(self, name: str) -> bool:
        """Return whether the named condition holds."""
        if name not in self.template.conditions:
            raise TemplateError(
                f"Template error: unresolved condition dependency {name} in the template"
            )
        if name in self._asking:
            raise TemplateError(f"Template error: condition {name} depends on itself")
        if name not in self._conditions:
            self._asking.append(name)
            self._conditions[name] = self._truth(self.template.conditions[name])
            self._asking.pop()
        return self._conditions[name]

    def exists(self, condition: str | None) -> bool:
        """Return whether something with this condition (or none) is part of the stack."""
        return condition is None or self.condition(condition)

    # ------------------------------------------------------------ references
    def _ref(self, name: Any) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO_PARAMETERS:
            return self.pseudo[name]
        if name in self.parameters:
            return value_of(self.template.parameters[name], self.parameters[name])
        return self._existing(name, "Resources block").ref()

    def _attribute(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not (isinstance(parts, list) and len(parts) == 2 and isinstance(parts[0], str)):
            raise TemplateError(
                "Template error: every Fn::GetAtt object requires two non-empty parameters, "
                "the resource name and the resource attribute"
            )
        return self._existing(parts[0], "Fn::GetAtt").attribute(str(self.value(parts[1])))

    def _existing(self, name: Any, where: str) -> Existing:
        if name not in self.existing:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{name}] in the "
                f"{where} of the template"
            )
        return self.existing[name]

    # ------------------------------------------------------------ functions
    def _function(self, name: str, argument: Any) -> Any:
        if name in CONDITION_FUNCTIONS:
            return self._truth({name: argument})
        if name == "Fn::GetAtt":
            return self._attribute(argument)
        if name == "Fn::If":
            condition, yes, no = _exactly(name, argument, 3)
            return self.value(yes if self.condition(condition) else no)
        if name == "Fn::ImportValue":
            return self._import(argument)
        if name == "Fn::Sub":
            return self._substitute(argument)
        if name == "Fn::Join":
            delimiter, items = _exactly(name, argument, 2)
            return str(delimiter).join(_texts(name, self.value(items)))
        if name == "Fn::Split":
            delimiter, text = _exactly(name, argument, 2)
            return str(self.value(text)).split(str(delimiter))
        if name == "Fn::Select":
            return self._select(argument)
        if name == "Fn::FindInMap":
            return self._find_in_map(argument)
        raise TemplateError(unsupported_function(name))

    def _substitute(self, argument: Any) -> str:
        if isinstance(argument, str):
            text, own = argument, {}
        else:
            text, own = _exactly("Fn::Sub", argument, 2)
        values = {key: self.value(item) for key, item in own.items()}

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in values:
                return str(values[name])
            return str(self._attribute(name) if "." in name else self._ref(name))

        return _VARIABLE.sub(replace, text)

    def _import(self, argument: Any) -> str:
        name = str(self.value(argument))
        exports = self._exports()
        if name not in exports:
            raise TemplateError(f"No export named {name} found.")
        self.imported.add(name)
        return exports[name]

    def _select(self, argument: Any) -> Any:
        index, items = _exactly("Fn::Select", argument, 2)
        values, position = self.value(items), int(self.value(index))
        if not isinstance(values, list) or not 0 <= position < len(values):
            raise TemplateError(
                f"Template error: Fn::Select cannot select nonexistent value at index {position}"
            )
        return values[position]

    def _find_in_map(self, argument: Any) -> Any:
        name, top, second = (self.value(item) for item in _exactly("Fn::FindInMap", argument, 3))
        try:
            return self.template.mappings[name][top][second]
        except KeyError:
            raise TemplateError(
                f"Template error: Unable to get mapping for {name}::{top}::{second}"
            ) from None

    def _truth(self, expression: Any) -> bool:
        if not isinstance(expression, dict) or len(expression) != 1:
            raise TemplateError(f"Template error: {expression!r} is not a condition")
        name, argument = next(iter(expression.items()))
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::Equals":
            left, right = _exactly(name, argument, 2)
            return bool(_comparable(self.value(left)) == _comparable(self.value(right)))
        if name == "Fn::Not":
            return not self._truth(_exactly(name, argument, 1)[0])
        if name in ("Fn::And", "Fn::Or"):
            if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
                raise TemplateError(f"Template error: {name} needs 2 to 10 conditions")
            truths = [self._truth(item) for item in argument]
            return all(truths) if name == "Fn::And" else any(truths)
        raise TemplateError(unsupported_function(str(name)))


def _exactly(name: str, argument: Any, count: int) -> list[Any]:
    if not isinstance(argument, list) or len(argument) != count:
        raise TemplateError(f"Template error: {name} needs a list of {count} values")
    return argument


def _texts(name: str, items: Any) -> list[str]:
    if not isinstance(items, list) or any(isinstance(item, dict | list) for item in items):
        raise TemplateError(f"Template error: {name} needs a delimiter and a list of texts")
    return [str(item) for item in items]


def _comparable(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, list) else str(value)


def references(item: Any) -> Iterator[str]:
    """Yield the names that `Ref`, `Fn::GetAtt` and `Fn::Sub` in `item` mention."""
    if isinstance(item, list):
        for entry in item:
            yield from references(entry)
    elif isinstance(item, dict):
        for key, entry in item.items():
            if key == "Ref" and isinstance(entry, str):
                yield entry
            elif key == "Fn::GetAtt":
                yield str(entry.split(".")[0] if isinstance(entry, str) else entry[0])
            elif key == "Fn::Sub":
                own = entry[1] if isinstance(entry, list) else {}
                yield from references(own)
                for name in _VARIABLE.findall(entry[0] if isinstance(entry, list) else entry):
                    if not name.startswith("!") and name not in own:
                        yield name.split(".")[0]
            else:
                yield from references(entry)
