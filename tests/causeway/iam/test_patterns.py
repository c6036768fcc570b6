"""Wildcards against an oracle, and where they stop in ARNs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.iam.patterns import Patterns, Syntax, Variables

TEXTS = st.text(alphabet="ab:/.*?[]$\n", max_size=8)
PATTERNS = st.text(alphabet="ab:/.*?[]$\n", max_size=8)


def matches(pattern: str, value: str, syntax: Syntax = Syntax.GLOB) -> bool:
    return Patterns([pattern], syntax).match(value, {})


def oracle(pattern: str, value: str, stops: bool = False) -> bool:
    """Match `*` and `?` by the book, one character at a time; `stops`: not over colons."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        if oracle(pattern[1:], value, stops):
            return True
        return bool(value) and not (stops and value[0] == ":") and oracle(pattern, value[1:], stops)
    fits = bool(value) and (pattern[0] == value[0] or pattern[0] == "?")
    if pattern[0] == "?" and stops and value[:1] == ":":
        return False
    return fits and oracle(pattern[1:], value[1:], stops)


@given(PATTERNS, TEXTS)
def test_wildcards_match_as_the_oracle_does(pattern: str, value: str) -> None:
    assert matches(pattern, value) is oracle(pattern, value)


@given(st.lists(PATTERNS, max_size=4), TEXTS)
def test_many_patterns_match_as_each_of_them(patterns: list[str], value: str) -> None:
    together = Patterns(patterns, Syntax.GLOB).match(value, {})

    assert together is any(matches(pattern, value) for pattern in patterns)


@given(TEXTS)
def test_an_exact_pattern_matches_itself_only(value: str) -> None:
    assert matches(value, value, Syntax.EXACT)
    assert not matches(value, value + "a", Syntax.EXACT)


@given(
    st.lists(st.text(alphabet="ab*?", max_size=3), min_size=6, max_size=7),
    st.lists(st.text(alphabet="ab", max_size=3), min_size=6, max_size=7),
)
def test_components_of_an_arn_are_matched_one_by_one(pattern: list[str], value: list[str]) -> None:
    """The sixth is what is left, colons and all."""
    ours = matches(":".join(pattern), ":".join(value), Syntax.ARN)
    heads = zip(pattern[:5], value[:5], strict=True)
    expected = all(oracle(p, v, stops=True) for p, v in heads)

    assert ours is (expected and oracle(":".join(pattern[5:]), ":".join(value[5:])))


@pytest.mark.parametrize(
    ("pattern", "value", "matched"),
    [
        ("*", "arn:aws:s3:::data", True),
        ("arn:aws:s3:::data*", "arn:aws:s3:::data/x:y", True),
        ("arn:aws:s3:::d*a", "arn:aws:s3:::d:a", True),
        ("arn:aws:sqs:eu-*:111122223333:q", "arn:aws:sqs:eu-central-1:111122223333:q", True),
        ("arn:aws:sqs:*", "arn:aws:sqs:eu-central-1:111122223333:q", True),
        ("arn:*:q", "arn:aws:sqs:eu-central-1:111122223333:q", True),
        ("arn:aws:s*s:eu", "arn:aws:s:s:eu", False),
        ("arn:aws:s?s:eu", "arn:aws:s:s:eu", False),
    ],
)
def test_a_star_of_a_resource_goes_beyond_its_component_at_the_end_only(
    pattern: str, value: str, matched: bool
) -> None:
    assert matches(pattern, value, Syntax.RESOURCE) is matched


def test_a_variable_may_be_lacking_or_have_a_default() -> None:
    facts = {"aws:username": ("ana",), "many": ("a", "b")}

    def match(pattern: str, value: str, variables: Variables = Variables.NO_MATCH) -> bool:
        return Patterns([pattern], Syntax.GLOB, variables=variables).match(value, facts)

    assert match("${AWS:UserName}-*", "ana-1")
    assert match("${ none , 'all' }", "all")
    assert not match("${aws:username, 'all'}", "all")
    assert not match("${none}", "")
    assert not match("${many}", "a")
    assert match("${none}", "anything", Variables.MATCH)
    assert match("${aws:username}", "${aws:username}", Variables.TEXT)


def test_the_value_of_a_variable_has_no_wildcards() -> None:
    pattern = Patterns(["${k}/*"], Syntax.GLOB, variables=Variables.NO_MATCH)

    assert pattern.match("*/x", {"k": ("*",)})
    assert not pattern.match("a/x", {"k": ("*",)})
