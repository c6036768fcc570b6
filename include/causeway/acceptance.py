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

from causeway.accounts import AccountId
from causeway.errors import NotSharedYet, SharingError
from causeway.sharing import DesiredShare

#: How long an invitation of a SageMaker type can be accepted.
INVITATION_LASTS: Final = timedelta(hours=12)


@dataclass(frozen=True)
class Invitation:
    """A `ResourceShareInvitation`, with the resource types of `ListPendingInvitationResources`."""

    arn: str
    share_name: str
    share_arn: str
    sender: AccountId
    status: str
    sent_at: datetime
    resource_types: frozenset[str] = frozenset()


@dataclass(frozen=True)
class VisibleShare:
    """A share of another account as the consumer sees it (`resourceOwner=OTHER-ACCOUNTS`)."""

    arn: str
    name: str
    owner: AccountId
    status: str
    resources: frozenset[str] = frozenset()


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
    matches sender, name and resource types; else wait, or have the owner share again.

    Raises:
        SharingError: an invitation of that name comes from another account, or is for resource
            types that were not expected. It is not accepted.
    """
    for share in visible:
        if (share.name, share.owner, share.status) == (expected.name, expected.owner, "ACTIVE"):
            return Acceptance(Step.DONE, f"share {share.name} is active")
    named = sorted(
        (i for i in invitations if i.share_name == expected.name), key=lambda i: i.sent_at
    )
    pending = [i for i in named if i.status == "PENDING" and now < i.sent_at + INVITATION_LASTS]
    for invitation in pending:
        if invitation.sender == expected.owner:
            _check_types(expected, invitation)
            return Acceptance(Step.ACCEPT, "an expected invitation is pending", invitation.arn)
    if pending:
        raise SharingError(
            f"an invitation called {expected.name} comes from account {pending[0].sender}, "
            f"expected was {expected.owner}; it was not accepted",
            account=pending[0].sender,
            next_step="Find out who sent it, then reject it.",
        )
    ours = [i for i in named if i.sender == expected.owner]
    if ours and ours[-1].status in ("PENDING", "EXPIRED", "REJECTED"):
        word = "rejected" if ours[-1].status == "REJECTED" else "expired"
        return Acceptance(Step.RESHARE, f"the invitation to {expected.name} {word}")
    return Acceptance(Step.WAIT, f"no invitation to {expected.name} and no active share yet")


def require_done(expected: DesiredShare, acceptance: Acceptance) -> None:
    """Raise unless the share is active.

    Raises:
        NotSharedYet: with what is missing; looking again later is the remedy.
    """
    if acceptance.step is not Step.DONE:
        raise NotSharedYet(
            f"share {expected.name} of account {expected.owner}: {acceptance.reason}",
            account=expected.owner,
            next_step="Run the sharing DAG again, which shares anew what expired.",
        )


def _check_types(expected: DesiredShare, invitation: Invitation) -> None:
    wanted = expected.resource_type.lower()
    strange = sorted(t for t in invitation.resource_types if t.lower() != wanted)
    if strange:
        raise SharingError(
            f"the invitation to {expected.name} is for {', '.join(strange)}, expected was "
            f"{expected.resource_type}; it was not accepted",
            account=invitation.sender,
            next_step="Compare the owner's share with the use case, then reject the invitation.",
        )
