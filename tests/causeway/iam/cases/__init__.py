"""Requests, the policies that speak about them, and what AWS documents as the answer.

Each module holds one subject; a case reads as a sentence: who does what on which resource, under
which policies, is allowed or why not, and which page of AWS's documentation says so. The words of
those sentences are `__all__`: every table needs most of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from causeway.iam import Context, Policies, PolicyType, Principal, Request, parse

__all__ = [
    "ALLOWED",
    "AWAY",
    "AWAY_ROOT",
    "DENY_BOUNDARY",
    "DENY_IDENTITY",
    "DENY_RESOURCE",
    "DENY_SCP",
    "DENY_SESSION",
    "DENY_TRUST",
    "HOME",
    "HOME_ROOT",
    "NO_BOUNDARY",
    "NO_IDENTITY",
    "NO_RESOURCE",
    "NO_SCP",
    "NO_SESSION",
    "NO_TRUST",
    "ROLE_ARN",
    "ROOT",
    "SESSION",
    "SESSION_ARN",
    "USER",
    "USER_ARN",
    "Case",
    "Statement",
    "allow",
    "deny",
    "keep",
    "let",
    "of",
]

#: The account of the principal, and another one.
HOME, AWAY = "111122223333", "444455556666"

USER = Principal.of_arn(f"arn:aws:iam::{HOME}:user/ana", user_id="AIDAEXAMPLEANA000001")
SESSION = Principal.of_arn(
    f"arn:aws:sts::{HOME}:assumed-role/trainer/run-1", user_id="AROAEXAMPLETRAINER01:run-1"
)
ROOT = Principal.of_arn(f"arn:aws:iam::{HOME}:root")
SESSION_ARN, ROLE_ARN, USER_ARN = SESSION.arn, SESSION.policy_arn, USER.arn
#: An account as it is named in policies.
HOME_ROOT, AWAY_ROOT = f"arn:aws:iam::{HOME}:root", f"arn:aws:iam::{AWAY}:root"

ALLOWED = "allowed"
NO_IDENTITY = "no identity-based policy"
NO_RESOURCE = "no resource-based policy"
NO_TRUST = "no role trust policy"
NO_BOUNDARY = "no permissions boundary"
NO_SESSION = "no session policy"
NO_SCP = "no service control policy"
DENY_IDENTITY = "explicit deny in an identity-based policy"
DENY_RESOURCE = "explicit deny in a resource-based policy"
DENY_TRUST = "explicit deny in the role trust policy"
DENY_BOUNDARY = "explicit deny in a permissions boundary"
DENY_SESSION = "explicit deny in a session policy"
DENY_SCP = "explicit deny in a service control policy"

Statement = dict[str, Any]
VERSION = "2012-10-17"


def allow(action: object = "*", resource: object = "*", **more: Any) -> Statement:
    """A statement of an identity-based policy that allows; `Condition=…` and the like in `more`."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object = "*", resource: object = "*", **more: Any) -> Statement:
    """A statement of an identity-based policy that denies."""
    return {**allow(action, resource, **more), "Effect": "Deny"}


def let(principal: object, action: object = "*", **more: Any) -> Statement:
    """A statement of a resource-based policy that allows a principal (an ARN, or a mapping)."""
    who = (
        {"AWS": principal} if isinstance(principal, str | list) and principal != "*" else principal
    )
    return {"Effect": "Allow", "Principal": who, "Action": action, **more}


def keep(principal: object, action: object = "*", **more: Any) -> Statement:
    """A statement of a resource-based policy that denies."""
    return {**let(principal, action, **more), "Effect": "Deny"}


@dataclass(frozen=True)
class Case:
    """One request with its policies, the documented answer and the page that documents it."""

    name: str
    expected: str
    page: str
    who: Principal = SESSION
    action: str = "s3:GetObject"
    resource: str = "arn:aws:s3:::data/raw/file"
    owner: str | None = None
    context: Context = field(default_factory=dict)
    identity: Sequence[Statement] = ()
    resource_policy: Sequence[Statement] | None = None
    trust: Sequence[Statement] | None = None
    boundary: Sequence[Statement] | None = None
    session: Sequence[Statement] | None = None
    scps: Sequence[Sequence[Statement]] = ()
    shared: bool = False
    version: str | None = VERSION

    @property
    def request(self) -> Request:
        """The request of the case."""
        return Request(self.who, self.action, self.resource, self.context, self.owner)

    @property
    def policies(self) -> Policies:
        """The policies of the case."""
        kinds = ((self.resource_policy, PolicyType.RESOURCE), (self.trust, PolicyType.TRUST))
        return Policies(
            identity=(self.read(self.identity, PolicyType.IDENTITY),) if self.identity else (),
            resource=tuple(self.read(those, kind) for those, kind in kinds if those is not None),
            boundary=None
            if self.boundary is None
            else self.read(self.boundary, PolicyType.BOUNDARY),
            session=None
            if self.session is None
            else (self.read(self.session, PolicyType.SESSION),),
            scps=tuple((self.read(level, PolicyType.SCP),) for level in self.scps),
            shared=self.shared,
        )

    def read(self, statements: Sequence[Statement], policy_type: PolicyType) -> Any:
        """Read statements as a policy of the case's version."""
        document: Mapping[str, Any] = {"Statement": list(statements)}
        if self.version:
            document = {**document, "Version": self.version}
        return parse(document, policy_type)


def of(resource: str = "arn:aws:s3:::data/raw/file", **defaults: Any) -> Callable[..., Case]:
    """Return a maker of cases about one thing, which have these values unless they say otherwise.

    `{account}` in the resource stands for the account that owns it, HOME unless the case says.
    """

    def case(name: str, expected: str, page: str, account: str = HOME, **more: Any) -> Case:
        thing = {"resource": resource.format(account=account)}
        return Case(name, expected, page, **{**defaults, **thing, **more})

    return case
