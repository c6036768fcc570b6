"""The laws of evaluation, and what a decision tells."""

from __future__ import annotations

import timeit
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from causeway.iam import Policies, PolicyType, Principal, Request, evaluate, parse
from tests.causeway.iam.cases import (
    AWAY,
    HOME,
    HOME_ROOT,
    ROLE_ARN,
    ROOT,
    SESSION,
    SESSION_ARN,
    USER,
    Case,
    allow,
    deny,
    keep,
    let,
)

ACTIONS = st.sampled_from(["*", "s3:*", "s3:GetObject", "s3:PutObject", "kms:*", "kms:Decrypt"])
KEY = f"arn:aws:kms:eu-central-1:{AWAY}:key/0b1c"
RESOURCES = st.sampled_from(["*", "arn:aws:s3:::data/*", "arn:aws:s3:::data/x", KEY])
CONDITIONS = st.sampled_from(
    [{}, {"Bool": {"k:b": "true"}}, {"Null": {"k:b": "true"}}, {"StringNotEquals": {"k:a": "x"}}]
)
NAMED = st.sampled_from(["*", HOME_ROOT, ROLE_ARN, SESSION_ARN, USER.arn])
STATEMENTS = st.builds(
    lambda make, action, resource, condition: make(action, resource, Condition=condition),
    *(st.sampled_from([allow, deny]), ACTIONS, RESOURCES, CONDITIONS),
)
GRANTS = st.builds(
    lambda make, who, action, condition: make(who, action, Condition=condition),
    *(st.sampled_from([let, keep]), NAMED, ACTIONS, CONDITIONS),
)
LISTS = st.lists(STATEMENTS, max_size=4)
CASES = st.builds(
    Case,
    name=st.just("drawn"),
    expected=st.just(""),
    page=st.just(""),
    who=st.sampled_from([USER, SESSION, ROOT, Principal.anonymous()]),
    action=st.sampled_from(["s3:GetObject", "kms:Decrypt"]),
    resource=st.sampled_from(["arn:aws:s3:::data/x", KEY, KEY.replace(AWAY, HOME)]),
    owner=st.sampled_from([None, HOME, AWAY]),
    context=st.sampled_from([{}, {"k:b": True}, {"k:a": "x"}]),
    identity=LISTS,
    resource_policy=st.none() | st.lists(GRANTS, max_size=4),
    boundary=st.none() | LISTS,
    session=st.none() | LISTS,
    scps=st.lists(LISTS, max_size=2),
    shared=st.booleans(),
)
FIELDS = st.sampled_from(["identity", "resource_policy", "boundary", "session", "scps"])


def allowed(case: Case) -> bool:
    return evaluate(case.request, case.policies).allowed


def with_statement(case: Case, name: str, statement: dict[str, Any]) -> Case | None:
    """Add a statement to a policy that the case has (a policy of a new kind may limit)."""
    present = getattr(case, name)
    if present is None or (name == "scps" and not present):
        return None
    if name == "scps":
        return replace(case, scps=[[*present[0], statement], *present[1:]])
    return replace(case, **{name: [*present, statement]})


@given(CASES, st.sampled_from(["identity", "boundary", "session", "scps"]))
def test_a_deny_always_wins(case: Case, name: str) -> None:
    limited = case.who not in (ROOT, Principal.anonymous())
    denied = with_statement(case, name, deny()) if limited else None
    if denied is not None:
        decision = evaluate(denied.request, denied.policies)
        assert not decision.allowed
        assert decision.explicit


@given(CASES)
def test_a_deny_of_the_resource_always_wins(case: Case) -> None:
    denied = replace(case, resource_policy=[*(case.resource_policy or ()), keep("*")])

    assert not allowed(denied)


@given(CASES, FIELDS, STATEMENTS, GRANTS)
def test_adding_an_allow_never_removes_access(
    case: Case, name: str, statement: dict[str, Any], grant: dict[str, Any]
) -> None:
    added = {**(grant if name == "resource_policy" else statement), "Effect": "Allow"}
    wider = with_statement(case, name, added)

    assert wider is None or allowed(wider) or not allowed(case)


@given(CASES, FIELDS, STATEMENTS, GRANTS)
def test_removing_a_deny_never_removes_access(
    case: Case, name: str, statement: dict[str, Any], grant: dict[str, Any]
) -> None:
    added = {**(grant if name == "resource_policy" else statement), "Effect": "Deny"}
    narrower = with_statement(case, name, added)

    assert narrower is None or allowed(case) or not allowed(narrower)


@given(CASES, st.lists(STATEMENTS, max_size=3))
def test_a_limit_never_grants(case: Case, limit: list[dict[str, Any]]) -> None:
    free = replace(case, boundary=None, session=None, scps=[])

    for limited in (
        replace(free, boundary=limit),
        replace(free, session=limit),
        replace(free, scps=[limit]),
    ):
        assert allowed(free) or not allowed(limited)


@given(CASES)
def test_another_account_never_gets_more_than_the_own(case: Case) -> None:
    """But by a share, which says nothing about one's own things."""
    away = replace(case, owner=AWAY, resource="arn:aws:s3:::data/x", shared=False)

    assert allowed(replace(away, owner=HOME)) or not allowed(away)


@given(CASES, st.randoms())
def test_the_order_of_statements_does_not_matter(case: Case, random: Any) -> None:
    shuffled = [*case.identity]
    random.shuffle(shuffled)

    assert allowed(replace(case, identity=shuffled)) is allowed(case)


def test_a_decision_is_cheap_beside_the_reading_of_its_policy() -> None:
    """Policies are read once: ten statements must not be read again for each decision."""
    condition = {"StringEquals": {"k:a": "x"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:*"}}
    statements = [
        allow(["s3:Get*", "sqs:*"], f"arn:aws:s3:::data{number}/*", Condition=condition)
        for number in range(10)
    ]
    text = {"Version": "2012-10-17", "Statement": statements}
    policy = parse(text, PolicyType.IDENTITY)

    def decide() -> None:
        request = Request(SESSION, "s3:GetObject", "arn:aws:s3:::data7/x", {"k:a": "x"})
        assert evaluate(request, Policies(identity=(policy,))).allowed

    deciding = min(timeit.repeat(decide, number=50, repeat=5)) / 50
    names = iter(range(1000))
    reading = min(
        timeit.repeat(
            lambda: parse(text, PolicyType.IDENTITY, f"copy{next(names)}"), number=5, repeat=5
        )
    )
    assert deciding < reading / 5
