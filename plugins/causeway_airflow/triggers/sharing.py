"""Waits for shares: an owner's associations to be complete, a consumer's invitations to come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from causeway.sharing.shares import settled
from causeway.statuses import Meaning
from causeway_airflow.triggers.hooks import shared
from causeway_airflow.triggers.polling import Answer, PollingTrigger


class ShareAssociatedTrigger(PollingTrigger):
    """Wait until everything in an own share is ASSOCIATED.

    :param share: the share's name
    :param with_principals: whether its principals must have joined, too
    """

    def __init__(self, share: str, with_principals: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.share = share
        self.with_principals = with_principals

    def subject(self) -> dict[str, Any]:
        """Return which share."""
        return {"share": self.share, "with_principals": self.with_principals}

    def ask(self) -> Answer:
        """Look at the share's associations."""
        from causeway_airflow.hooks.ram import RamHook

        hook = shared(RamHook, self.aws_conn_id, self.region_name)
        found = settled(hook.observed(), self.share, with_principals=self.with_principals)
        return (
            "waiting"
            if found is Meaning.WAITING
            else "success"
            if found is Meaning.SUCCESS
            else "failure"
        )


class InvitationTrigger(PollingTrigger):
    """Wait until each of some shares of others is active or can be accepted.

    Inside an organisation with sharing on no invitation comes, the share is just there.

    :param shares: name and owner account of each share
    """

    def __init__(self, shares: Sequence[Sequence[str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shares = [list(share) for share in shares]

    def subject(self) -> dict[str, Any]:
        """Return which shares."""
        return {"shares": self.shares}

    def ask(self) -> Answer:
        """Look at the invitations and at the shares that are seen."""
        from causeway_airflow.hooks.ram import RamHook

        hook = shared(RamHook, self.aws_conn_id, self.region_name)
        there = {(s.name, str(s.owner)) for s in hook.visible() if s.status == "ACTIVE"}
        there |= {
            (i.share_name, str(i.sender)) for i in hook.invitations() if i.status != "ACCEPTED"
        }
        wanted = {(name, owner) for name, owner in self.shares}
        return "success" if wanted <= there else "waiting"
