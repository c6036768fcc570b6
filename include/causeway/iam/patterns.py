"""Texts of policies that match others: wildcards, ARNs and policy variables, compiled once.

See "IAM User Guide: IAM JSON policy elements: Resource" (wildcards), "Condition operators" (ARN
operators compare the six components of an ARN one by one) and "Policy elements: Variables and
tags" (`${key}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for the bare characters).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from causeway.iam.request import Facts

_VARIABLE: Final = re.compile(r"\$\{\s*([^},]*?)\s*(?:,\s*'([^']*)'\s*)?\}")
_BARE: Final = ("*", "?", "$")
_COLONS_OF_AN_ARN: Final = 5


class Syntax(Enum):
    """How `*` and `?` are read."""

    #: As themselves (StringEquals).
    EXACT = "exact"
    #: Any characters (actions, StringLike).
    GLOB = "glob"
    #: Within one component of an ARN; the sixth is all that is left (ArnLike).
    ARN = "arn"
    #: As ARN, but at the end of a component `*` reaches beyond it (the Resource element).
    RESOURCE = "resource"


class Variables(Enum):
    """What `${…}` means."""

    #: Text: variables came with Version 2012-10-17.
    TEXT = "text"
    #: A variable; one that the request does not resolve matches nothing.
    NO_MATCH = "no match"
    #: A variable; one that the request does not resolve matches everything. For the negated
    #: elements of a statement that allows: what cannot be compared must not allow.
    MATCH = "match"


class _Wildcard(NamedTuple):
    character: str


class _Variable(NamedTuple):
    key: str
    default: str | None


_Token = str | _Wildcard | _Variable


class Patterns:
    """Values of a policy element, one of which has to match.

    Args:
        texts: the values as written.
        syntax: how their wildcards are read.
        variables: what `${…}` means.
        ignore_case: whether letters are compared without their case.
    """

    __slots__ = (
        "_dynamic",
        "_everything",
        "_exact",
        "_ignore_case",
        "_regex",
        "_syntax",
        "_unresolved",
    )

    def __init__(
        self,
        texts: Iterable[str],
        syntax: Syntax,
        *,
        variables: Variables = Variables.TEXT,
        ignore_case: bool = False,
    ) -> None:
        exact: set[str] = set()
        expressions: list[str] = []
        dynamic: list[tuple[_Token, ...]] = []
        self._everything = False
        for text in texts:
            tokens = _tokens(
                text.lower() if ignore_case else text, syntax, variables is not Variables.TEXT
            )
            if any(isinstance(token, _Variable) for token in tokens):
                dynamic.append(tokens)
            elif all(isinstance(token, str) for token in tokens):
                exact.add("".join(token for token in tokens if isinstance(token, str)))
            elif text == "*":
                self._everything = True
            else:
                expressions.append(_expression(tokens, syntax))
        self._exact = frozenset(exact)
        self._regex = _compiled("|".join(expressions)) if expressions else None
        self._dynamic = tuple(dynamic)
        self._syntax = syntax
        self._ignore_case = ignore_case
        self._unresolved = variables is Variables.MATCH

    @property
    def has_variables(self) -> bool:
        """Whether what matches depends on the facts."""
        return bool(self._dynamic)

    def match(self, value: str, facts: Facts) -> bool:
        """Tell whether one of the patterns matches a value, variables taken from the facts.

        A variable is not resolved where the facts lack it (and it has no default) or hold more
        than one value of it. Values of variables are taken as they are, without wildcards.
        """
        if self._everything:
            return True
        if self._ignore_case:
            value = value.lower()
        if value in self._exact:
            return True
        if self._regex is not None and self._regex.fullmatch(value) is not None:
            return True
        return any(self._match_dynamic(tokens, value, facts) for tokens in self._dynamic)

    def _match_dynamic(self, tokens: tuple[_Token, ...], value: str, facts: Facts) -> bool:
        resolved: list[_Token] = []
        for token in tokens:
            if isinstance(token, _Variable):
                values = facts.get(token.key.lower(), ())
                text = values[0] if len(values) == 1 else token.default if not values else None
                if text is None:
                    return self._unresolved
                resolved.append(text.lower() if self._ignore_case else text)
            else:
                resolved.append(token)
        return _compiled(_expression(resolved, self._syntax)).fullmatch(value) is not None


def _tokens(text: str, syntax: Syntax, variables: bool) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    start = 0
    for match in _VARIABLE.finditer(text) if variables else ():
        tokens += _wildcards(text[start : match.start()], syntax)
        name = match[1]
        tokens.append(name if name in _BARE else _Variable(name, match[2]))
        start = match.end()
    return (*tokens, *_wildcards(text[start:], syntax))


def _wildcards(text: str, syntax: Syntax) -> list[_Token]:
    if syntax is Syntax.EXACT:
        return [text] if text else []
    parts = re.split(r"([*?])", text)
    return [_Wildcard(part) if part in ("*", "?") else part for part in parts if part]


def _expression(tokens: Iterable[_Token], syntax: Syntax) -> str:
    """Write tokens as a regular expression; wildcards stop at colons in the head of an ARN.

    Beyond the head each `*` takes the first place where what follows it fits and is not asked
    again (an atomic group): many stars cost no more than a few.
    """
    sequence = list(tokens)
    head = syntax in (Syntax.ARN, Syntax.RESOURCE) and sequence != [_Wildcard("*")]
    stars = sum(token == _Wildcard("*") for token in sequence)
    parts: list[str] = []
    colons = 0
    atomic = False
    for index, token in enumerate(sequence):
        if isinstance(token, str):
            parts.append(re.escape(token))
            colons += token.count(":")
            continue
        in_head = head and colons < _COLONS_OF_AN_ARN
        if token[0] == "?":
            parts.append("[^:]" if in_head else ".")
            continue
        stars -= 1
        if in_head:
            following = sequence[index + 1] if index + 1 < len(sequence) else ":"
            at_end = isinstance(following, str) and following.startswith(":")
            parts.append(".*" if at_end and syntax is Syntax.RESOURCE else "[^:]*")
            continue
        parts.append(")" if atomic else "")
        atomic = stars > 0
        parts.append("(?>.*?" if atomic else ".*")
    return "".join(parts)


@lru_cache(maxsize=8192)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)
