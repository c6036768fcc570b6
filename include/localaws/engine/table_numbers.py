"""Numbers of DynamoDB: 38 significant digits, between 1E-130 and 9.99…E+125, positive or negative.

Source: DynamoDB Developer Guide, "Supported data types", Number; the sentences are DynamoDB's.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from localaws.engine.corrections import MotoCall, before
from localaws.kit.service import ServiceError

DIGITS, LARGEST, SMALLEST = 38, 125, -130


@before("dynamodb", "PutItem", "UpdateItem", "BatchWriteItem", "TransactWriteItems")
def check_numbers(call: MotoCall) -> None:
    """Refuse a number that cannot be stored."""
    for text in _numbers(call.params):
        problem = _problem(text)
        if problem:
            raise ServiceError("ValidationException", problem)


def _problem(text: str) -> str | None:
    try:
        number = Decimal(text).normalize()
    except InvalidOperation:
        return f"The parameter cannot be converted to a numeric value: {text[:60]}"
    if not number.is_finite():
        return f"The parameter cannot be converted to a numeric value: {text[:60]}"
    if number and number.adjusted() > LARGEST:
        return (
            "Number overflow. Attempting to store a number with magnitude larger than supported "
            "range"
        )
    if number and number.adjusted() < SMALLEST:
        return (
            "Number underflow. Attempting to store a number with magnitude smaller than supported "
            "range"
        )
    if len(Decimal(text).as_tuple().digits) > DIGITS:
        return f"Attempting to store more than {DIGITS} significant digits in a Number"
    return None


def _numbers(value: Any) -> Iterator[str]:
    """Yield every number in the attribute values of a call."""
    if isinstance(value, list):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, dict):
        if set(value) == {"N"} and isinstance(value["N"], str):
            yield value["N"]
        elif set(value) == {"NS"} and isinstance(value["NS"], list):
            yield from (text for text in value["NS"] if isinstance(text, str))
        else:
            for item in value.values():
                yield from _numbers(item)
