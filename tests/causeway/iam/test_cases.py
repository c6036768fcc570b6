"""The documented verdicts, one test a case; each cites the page of AWS that says so."""

from __future__ import annotations

import pytest

from causeway.iam import Decision, evaluate
from tests.causeway.iam.cases import (
    ALLOWED,
    Case,
    conditions,
    cross_account,
    functions,
    identity,
    limits,
    resource,
    roles_and_keys,
    variables,
)
from tests.causeway.iam.cases.pages import PAGES

CASES = [
    *(*identity.CASES, *resource.CASES, *limits.CASES, *cross_account.CASES),
    *(*roles_and_keys.CASES, *functions.CASES, *variables.CASES),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdict_is_as_documented(case: Case) -> None:
    decision = evaluate(case.request, case.policies)

    assert _verdict(decision) == case.expected, f"{case.page}: {PAGES[case.page]}"


def test_there_are_enough_cases_and_none_stands_twice() -> None:
    names = [case.name for case in CASES]

    assert len(names) >= 150
    assert len({(case.name, case.page) for case in CASES}) == len(names)
    assert len({row[0] for row in conditions.ROWS}) == len(conditions.ROWS)


def test_every_cited_page_is_cited_with_its_address() -> None:
    cited = {case.page for case in CASES} | {row[2] for row in conditions.ROWS}

    assert cited == set(PAGES)
    assert all(url.startswith("https://docs.aws.amazon.com/") for url in PAGES.values())


def _verdict(decision: Decision) -> str:
    """Shorten AWS's sentence to the words that the cases use."""
    if decision.allowed:
        return ALLOWED
    ending = f" allows the {decision.action} action"
    return decision.reason.removeprefix("because ").removeprefix("with an ").removesuffix(ending)
