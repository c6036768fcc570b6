"""Evaluates SageMaker's SearchExpression on a record.

A property is a path: `ModelApprovalStatus`, `ModelLifeCycle.Stage`, `Tags.team`,
`CustomerMetadataProperties.use-case`, `FeatureDefinitions.FeatureName`. A path through a list
reaches all elements, and a filter holds if it holds for one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localaws.kit.service import ServiceError

Record = dict[str, Any]
ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": lambda value, operand: bool(value > operand),
    "GreaterThanOrEqualTo": lambda value, operand: bool(value >= operand),
    "LessThan": lambda value, operand: bool(value < operand),
    "LessThanOrEqualTo": lambda value, operand: bool(value <= operand),
}


def matches(record: Record, expression: Record | None) -> bool:
    """Tell whether a record satisfies an expression; every record satisfies an empty one."""
    if not expression:
        return True
    answers = [_filter(record, condition) for condition in expression.get("Filters") or []]
    answers += [_nested(record, nested) for nested in expression.get("NestedFilters") or []]
    answers += [matches(record, part) for part in expression.get("SubExpressions") or []]
    if not answers:
        return True
    return any(answers) if expression.get("Operator") == "Or" else all(answers)


def properties(expression: Record | None) -> set[str]:
    """Return the first step of every property that an expression names."""
    if not expression:
        return set()
    named = {condition["Name"].split(".")[0] for condition in expression.get("Filters") or []}
    named |= {
        nested["NestedPropertyName"].split(".")[0]
        for nested in expression.get("NestedFilters") or []
    }
    return named.union(*(properties(part) for part in expression.get("SubExpressions") or []))


def sort_key(record: Record, path: str) -> tuple[int, Any]:
    """Return a key that sorts records by a property; those without it come first."""
    values = values_at(record, path)
    if not values:
        return (0, "")
    value = values[0]
    if isinstance(value, datetime):
        return (1, _aware(value).timestamp())
    return (1, value) if isinstance(value, int | float) else (2, str(value))


def values_at(record: Any, path: str) -> list[Any]:
    """Return the values at a path, which may be none."""
    if isinstance(record, list):
        if record and isinstance(record[0], dict) and set(record[0]) == {"Key", "Value"}:
            return [tag["Value"] for tag in record if tag["Key"] == path]
        return [value for item in record for value in values_at(item, path)]
    if not isinstance(record, dict):
        return []
    if path in record:
        value = record[path]
        return value if isinstance(value, list) else [value]
    head, _, rest = path.partition(".")
    return values_at(record[head], rest) if rest and head in record else []


def _nested(record: Record, nested: Record) -> bool:
    prefix = nested["NestedPropertyName"]
    return any(
        all(
            _filter(element, {**condition, "Name": condition["Name"].removeprefix(f"{prefix}.")})
            for condition in nested["Filters"]
        )
        for element in values_at(record, prefix)
    )


def _filter(record: Record, condition: Record) -> bool:
    operator, operand = condition.get("Operator", "Equals"), condition.get("Value")
    values = values_at(record, condition["Name"])
    if operator == "Exists":
        return bool(values)
    if operator == "NotExists":
        return not values
    if operand is None:
        raise ServiceError(
            "ValidationException", f"The filter on {condition['Name']} ({operator}) needs a Value."
        )
    if operator == "Equals":
        return any(_equal(value, operand) for value in values)
    if operator == "NotEquals":
        return not any(_equal(value, operand) for value in values)
    if operator == "In":
        choices = [choice.strip() for choice in operand.split(",")]
        return any(_equal(value, choice) for value in values for choice in choices)
    if operator == "Contains":
        return any(operand in str(value) for value in values)
    return any(_ordered(operator, value, operand) for value in values)


def _equal(value: Any, operand: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == operand.lower()
    if isinstance(value, int | float | datetime):
        return bool(_comparable(value) == _parsed(value, operand))
    return str(value) == operand


def _ordered(operator: str, value: Any, operand: str) -> bool:
    if not isinstance(value, int | float | datetime):
        raise ServiceError(
            "ValidationException", f"{operator} compares numbers and times, not {value!r}."
        )
    return ORDERED[operator](_comparable(value), _parsed(value, operand))


def _comparable(value: float | datetime) -> float:
    return _aware(value).timestamp() if isinstance(value, datetime) else float(value)


def _parsed(value: float | datetime, operand: str) -> float:
    try:
        if isinstance(value, datetime):
            return _aware(datetime.fromisoformat(operand)).timestamp()
        return float(operand)
    except ValueError as error:
        kind = "time (YYYY-MM-DDThh:mm:ssZ)" if isinstance(value, datetime) else "number"
        raise ServiceError("ValidationException", f"{operand!r} is not a {kind}.") from error


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
