"""The Condition element: every operator, with `IfExists` and the set operators.

See "IAM User Guide: IAM JSON policy elements: Condition operators" and "Set operators for
multivalued context keys". Operators, and keys under one operator, are joined by AND, the values
of one key by OR (of a negated operator by NOR). Without the key in the request a positive
operator is false and a negated one true.
"""

from __future__ import annotations

import binascii
import operator
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from causeway.iam.malformed import MalformedPolicy
from causeway.iam.patterns import Patterns, Syntax, Variables
from causeway.iam.request import Facts, as_text
from causeway.instants import lenient

#: Tells whether a value of the request matches one of the policy's values.
_Test = Callable[[str, Facts], bool]
#: Makes a test of the policy's values.
_Factory = Callable[[Sequence[str], Variables], _Test]


class _Quantifier(Enum):
    NONE = ""
    ALL = "ForAllValues"
    ANY = "ForAnyValue"


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator."""

    key: str
    test: _Test
    negated: bool
    quantifier: _Quantifier
    if_exists: bool

    def holds(self, facts: Facts) -> bool:
        """Tell whether the request fulfils the condition."""
        values = facts.get(self.key)
        if values is None:
            if self.quantifier is _Quantifier.ALL or self.if_exists:
                return True
            return self.negated and self.quantifier is _Quantifier.NONE
        if self.quantifier is _Quantifier.ALL:
            return all(self.test(v, facts) is not self.negated for v in values if v)
        if self.quantifier is _Quantifier.ANY:
            return any(self.test(v, facts) is not self.negated for v in values if v)
        return any(self.test(v, facts) for v in values) is not self.negated


@dataclass(frozen=True, slots=True)
class _Null:
    """The Null operator: `true` demands that the key is absent, `false` that it is there."""

    key: str
    absent: frozenset[bool]

    def holds(self, facts: Facts) -> bool:
        return (self.key not in facts) in self.absent


def conditions(
    element: object, variables: Variables, negated_variables: Variables
) -> tuple[Condition | _Null, ...]:
    """Read a Condition element; `${…}` has another meaning in negated operators.

    Raises:
        MalformedPolicy: an operator does not exist or a value does not fit it.
    """
    if not isinstance(element, Mapping):
        raise MalformedPolicy("Condition is no mapping of operators")
    meanings = (variables, negated_variables)
    parts: list[Condition | _Null] = []
    for name, tests in element.items():
        if not isinstance(tests, Mapping):
            raise MalformedPolicy(f"Condition {name} is no mapping of keys")
        for key, value in tests.items():
            parts.append(_condition(name, key.lower(), _values(name, value), meanings))
    return tuple(parts)


def _condition(
    name: str, key: str, values: list[str], meanings: tuple[Variables, Variables]
) -> Condition | _Null:
    prefix, _, rest = name.rpartition(":")
    base = rest.removesuffix("IfExists")
    if base == "Null":
        if rest != base:
            raise MalformedPolicy("the operator Null takes no IfExists")
        return _Null(key, frozenset(_boolean(value) for value in values))
    try:
        factory, negated = _OPERATORS[base]
        quantifier = _Quantifier(prefix)
    except (KeyError, ValueError):
        raise MalformedPolicy(f"there is no condition operator {name}") from None
    test = factory(values, meanings[negated])
    return Condition(key, test, negated, quantifier, rest != base)


def _values(name: str, value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(v, str | int | float) for v in values):
        raise MalformedPolicy(f"a value of Condition {name} is neither text, number nor Boolean")
    return [as_text(v) for v in values]


def _patterns(syntax: Syntax, *, ignore_case: bool = False) -> _Factory:
    def make(values: Sequence[str], variables: Variables) -> _Test:
        return Patterns(values, syntax, variables=variables, ignore_case=ignore_case).match

    return make


def _ordered(
    read: Callable[[str], Any], compare: Callable[[Any, Any], bool], kind: str
) -> _Factory:
    """Compare with numbers or times; a value of the request that is neither matches nothing."""

    def make(values: Sequence[str], variables: Variables) -> _Test:
        limits = [read(value) for value in values]
        if None in limits:
            raise MalformedPolicy(f"{list(values)} holds something that is no {kind}")

        def test(value: str, facts: Facts) -> bool:
            operand = read(value)
            return operand is not None and any(compare(operand, limit) for limit in limits)

        return test

    return make


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise MalformedPolicy(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def _booleans(values: Sequence[str], variables: Variables) -> _Test:
    texts = {str(_boolean(value)).lower() for value in values}
    return lambda value, facts: value.lower() in texts


def _bytes(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _binary(values: Sequence[str], variables: Variables) -> _Test:
    contents = [_bytes(value) for value in values]
    if None in contents:
        raise MalformedPolicy("a value of BinaryEquals is not in base 64")
    return lambda value, facts: _bytes(value) in contents


def _networks(values: Sequence[str], variables: Variables) -> _Test:
    networks: list[IPv4Network | IPv6Network] = []
    for value in values:
        try:
            networks.append(ip_network(value, strict=False))
        except ValueError:
            raise MalformedPolicy(f"{value!r} is no range of IP addresses") from None

    def test(value: str, facts: Facts) -> bool:
        try:
            address = ip_address(value)
        except ValueError:
            return False
        return any(address in network for network in networks)

    return test


def _orders(kind: str, read: Callable[[str], Any], noun: str) -> dict[str, tuple[_Factory, bool]]:
    return {
        f"{kind}Equals": (_ordered(read, operator.eq, noun), False),
        f"{kind}NotEquals": (_ordered(read, operator.eq, noun), True),
        f"{kind}LessThan": (_ordered(read, operator.lt, noun), False),
        f"{kind}LessThanEquals": (_ordered(read, operator.le, noun), False),
        f"{kind}GreaterThan": (_ordered(read, operator.gt, noun), False),
        f"{kind}GreaterThanEquals": (_ordered(read, operator.ge, noun), False),
    }


#: Each operator: how its values are tested, and whether the answer is negated.
_OPERATORS: Final[Mapping[str, tuple[_Factory, bool]]] = {
    "StringEquals": (_patterns(Syntax.EXACT), False),
    "StringNotEquals": (_patterns(Syntax.EXACT), True),
    "StringEqualsIgnoreCase": (_patterns(Syntax.EXACT, ignore_case=True), False),
    "StringNotEqualsIgnoreCase": (_patterns(Syntax.EXACT, ignore_case=True), True),
    "StringLike": (_patterns(Syntax.GLOB), False),
    "StringNotLike": (_patterns(Syntax.GLOB), True),
    **_orders("Numeric", _number, "number"),
    **_orders("Date", lenient, "time"),
    "Bool": (_booleans, False),
    "BinaryEquals": (_binary, False),
    "IpAddress": (_networks, False),
    "NotIpAddress": (_networks, True),
    # ArnEquals and ArnLike behave the same, says "Condition operators: ARN".
    "ArnEquals": (_patterns(Syntax.ARN), False),
    "ArnLike": (_patterns(Syntax.ARN), False),
    "ArnNotEquals": (_patterns(Syntax.ARN), True),
    "ArnNotLike": (_patterns(Syntax.ARN), True),
}
