"""What an endpoint serves from now on, as a change that the audit has an entry for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from causeway.deployment.leases import Live, write_history, write_live
from causeway.governance.audit import Action, Actor, Change


def went_live(live: Live, before: Live | None, by: Actor, account: str) -> Change:
    """Return that an endpoint serves a version now; with a reason it went back to it."""
    return Change(
        (write_live(live), write_history(live)),
        live.version_arn.group,
        Action.WENT_BACK if live.reason else Action.WENT_LIVE,
        by,
        live.deployed_at,
        str(live.version_arn),
        account,
        stage=live.account_role.value,
        before=str(before.version_arn) if before and not before.removed_at else "",
        after=str(live.version_arn),
        reason=live.reason,
        digests=_digests(live),
    )


def removed(
    live: Live, by: Actor, account: str, *, run_id: str, fencing: int, at: datetime
) -> Change:
    """Return that a run deleted, under a lease, the endpoint that served a version.

    The entry of the history says it, too: the next deployment writes over what is live.
    """
    ended = replace(live, removed_at=at, removed_by=run_id)
    return Change(
        (write_live(replace(ended, run_id=run_id, fencing=fencing)), write_history(ended)),
        live.version_arn.group,
        Action.REMOVED,
        by,
        at,
        str(live.version_arn),
        account,
        stage=live.account_role.value,
        before=str(live.version_arn),
        digests=_digests(live),
    )


def _digests(live: Live) -> dict[str, str]:
    digests = {"package": live.package_sha256, "artifact": live.artifact_sha256}
    return {name: digest for name, digest in digests.items() if digest}
