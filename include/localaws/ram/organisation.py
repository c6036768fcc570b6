"""The organisation of the accounts, if there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws.kit.capabilities import Stores

ROOT = "r-cway"


@dataclass
class Unit:
    """An organisational unit; `parent` is the root's or another unit's id."""

    identity: str
    name: str
    parent: str


@dataclass
class Organisation:
    """One organisation; with `sharing`, RAM needs no invitations inside it."""

    management: str | None = None
    members: set[str] = field(default_factory=set)
    sharing: bool = False
    organisation_id: str = "o-causeway00"
    since: datetime = datetime(2023, 1, 1, tzinfo=UTC)
    units: dict[str, Unit] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)  # account -> unit, unless in the root
    services: dict[str, datetime] = field(default_factory=dict)  # trusted service principals
    invited: dict[str, dict[str, Any]] = field(default_factory=dict)  # handshakes by id

    @property
    def arn(self) -> str:
        """The organisation's ARN, which can be a principal of a share."""
        return f"arn:aws:organizations::{self.management}:organization/{self.organisation_id}"

    def together(self, account: str, other: str) -> bool:
        """Tell whether both accounts are members."""
        return self.management is not None and {account, other} <= self.members

    def arn_of(self, kind: str, identity: str) -> str:
        """Return the ARN of something in the organisation: a root, account or handshake."""
        return f"arn:aws:organizations::{self.management}:{kind}/{self.organisation_id}/{identity}"

    def unit_arn(self, unit: str) -> str:
        """Return a unit's ARN, which can be a principal of a share."""
        return self.arn_of("ou", unit)

    def above(self, account: str) -> list[str]:
        """Return the ARNs of an account's units, innermost first, and of the organisation."""
        if account not in self.members:
            return []
        units_above, unit = [], self.parents.get(account)
        while unit in self.units:
            units_above.append(self.unit_arn(unit))
            unit = self.units[unit].parent
        return [*units_above, self.arn]

    def found(self, management: str, members: set[str]) -> None:
        """Create the organisation, managed by `management`."""
        self.management = management
        self.members = {management, *members}

    def leave(self, account: str) -> None:
        """Remove an account."""
        self.members.discard(account)
        self.parents.pop(account, None)

    def dissolve(self) -> None:
        """Delete the organisation."""
        fresh = Organisation()
        for name in vars(fresh):
            setattr(self, name, getattr(fresh, name))


def of(stores: Stores) -> Organisation:
    """Return the organisation of the local AWS (the same one in every region)."""
    return stores.store(Organisation, "aws", "aws-global")
