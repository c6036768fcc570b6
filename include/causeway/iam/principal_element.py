"""The Principal and NotPrincipal elements: which principals a statement names, how directly.

See "IAM User Guide: AWS JSON policy elements: Principal" and "NotPrincipal".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Self

from causeway.iam.malformed import MalformedPolicy
from causeway.iam.request import Principal, PrincipalKind

_KINDS: Final = ("AWS", "Service", "Federated", "CanonicalUser")
_ACCOUNT: Final = re.compile(r"\d{12}")
_ROOT: Final = re.compile(r"arn:[a-z-]+:iam::(\d{12}):root")
_IDENTITY: Final = re.compile(
    r"arn:[a-z-]+:(?:iam::(?:\d{12}|cloudfront):(?:user|role)/|sts::\d{12}:(?:assumed-role/[^/*?]+"
    r"|federated-user)/)[^*?]+"
)
# What IAM shows in place of the ARN of a user or role that was deleted.
_UNIQUE_ID: Final = re.compile(r"A[A-Z0-9]{15,127}")


class Reach(IntEnum):
    """How a statement's principals cover the one who asks; the higher, the more it grants."""

    NONE = 0
    #: The account is named: its own identity policies decide further.
    ACCOUNT = 1
    #: The role of the session is named: its boundary and its session policies still limit it.
    ROLE = 2
    #: The user, the session, the service or everyone is named: nothing else is asked for.
    DIRECT = 3


@dataclass(frozen=True, slots=True)
class PrincipalElement:
    """The principals that a statement names."""

    everyone: bool = False
    accounts: frozenset[str] = field(default_factory=frozenset)
    #: ARNs of users, roles and sessions, and unique ids.
    identities: frozenset[str] = field(default_factory=frozenset)
    services: frozenset[str] = field(default_factory=frozenset)
    providers: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def read(cls, element: object) -> Self:
        """Read the element's value; canonical users (of S3 ACLs) are read and match nobody.

        Raises:
            MalformedPolicy: a principal is none that exists, or has a wildcard within.
        """
        if element == "*":
            return cls(everyone=True)
        if not isinstance(element, Mapping) or not element:
            raise MalformedPolicy("Principal is neither '*' nor a mapping of kinds")
        principals: dict[str, frozenset[str]] = {}
        for kind, value in element.items():
            values = [value] if isinstance(value, str) else value
            if kind not in _KINDS:
                raise MalformedPolicy(f"there is no kind of principal {kind!r}")
            if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
                raise MalformedPolicy(f"Principal {kind} is neither a text nor a list of texts")
            principals[kind] = frozenset(values)
        accounts, identities = _accounts_and_identities(principals.get("AWS", frozenset()) - {"*"})
        return cls(
            "*" in principals.get("AWS", ()),
            accounts,
            identities,
            principals.get("Service", frozenset()),
            principals.get("Federated", frozenset()),
        )

    def reach(self, who: Principal) -> Reach:
        """Tell how directly the element names a principal."""
        if self.everyone:
            return Reach.DIRECT
        if who.kind is PrincipalKind.SERVICE:
            return Reach.DIRECT if who.arn in self.services else Reach.NONE
        if who.kind is PrincipalKind.FEDERATED:
            listed = who.arn in self.providers or "*" in self.providers
            return Reach.DIRECT if listed else Reach.NONE
        if who.arn in self.identities:
            return Reach.DIRECT
        unique_id = (who.user_id or "").partition(":")[0]
        if who.role_arn in self.identities:
            return Reach.ROLE
        if unique_id and unique_id in self.identities:
            return Reach.ROLE if who.kind is PrincipalKind.SESSION else Reach.DIRECT
        return Reach.ACCOUNT if who.account and who.account in self.accounts else Reach.NONE

    def spares(self, who: Principal) -> bool:
        """Tell whether the element as NotPrincipal leaves a principal out.

        A user is left out only if its account is named too, a session only if its role and its
        account are ("NotPrincipal": else the account as a whole is denied, and they with it).
        """
        if self.everyone:
            return True
        if who.kind in (PrincipalKind.SERVICE, PrincipalKind.FEDERATED):
            return self.reach(who) is not Reach.NONE
        if who.account not in self.accounts:
            return False
        if who.kind is PrincipalKind.ROOT:
            return True
        needed = {who.arn, who.role_arn} - {None}
        return needed <= self.identities


def _accounts_and_identities(texts: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    accounts: set[str] = set()
    identities: set[str] = set()
    for text in texts:
        root = _ROOT.fullmatch(text)
        if root is not None:
            accounts.add(root[1])
        elif _ACCOUNT.fullmatch(text):
            accounts.add(text)
        elif _IDENTITY.fullmatch(text) or _UNIQUE_ID.fullmatch(text):
            identities.add(text)
        else:
            raise MalformedPolicy(
                f"{text!r} is no principal: an account, user, role, session or '*' as a whole"
            )
    return frozenset(accounts), frozenset(identities)
