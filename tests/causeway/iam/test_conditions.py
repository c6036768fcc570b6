"""The documented condition operators, one test a row; each cites the page of AWS that says so."""

from __future__ import annotations

from typing import Any

import pytest

from causeway.iam import evaluate
from causeway.iam.conditions import conditions as read
from causeway.iam.patterns import Variables
from tests.causeway.iam.cases import Case, allow, conditions, deny
from tests.causeway.iam.cases.pages import PAGES


@pytest.mark.parametrize(
    ("name", "holds", "page", "condition", "context"),
    conditions.ROWS,
    ids=[row[0] for row in conditions.ROWS],
)
def test_a_condition_holds_as_documented(
    name: str, holds: bool, page: str, condition: dict[str, Any], context: dict[str, Any]
) -> None:
    allowing = Case(name, "", page, context=context, identity=[allow(Condition=condition)])
    denying = Case(name, "", page, context=context, identity=[allow(), deny(Condition=condition)])

    assert evaluate(allowing.request, allowing.policies).allowed is holds, PAGES[page]
    assert evaluate(denying.request, denying.policies).allowed is not holds, PAGES[page]


@pytest.mark.parametrize("value", ["x", ["x", "y"]])
@pytest.mark.parametrize("prefix", ["", "ForAllValues:", "ForAnyValue:"])
@pytest.mark.parametrize("present", [(), ("x",), ("z",), ("x", "z")])
def test_a_negated_operator_without_a_set_is_the_opposite(
    value: object, prefix: str, present: tuple[str, ...]
) -> None:
    """With a set operator each value is turned round, so both may hold, or neither."""
    facts = {"k": present} if present else {}

    def holds(operator: str) -> bool:
        element = {f"{prefix}{operator}": {"K": value}}
        (condition,) = read(element, Variables.NO_MATCH, Variables.MATCH)
        return condition.holds(facts)

    plain, negated = holds("StringEquals"), holds("StringNotEquals")
    if not prefix:
        assert plain is not negated
    elif not present:
        assert plain is negated is (prefix == "ForAllValues:")
    elif len(present) == 1:
        assert plain is not negated
    else:
        assert plain is negated is (prefix == "ForAnyValue:")
