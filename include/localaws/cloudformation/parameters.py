"""Binds the parameters of a request to those that a template declares.

Source: CloudFormation User Guide, "Parameters"; the messages are CloudFormation's.
"""

from __future__ import annotations

import re
from typing import Any

from localaws.cloudformation.errors import TemplateError

TYPES = ("String", "Number", "CommaDelimitedList", "List<Number>")
KEYS = frozenset(
    {
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    }
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def bind(declared: dict[str, dict[str, Any]], values: dict[str, str]) -> dict[str, str]:
    """Return each declared parameter's text; raise TemplateError naming the parameters at fault."""
    for name, declaration in declared.items():
        _check_declaration(name, declaration)
    strangers = [name for name in values if name not in declared]
    if strangers:
        raise TemplateError(f"Parameters: [{', '.join(strangers)}] do not exist in the template")
    bound = {
        name: values.get(name, _text(declaration.get("Default")))
        for name, declaration in declared.items()
    }
    missing = [name for name, value in bound.items() if value is None]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    checked: dict[str, str] = {}
    for name, value in bound.items():
        checked[name] = str(value)
        _check_value(name, declared[name], str(value))
    return checked


def value_of(declaration: dict[str, Any], text: str) -> Any:
    """Return what `Ref` gives for a parameter: its text, or a list of texts."""
    if declaration["Type"] in ("CommaDelimitedList", "List<Number>"):
        return [item.strip() for item in text.split(",")] if text else []
    return text


def _check_declaration(name: str, declaration: Any) -> None:
    if not isinstance(declaration, dict) or "Type" not in declaration:
        raise TemplateError(
            f"Template format error: Every Parameters object must contain a Type member ({name})."
        )
    unknown = sorted(set(declaration) - KEYS)
    if unknown:
        raise TemplateError(f"Invalid template parameter property '{unknown[0]}' of {name}")
    if declaration["Type"] not in TYPES:
        raise TemplateError(
            f"Template format error: the local CloudFormation has no parameter type "
            f"{declaration['Type']} ({name}); it has {', '.join(TYPES)}"
        )


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def _check_value(name: str, declaration: dict[str, Any], text: str) -> None:
    broken = _broken_constraint(declaration, text)
    if broken is None:
        return
    description = declaration.get("ConstraintDescription")
    raise TemplateError(
        f"Parameter {name} failed to satisfy constraint: {description}"
        if description
        else f"Parameter '{name}' must {broken}"
    )


def _broken_constraint(declaration: dict[str, Any], text: str) -> str | None:
    kind = declaration["Type"]
    items = text.split(",") if kind in ("CommaDelimitedList", "List<Number>") else [text]
    if kind in ("Number", "List<Number>") and not all(_NUMBER.fullmatch(i.strip()) for i in items):
        return "be a number"
    allowed = [_text(item) for item in declaration.get("AllowedValues", [])]
    if allowed and not all(item.strip() in allowed for item in items):
        return f"be one of AllowedValues [{', '.join(str(item) for item in allowed)}]"
    pattern = declaration.get("AllowedPattern")
    if pattern and not re.fullmatch(str(pattern), text):
        return f"match pattern {pattern}"
    if len(text) < int(declaration.get("MinLength", 0)):
        return f"contain at least {declaration['MinLength']} characters"
    if "MaxLength" in declaration and len(text) > int(declaration["MaxLength"]):
        return f"contain at most {declaration['MaxLength']} characters"
    if kind == "Number":
        if "MinValue" in declaration and float(text) < float(declaration["MinValue"]):
            return f"be a number not less than {declaration['MinValue']}"
        if "MaxValue" in declaration and float(text) > float(declaration["MaxValue"]):
            return f"be a number not greater than {declaration['MaxValue']}"
    return None
