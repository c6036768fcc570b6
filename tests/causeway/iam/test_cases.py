"""The documented verdicts, one test a case; each cites the page of AWS that says so."""

from __future__ import annotations

import pytest

from causeway.iam import Decision, evaluate
from tests.causeway.iam.cases import (
    ALLOWED,
    SESSION,
    USER,
    Case,
    allow,
    conditions,
    cross_account,
    deny,
    functions,
    identity,
    limits,
    resource,
    roles_and_keys,
)
from tests.causeway.iam.cases.pages import PAGES, VARIABLES, VERSION_PAGE

_HOME_OF = "arn:aws:s3:::homes/${aws:username}/*"
_ANAS = "arn:aws:s3:::homes/ana/x"
_TEAM = {"aws:PrincipalTag/team": "ml"}
_NOT_TEAM = {"StringNotEquals": {"s3:prefix": "${aws:PrincipalTag/team}"}}

VARIABLE_CASES = [
    Case("a user's own home", ALLOWED, VARIABLES, who=USER, resource=_ANAS,
         identity=[allow("s3:*", _HOME_OF)]),
    Case("another's home", "no identity-based policy", VARIABLES, who=USER,
         resource="arn:aws:s3:::homes/ben/x", identity=[allow("s3:*", _HOME_OF)]),
    Case("a session has no user's name", "no identity-based policy", VARIABLES, who=SESSION,
         resource=_ANAS, identity=[allow("s3:*", _HOME_OF)]),
    Case("no variables in the old version", "no identity-based policy", VERSION_PAGE, who=USER,
         resource=_ANAS, identity=[allow("s3:*", _HOME_OF)], version="2008-10-17"),
    Case("no version is the old one", "no identity-based policy", VERSION_PAGE, who=USER,
         resource=_ANAS, identity=[allow("s3:*", _HOME_OF)], version=None),
    Case("a text in the old version", ALLOWED, VERSION_PAGE, who=USER, version="2008-10-17",
         resource="arn:aws:s3:::homes/${aws:username}/x", identity=[allow("s3:*", _HOME_OF)]),
    Case("a tag of the principal", ALLOWED, VARIABLES, resource="arn:aws:s3:::ml/x",
         context=_TEAM, identity=[allow("s3:*", "arn:aws:s3:::${aws:PrincipalTag/team}/*")]),
    Case("another resource beside an unknown variable", ALLOWED, VARIABLES,
         identity=[allow("s3:*", ["arn:aws:s3:::${saml:sub}/*", "arn:aws:s3:::data/*"])]),
    Case("a key of several values is no variable", "no identity-based policy", VARIABLES,
         resource="arn:aws:s3:::a/x", context={"aws:TagKeys": ["a", "b"]},
         identity=[allow("s3:*", "arn:aws:s3:::${aws:TagKeys}/*")]),
    Case("what cannot be compared does not allow", "no identity-based policy", VARIABLES,
         context={"s3:prefix": "x"}, identity=[allow("s3:*", Condition=_NOT_TEAM)]),
    Case("what cannot be compared is denied", "explicit deny in an identity-based policy",
         VARIABLES, context={"s3:prefix": "x"},
         identity=[allow(), deny("s3:*", Condition=_NOT_TEAM)]),
    Case("all but an unknown resource is not allowed", "no identity-based policy", VARIABLES,
         identity=[{"Effect": "Allow", "Action": "s3:*",
                    "NotResource": "arn:aws:s3:::${saml:sub}/*"}]),
]  # fmt: skip
CASES = [
    *(*identity.CASES, *resource.CASES, *limits.CASES, *cross_account.CASES),
    *(*roles_and_keys.CASES, *functions.CASES, *VARIABLE_CASES),
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
