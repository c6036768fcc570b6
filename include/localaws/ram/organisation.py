"""The organisation the accounts are in, if any: by default there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localaws.cloud import Cloud


@dataclass
class Organisation:
    """One organisation; `sharing` is RAM's switch that makes invitations needless inside it."""

    management: str | None = None
    members: set[str] = field(default_factory=set)
    sharing: bool = False
    organisation_id: str = "o-causeway00"

    @property
    def arn(self) -> str:
        """The organisation's ARN, which can be a principal of a share."""
        return f"arn:aws:organizations::{self.management}:organization/{self.organisation_id}"

    def together(self, one: str, other: str) -> bool:
        """Tell whether both accounts are in it."""
        return self.management is not None and {one, other} <= self.members

    def found(self, management: str, members: set[str]) -> None:
        """Put accounts into one organisation managed by `management`."""
        self.management = management
        self.members = {management, *members}


def of(cloud: Cloud) -> Organisation:
    """Return the organisation of the local AWS (the same one in every region)."""
    return cloud.store(Organisation, "aws", "aws-global")
