"""Evaluates the conditions of condition steps."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from localaws.sagemaker.machine.failures import WorkFailedError
from localaws.sagemaker.pipelines.values import Scope

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


def holds(condition: dict[str, Any], scope: Scope) -> bool:
    """Tell whether a condition holds.

    Raises:
        WorkFailedError: values that cannot be compared, or an unknown kind.
    """
    kind = condition.get("Type")
    if kind == "Not":
        return not holds(condition["Expression"], scope)
    if kind == "Or":
        return any(holds(part, scope) for part in condition["Conditions"])
    if kind == "In":
        return scope.value(condition["QueryValue"]) in scope.value(condition["Values"])
    if kind in COMPARE:
        left, right = scope.value(condition["LeftValue"]), scope.value(condition["RightValue"])
        try:
            return COMPARE[kind](left, right)
        except TypeError:
            raise WorkFailedError(
                f"ClientError: {left!r} and {right!r} cannot be compared by {kind}"
            ) from None
    raise WorkFailedError(f"ClientError: the condition type {kind!r} is not known")
