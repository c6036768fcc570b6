"""Policy documents: read once, checked against IAM's grammar, cached by their text.

See "IAM User Guide: Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from causeway.iam.conditions import conditions
from causeway.iam.decision import PolicyType, StatementId
from causeway.iam.malformed import MalformedPolicy
from causeway.iam.patterns import Patterns, Syntax, Variables
from causeway.iam.principal_element import PrincipalElement
from causeway.iam.statement import Statement

_VERSIONS: Final = ("2008-10-17", "2012-10-17")
_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource"}
    | {"NotResource", "Condition"}
)
_SID: Final = re.compile(r"[A-Za-z0-9]*")
_ACTION: Final = re.compile(r"\*|[a-zA-Z0-9-]+:[\w*?]+", re.ASCII)
# More actions than the services of the table have; invented ones of a caller are not cached.
_KEPT_ACTIONS: Final = 4096
_NO_CONDITION: Final[Mapping[str, object]] = {}


@dataclass(frozen=True, slots=True)
class Concerning:
    """The statements of a policy that name one action."""

    denies: tuple[Statement, ...]
    allows: tuple[Statement, ...]


class Policy:
    """A policy document, ready to be matched; immutable. Made by `parse`."""

    __slots__ = ("_by_action", "name", "policy_type", "statements")

    def __init__(
        self, policy_type: PolicyType, name: str, statements: tuple[Statement, ...]
    ) -> None:
        self.policy_type = policy_type
        self.name = name
        self.statements = statements
        self._by_action: dict[str, Concerning] = {}

    def concerning(self, action: str) -> Concerning:
        """Return the statements whose Action or NotAction covers an action."""
        entry = self._by_action.get(action)
        if entry is None:
            those = [s for s in self.statements if s.covers(action)]
            entry = Concerning(
                tuple(s for s in those if s.denies), tuple(s for s in those if not s.denies)
            )
            if len(self._by_action) < _KEPT_ACTIONS:
                self._by_action[action] = entry
        return entry


def parse(document: str | Mapping[str, Any], policy_type: PolicyType, name: str = "") -> Policy:
    """Read a policy document; the same text is read once and cached.

    `policy_type` says which elements it must have: identity-based policies (boundaries, session
    and service control policies too) name resources and no principals, resource-based ones name
    principals (a resource may be left out, as ECR does), trust policies name principals and no
    resources. `name` (an ARN or an inline name) turns up in the decision's `statements`.

    Raises:
        MalformedPolicy: the document breaks the grammar of policies.
    """
    if not isinstance(document, str):
        try:
            document = json.dumps(document, sort_keys=True)
        except TypeError as error:
            raise MalformedPolicy(f"it is no JSON ({error})") from None
    return _parse(document, policy_type, name)


@lru_cache(maxsize=4096)
def _parse(text: str, policy_type: PolicyType, name: str) -> Policy:
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        raise MalformedPolicy(f"it is no JSON ({error})") from None
    if not isinstance(document, dict):
        raise MalformedPolicy("it is no mapping")
    unknown = set(document) - {"Version", "Id", "Statement"}
    if unknown:
        raise MalformedPolicy(f"there is no element {sorted(unknown)[0]}")
    version = document.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise MalformedPolicy(f"Version {version!r} is none of {', '.join(_VERSIONS)}")
    if "Statement" not in document:
        raise MalformedPolicy("it has no Statement")
    element = document["Statement"]
    statements = tuple(
        _statement(value, StatementId(policy_type, name, index, _sid(value)), version)
        for index, value in enumerate(element if isinstance(element, list) else [element])
    )
    if not policy_type.names_principals:
        _check_sids(statements)
    return Policy(policy_type, name, statements)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise MalformedPolicy(f"one of {', '.join(mapping)} stands twice in one mapping")
    return mapping


def _sid(value: object) -> str | None:
    sid = value.get("Sid") if isinstance(value, dict) else None
    if sid is not None and not isinstance(sid, str):
        raise MalformedPolicy("a Sid is no text")
    return sid


def _check_sids(statements: tuple[Statement, ...]) -> None:
    sids = [s.id.sid for s in statements if s.id.sid]
    for sid in sids:
        if _SID.fullmatch(sid) is None:
            raise MalformedPolicy(f"the Sid {sid!r} has other characters than letters and digits")
    if len(set(sids)) != len(sids):
        raise MalformedPolicy("two statements have the same Sid")


def _statement(value: object, found_at: StatementId, version: str) -> Statement:
    position = f"statement {found_at.sid or found_at.index + 1}"
    try:
        if not isinstance(value, dict):
            raise MalformedPolicy("it is no mapping")
        unknown = set(value) - _ELEMENTS
        if unknown:
            raise MalformedPolicy(f"there is no element {sorted(unknown)[0]}")
        return _read(value, found_at, variables=version == _VERSIONS[1])
    except MalformedPolicy as error:
        what = error.what.removeprefix("malformed policy document: ")
        raise MalformedPolicy(f"{position}: {what}") from None


def _read(value: dict[str, Any], found_at: StatementId, *, variables: bool) -> Statement:
    if value.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy("Effect is neither Allow nor Deny")
    actions, not_actions = _one_of(value, "Action", "NotAction")
    for text in actions:
        if _ACTION.fullmatch(text) is None:
            raise MalformedPolicy(f"{text!r} is no action: a service, a colon and a name, or '*'")
    principal: PrincipalElement | None = None
    not_principal = "NotPrincipal" in value
    if found_at.policy_type.names_principals:
        if ("Principal" in value) is not_principal:
            raise MalformedPolicy("it needs either Principal or NotPrincipal")
        principal = PrincipalElement.read(value["NotPrincipal" if not_principal else "Principal"])
    elif "Principal" in value or not_principal:
        raise MalformedPolicy(f"a {found_at.policy_type.value} names no principals")
    resources, not_resources = _resources(value, found_at.policy_type)
    denies = value["Effect"] == "Deny"
    plain, negated = _meanings(variables=variables, denies=denies)
    return Statement(
        id=found_at,
        denies=denies,
        actions=Patterns(actions, Syntax.GLOB, ignore_case=True),
        not_actions=not_actions,
        resources=None
        if resources is None
        else Patterns(resources, Syntax.RESOURCE, variables=negated if not_resources else plain),
        not_resources=not_resources,
        principal=principal,
        not_principal=not_principal,
        conditions=conditions(value.get("Condition", _NO_CONDITION), plain, negated),
    )


def _meanings(*, variables: bool, denies: bool) -> tuple[Variables, Variables]:
    """Say what `${…}` means in the plain and in the negated elements of a statement."""
    if not variables:
        return Variables.TEXT, Variables.TEXT
    return Variables.NO_MATCH, Variables.NO_MATCH if denies else Variables.MATCH


def _resources(value: dict[str, Any], policy_type: PolicyType) -> tuple[list[str] | None, bool]:
    has_resource = "Resource" in value or "NotResource" in value
    if policy_type is PolicyType.TRUST:
        if has_resource:
            raise MalformedPolicy("a role trust policy has no Resource: it is the role itself")
        return None, False
    if not has_resource and policy_type is PolicyType.RESOURCE:
        return None, False
    resources, negated = _one_of(value, "Resource", "NotResource")
    for text in resources:
        if text != "*" and not text.startswith(("arn:", "$", "*")):
            raise MalformedPolicy(f"Resource {text!r} is neither an ARN nor '*'")
    return resources, negated


def _one_of(value: dict[str, Any], element: str, negation: str) -> tuple[list[str], bool]:
    """Return the texts of an element or of its negation, and which of the two it was."""
    if (element in value) is (negation in value):
        raise MalformedPolicy(f"it needs either {element} or {negation}")
    negated = negation in value
    content = value[negation if negated else element]
    texts = [content] if isinstance(content, str) else content
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise MalformedPolicy(f"{negation if negated else element} is no text or list of texts")
    return texts, negated
