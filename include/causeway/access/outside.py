"""Receivers outside the topology: whether they joined is seen from the owner's side alone.

Nobody here has their credentials, so there is nothing to probe, and an invitation that they have
not accepted is no fault: it waits for the other side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from causeway.access.sights import Sight
from causeway.sharing.grants import DesiredGrant
from causeway.sharing.shares import presence
from causeway.topology.accounts import AccountId, Topology


class Joining(StrEnum):
    """How far a receiver has come; the values are the words of the report."""

    JOINED = "has joined"
    WAITS = "waits for the other side"
    NOT_OFFERED = "is not offered"
    UNSEEN = "cannot be seen"


@dataclass(frozen=True)
class Outsider:
    """One account outside the topology, and one share that it should be in."""

    account: str
    owner: AccountId
    share: str
    joining: Joining

    def __str__(self) -> str:
        """Return it as a line of a log."""
        return f"account {self.account}, share {self.share} of {self.owner}: {self.joining}"

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {"account": self.account, "owner": self.owner, "share": self.share} | {
            "joining": self.joining.value
        }


def outsiders(
    grants: Iterable[DesiredGrant], sights: Iterable[Sight], topology: Topology
) -> tuple[Outsider, ...]:
    """Return the declared receivers that are accounts outside the topology, share by share."""
    by_account = {sight.account: sight for sight in sights}
    pairs = {
        (grant.principal, grant.owner, grant.share)
        for grant in grants
        if grant.route == "ram"
        and grant.principal.isdigit()
        and not topology.roles_of(grant.principal)
    }
    return tuple(
        Outsider(account, owner, share, _joining(by_account.get(owner), share, account))
        for account, owner, share in sorted(pairs)
    )


def _joining(owner: Sight | None, share: str, account: str) -> Joining:
    if owner is None:
        return Joining.UNSEEN
    states = set(_states(owner, share, account))
    if "there" in states:
        return Joining.JOINED
    return Joining.WAITS if "coming" in states else Joining.NOT_OFFERED


def _states(owner: Sight, share: str, account: str) -> Iterator[str]:
    for seen in owner.shares:
        if seen.name == share and account in seen.principals:
            yield presence(seen.principals[account])
