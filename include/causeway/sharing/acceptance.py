"""Accepting a share as its consumer: only what is expected, judged by the share that is seen.

An invitation vanishes after it was accepted or ran out, and there is none inside an organisation
with sharing on; whether access is there is read from the shares that other accounts show us.
Fact (RAM user guide, working with invitations): twelve hours for SageMaker types.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from causeway.errors import SharingError, UnexpectedState
from causeway.sharing.shares import DesiredShare
from causeway.statuses import TABLES, Meaning
from causeway.topology.accounts import AccountId

#: How long an invitation of a SageMaker type can be accepted.
INVITATION_LASTS: Final = timedelta(hours=12)


@dataclass(frozen=True)
class Invitation:
    """A `ResourceShareInvitation` that this account received."""

    arn: str
    share_name: str
    share_arn: str
    sender: AccountId
    status: str
    sent_at: datetime


@dataclass(frozen=True)
class VisibleShare:
    """A share of another account as the consumer sees it (`resourceOwner=OTHER-ACCOUNTS`)."""

    arn: str
    name: str
    owner: AccountId
    status: str


class Step(StrEnum):
    """What the consumer does next."""

    DONE = "done"
    ACCEPT = "accept"
    WAIT = "wait"
    RESHARE = "reshare"


@dataclass(frozen=True)
class Acceptance:
    """The next step; `invitation_arn` is set when it is to accept."""

    step: Step
    reason: str
    invitation_arn: str | None = None


def judge_acceptance(
    expected: DesiredShare,
    invitations: Iterable[Invitation],
    visible: Iterable[VisibleShare],
    now: datetime,
) -> Acceptance:
    """Decide what the consumer does about one expected share.

    Done when an ACTIVE share of that name and owner is seen; else accept the invitation that
    matches sender and name (after `check_offer`); else wait, or have the owner share again. An
    invitation of that name from another account changes nothing: it is `foreign`.

    Raises:
        UnexpectedState: an invitation has a status that is not known.
    """
    for share in visible:
        if (share.name, share.owner, share.status) == (expected.name, expected.owner, "ACTIVE"):
            return Acceptance(Step.DONE, f"share {expected.name} is active")
    ours = sorted(
        (i for i in invitations if (i.share_name, i.sender) == (expected.name, expected.owner)),
        key=lambda i: (i.sent_at, i.arn),
    )
    alive = [i for i in ours if _alive(i, now)]
    pending = [i for i in alive if i.status == "PENDING"]
    if pending:
        newest = pending[-1]
        return Acceptance(Step.ACCEPT, "an expected invitation is pending", newest.arn)
    if alive:
        return Acceptance(Step.WAIT, f"the invitation to {expected.name} was accepted just now")
    if ours:
        word = "was rejected" if ours[-1].status == "REJECTED" else "expired"
        return Acceptance(Step.RESHARE, f"the invitation to {expected.name} {word}")
    return Acceptance(Step.WAIT, f"no invitation to {expected.name} and no active share yet")


def foreign(
    expected: Iterable[DesiredShare], invitations: Iterable[Invitation]
) -> tuple[Invitation, ...]:
    """Return the pending invitations that nobody here expects; a person looks at them."""
    names = {(share.name, share.owner) for share in expected}
    return tuple(
        i for i in invitations if i.status == "PENDING" and (i.share_name, i.sender) not in names
    )


def check_offer(expected: DesiredShare, resource_types: Iterable[str]) -> None:
    """Refuse an invitation that offers other types of resources than are expected.

    Raises:
        SharingError: with the types; the invitation is not accepted.
    """
    resource_type = expected.resource_type.lower()
    strange = sorted({t for t in resource_types if t.lower() != resource_type})
    if strange:
        raise SharingError(
            f"the invitation to {expected.name} is for {', '.join(strange)}, expected was "
            f"{expected.resource_type}; it was not accepted",
            account=expected.owner,
            next_step="Compare the owner's share with the declared access, then reject the "
            "invitation.",
        )


def _alive(invitation: Invitation, now: datetime) -> bool:
    statuses = TABLES["ResourceShareInvitationStatus"]
    if invitation.status not in statuses:
        raise UnexpectedState(
            f"invitation {invitation.arn} has the unknown status {invitation.status!r}",
            next_step=f"Known are {', '.join(statuses)}; decide what it means.",
        )
    if invitation.status == "PENDING":
        return now < invitation.sent_at + INVITATION_LASTS
    return statuses[invitation.status] is Meaning.SUCCESS
