"""What the entries say of what went live, back and away."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from causeway.deployment.leases import Live, live_of
from causeway.deployment.live_changes import removed, went_live
from causeway.governance.audit import Action, Actor, Door
from causeway.topology.account_roles import AccountRole

BY = Actor("airflow:credit_risk__promotion", Door.DAG, "credit_risk__promotion run-1")


def live(make_version, number: int, now: datetime) -> Live:
    return Live(
        *(AccountRole.PROD, "credit_risk", make_version(number).arn, "a", "credit-risk"),
        *("config", "run-1", number, now, "p"),
    )


def test_what_went_live_names_what_was_live_before(make_version, now) -> None:
    first, second = live(make_version, 1, now), live(make_version, 2, now)
    change = went_live(second, first, BY, "666666666666")
    assert change.action is Action.WENT_LIVE
    assert (change.before, change.after) == (str(first.version_arn), str(second.version_arn))
    assert change.digests == {"artifact": "a", "package": "p"}
    assert [update.key.sk for update in change.updates] == ["LIVE", "LIVE#000000000002"]
    gone = replace(first, removed_at=now)
    assert went_live(second, gone, BY, "666666666666").before == ""
    back = replace(first, reason="rolled back by officer: it drifts")
    change = went_live(back, second, BY, "666666666666")
    assert (change.action, change.reason) == (Action.WENT_BACK, back.reason)


def test_an_endpoint_that_was_deleted_says_so_in_its_history_too(make_version, now) -> None:
    served = live(make_version, 1, now)
    change = removed(served, BY, "555555555555", run_id="run-2", fencing=7, at=now)
    assert (change.action, change.after) == (Action.REMOVED, "")
    items = {update.key.sk: live_of(update.item) for update in change.updates if update.item}
    ended = replace(served, removed_at=now, removed_by="run-2")
    assert items == {
        "LIVE": replace(ended, run_id="run-2", fencing=7),
        "LIVE#000000000001": ended,
    }
