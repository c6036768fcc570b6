"""Who asks for what: the principal, the action, the resource and the keys of the context."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Self

from causeway.instants import zulu

#: One value of a context key; a sequence is a multivalued key (`aws:TagKeys`).
ContextValue = str | bool | int | float | datetime | bytes
Context = Mapping[str, ContextValue | Sequence[ContextValue]]
#: The context as the conditions read it: lower-case keys, texts.
Facts = Mapping[str, tuple[str, ...]]

_SESSION = re.compile(r"arn:([^:]+):sts::(\d{12}):assumed-role/([^/]+)/(.+)")


class PrincipalKind(Enum):
    """The kinds of principal; the value is that of the `aws:PrincipalType` key."""

    ROOT = "Account"
    USER = "User"
    SESSION = "AssumedRole"
    FEDERATED = "Federated"
    SERVICE = "Service"
    ANONYMOUS = "Anonymous"


@dataclass(frozen=True)
class Principal:
    """Who makes a request.

    `arn` is the caller's as `GetCallerIdentity` shows it (an account's root, a user, an
    assumed-role session), a service's name (`events.amazonaws.com`), an identity provider's ARN
    or name for `AssumeRoleWithSAML` and `AssumeRoleWithWebIdentity`, or `*` for nobody known.
    `account` is empty where the principal belongs to none. `role_arn` is a session's role with
    its path; `user_id` is the unique id of user or role (`AROA…` or `AROA…:session`), if known.
    """

    kind: PrincipalKind
    arn: str
    account: str = ""
    role_arn: str | None = None
    user_id: str | None = None

    @classmethod
    def of_arn(cls, arn: str, *, role_arn: str | None = None, user_id: str | None = None) -> Self:
        """Read the ARN of an account's root, a user or an assumed-role session.

        `role_arn` is needed where the session's role has a path: the session's ARN drops it.

        Raises:
            ValueError: the ARN is none of these.
        """
        session = _SESSION.fullmatch(arn)
        if session is not None:
            partition, account, role = session[1], session[2], session[3]
            role_arn = role_arn or f"arn:{partition}:iam::{account}:role/{role}"
            return cls(PrincipalKind.SESSION, arn, account, role_arn, user_id)
        parts = arn.split(":", 5)
        if len(parts) == 6 and parts[2] == "iam" and parts[4]:
            if parts[5] == "root":
                return cls(PrincipalKind.ROOT, arn, parts[4], None, user_id)
            if parts[5].startswith("user/"):
                return cls(PrincipalKind.USER, arn, parts[4], None, user_id)
        raise ValueError(f"{arn!r} is not the ARN of a root user, a user or a role's session")

    @classmethod
    def of_service(cls, name: str) -> Self:
        """An AWS service that acts by itself, as `sns.amazonaws.com` on a queue."""
        return cls(PrincipalKind.SERVICE, name)

    @classmethod
    def of_provider(cls, provider: str) -> Self:
        """Somebody authenticated by an identity provider (its ARN, or `accounts.google.com`)."""
        return cls(PrincipalKind.FEDERATED, provider)

    @classmethod
    def anonymous(cls) -> Self:
        """A caller that signed nothing."""
        return cls(PrincipalKind.ANONYMOUS, "*")

    @property
    def policy_arn(self) -> str:
        """The value of `aws:PrincipalArn`: of a session it is the role's ARN."""
        return self.role_arn or self.arn


@dataclass(frozen=True)
class Request:
    """One thing that a principal wants to do to one resource.

    `action` is `service:Name`. `resource` is an ARN, or `*` where the action knows no resource.
    `resource_account` is the owner where the ARN does not say it (S3 buckets); without it the
    resource counts as the principal's own. `context` holds the condition keys as AWS names them,
    in any case of letters; keys that follow from principal and resource (`aws:PrincipalArn`,
    `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:username`, `aws:userid`,
    `aws:PrincipalIsAWSService`, `aws:PrincipalServiceName`, `aws:ViaAWSService`,
    `aws:ResourceAccount`) are added unless given. `aws:CurrentTime` is the caller's to give:
    nothing here reads a clock. An empty sequence is an absent key.
    """

    principal: Principal
    action: str
    resource: str
    context: Context = field(default_factory=dict)
    resource_account: str | None = None

    @cached_property
    def owner(self) -> str:
        """The account of the resource."""
        if self.resource_account:
            return self.resource_account
        parts = self.resource.split(":", 5)
        return (parts[4] if len(parts) == 6 else "") or self.principal.account

    @property
    def same_account(self) -> bool:
        """Whether principal and resource belong to one account."""
        return bool(self.principal.account) and self.owner == self.principal.account

    @cached_property
    def facts(self) -> Facts:
        """The context in full: lower-case keys, values as texts."""
        facts = self._derived()
        for key, value in self.context.items():
            if isinstance(value, Sequence) and not isinstance(value, str | bytes):
                texts = tuple(as_text(item) for item in value)
            else:
                texts = (as_text(value),)
            if texts:
                facts[key.lower()] = texts
            else:
                facts.pop(key.lower(), None)
        return facts

    def _derived(self) -> dict[str, tuple[str, ...]]:
        who = self.principal
        facts: dict[str, tuple[str, ...]] = {
            "aws:principaltype": (who.kind.value,),
            "aws:principalisawsservice": (
                "true" if who.kind is PrincipalKind.SERVICE else "false",
            ),
            "aws:viaawsservice": ("false",),
        }
        if self.owner:
            facts["aws:resourceaccount"] = (self.owner,)
        if who.account:
            facts["aws:principalarn"] = (who.policy_arn,)
            facts["aws:principalaccount"] = (who.account,)
        if who.kind is PrincipalKind.USER:
            facts["aws:username"] = (who.arn.rsplit("/", 1)[1],)
        if who.kind is PrincipalKind.SERVICE:
            facts["aws:principalservicename"] = (who.arn,)
        if who.user_id:
            facts["aws:userid"] = (who.user_id,)
        return facts


def as_text(value: object) -> str:
    """Write a value of the context or of a policy as IAM compares it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return zulu(value)
    if isinstance(value, bytes):
        from base64 import b64encode

        return b64encode(value).decode()
    return str(value)
