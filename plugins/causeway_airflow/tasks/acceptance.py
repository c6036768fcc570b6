"""Accepting shares as their consumer, and leaving one; what counts is the active share."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from causeway.errors import CausewayError, NotSharedYet, SharingError
from causeway.sharing.acceptance import Step, check_offer, foreign, judge_acceptance
from causeway.sharing.shares import DesiredShare
from causeway.topology.account_roles import AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.ram import RamHook
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.declared_access import consumed_shares
from causeway_airflow.tasks.sharing import owner_sharing
from causeway_airflow.waits import Done, Outcome, Pending, Question, Wait

log = logging.getLogger(__name__)

#: Steps towards one share in a task: share again, accept, look.
STEPS = 4


def accept_shares(
    hook: Hooks, consumer: AccountRole, names: Sequence[str] | None
) -> Outcome[dict[str, str]]:
    """Accept what can be accepted now, of all declared shares or those named.

    Returns what was done about each share, once all are active; until then, the wait for the
    invitations that have not come. A share that fails does not keep the others from being accepted.

    Raises:
        NotSharedYet: every share that failed may work on a retry.
        SharingError: several failed, one of them for good.
    """
    ram = hook(RamHook)
    expected = consumed_shares(consumer)
    for invitation in foreign(expected, ram.invitations()):
        log.warning(
            "not accepted: an invitation to %s by account %s, which nobody declared",
            invitation.share_name,
            invitation.sender,
        )
    done: dict[str, str] = {}
    left: list[DesiredShare] = []
    errors: list[CausewayError] = []
    for share in expected:
        if names is not None and share.name not in names:
            continue
        try:
            done[share.name], active = _accept(hook, ram, share)
            left += [] if active else [share]
        except CausewayError as error:
            log.warning("%s: %s", share.name, error)
            errors.append(error)
    if errors:
        raise _together(errors)
    return Pending(_arrival_wait(left)) if left else Done(done)


def leave_share(hook: Hooks, consumer: AccountRole, share: str, owner: str) -> bool:
    """Leave a share of another account; return whether this account was in it."""
    ram, account = hook(RamHook), topology().account(consumer)
    active = [
        visible
        for visible in ram.visible()
        if (visible.name, str(visible.owner), visible.status) == (share, owner, "ACTIVE")
    ]
    for visible in active:
        ram.leave(visible.arn, account)
        log.info("left %s of %s", visible.name, visible.owner)
    return bool(active)


def _accept(hook: Hooks, ram: RamHook, share: DesiredShare) -> tuple[str, bool]:
    """Take the steps towards one share; return the first, and whether the share is active."""
    first: Step | None = None
    for _ in range(STEPS):
        acceptance = judge_acceptance(share, ram.invitations(), ram.visible(), clock.now())
        first = first or acceptance.step
        if acceptance.step is Step.ACCEPT and acceptance.invitation_arn:
            check_offer(share, ram.offered(acceptance.invitation_arn))
            ram.accept(acceptance.invitation_arn)
            log.info("accepted %s of %s", share.name, share.owner)
        elif acceptance.step is Step.RESHARE:
            log.info("%s; sharing it again", acceptance.reason)
            owner_sharing(hook, share.owner_role).converge(share.name)
        else:
            return first.value, acceptance.step is Step.DONE
    return (first or Step.WAIT).value, False


def _arrival_wait(shares: Sequence[DesiredShare]) -> Wait:
    names = ", ".join(f"{share.name} of account {share.owner}" for share in shares)
    return Wait(
        what=f"invitation to {names}",
        ask=Question(
            "causeway_airflow.hooks.ram.RamHook",
            "arrival",
            {"shares": [[share.name, str(share.owner)] for share in shares]},
        ),
        unfinished="did not come",
        next_step="Run the sharing DAG again: it shares again what expired.",
    )


def _together(errors: Sequence[CausewayError]) -> CausewayError:
    """Return one error for several shares; it may pass only when all of them may."""
    if len(errors) == 1:
        return errors[0]
    kind = NotSharedYet if all(error.retryable for error in errors) else SharingError
    return kind("\n".join(str(error) for error in errors))
