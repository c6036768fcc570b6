"""The policies of the caller: inline, attached, of groups, the boundary, and of the session.

They are read from moto's IAM state for every decision, so a change takes effect at once (on AWS it
takes seconds). Parsing is expensive, so `causeway.iam` caches documents by their text.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causeway.iam import MalformedPolicy, Policy, PolicyType, parse
from localaws.identity.credentials import iam_backend
from localaws.kit.service import Principal, ServiceError

if TYPE_CHECKING:
    from localaws.kit.capabilities import Identities

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CallerPolicies:
    """The policies of the caller in its own account, and of its session."""

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None


def policies_of(identities: Identities, who: Principal) -> CallerPolicies:
    """Return the policies of a user or of a session's role; the root user has no policies."""
    if who.kind == "administrator":
        return CallerPolicies()
    credentials = identities.credentials.find(who.access_key_id)
    narrowing = credentials.session_policies if credentials is not None else ()
    texts = [_document(who.account, p) if p.startswith("arn:") else p for p in narrowing]
    session = tuple(
        policy
        for number, text in enumerate(texts)
        if text and (policy := read(text, PolicyType.SESSION, f"session policy {number + 1}"))
    )
    holder = _user(who) if who.kind == "user" else _role(identities, who)
    if holder is None:
        return CallerPolicies(session=session if narrowing else None)
    boundary = None
    if arn := getattr(holder, "permissions_boundary_arn", None):
        text = _document(who.account, arn)
        boundary = read(text, PolicyType.BOUNDARY, arn) if text else None
        # A boundary that cannot be parsed denies everything.
        boundary = boundary or read(NOTHING, PolicyType.BOUNDARY, arn)
    identity = [*_of(holder)]
    if who.kind == "user":
        groups = iam_backend(who.account).groups.values()
        identity += [p for g in list(groups) if holder in g.users for p in _of(g)]
    return CallerPolicies(tuple(identity), boundary, session if narrowing else None)


NOTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'


def read(document: Any, policy_type: PolicyType, name: str) -> Policy | None:
    """Return a policy. A malformed document is logged and ignored: it grants nothing."""
    try:
        return parse(document, policy_type, name)
    except MalformedPolicy as error:
        log.warning("%s %s is malformed and is ignored: %s", policy_type.value, name, error)
        return None


def _of(holder: Any) -> Iterator[Policy]:
    """Yield inline and attached policies of a user, a group or a role."""
    for name, text in list(holder.policies.items()):
        if policy := read(text, PolicyType.IDENTITY, str(name)):
            yield policy
    for arn, managed in list(holder.managed_policies.items()):
        text = _default_version(managed)
        if text and (policy := read(text, PolicyType.IDENTITY, str(arn))):
            yield policy


def _role(identities: Identities, who: Principal) -> Any:
    """Return the role of a session, None if it was deleted or created again since."""
    try:
        role = identities.credentials.role(str(who.role_arn))
    except ServiceError:
        return None
    return role if role.id == who.user_id.split(":", 1)[0] else None


def _user(who: Principal) -> Any:
    users = iam_backend(who.account).users.values()
    return next((user for user in list(users) if user.arn == who.arn), None)


def _document(account: str, policy_arn: str) -> str | None:
    managed = iam_backend(account).managed_policies.get(policy_arn)
    return _default_version(managed) if managed is not None else None


def _default_version(managed: Any) -> str | None:
    for version in managed.versions:
        if version.version_id == managed.default_version_id:
            return str(version.document)
    return None
