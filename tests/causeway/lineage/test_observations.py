"""Records say what their sources say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from causeway.deployment.leases import Live
from causeway.documents import CONFIG_DIR
from causeway.instants import instant
from causeway.lineage.observations import deployed
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import load_topology


def test_each_deployment_says_when_its_endpoint_was_removed(make_version, now) -> None:
    topology = load_topology(CONFIG_DIR / "topology" / "local.yaml")
    first, second = (
        Live(
            *(AccountRole.TEST, "m", make_version(number).arn, "a" * 64, "e", "c", "r", number),
            deployed_at=now + timedelta(days=number),
        )
        for number in (1, 2)
    )
    removal = now + timedelta(days=1, hours=1)
    ended = replace(first, removed_at=removal, removed_by="r")
    records = deployed([ended, second], second, topology)
    assert [record.removed for record in records] == [instant(removal), ""]
    # From before the history said so, of the last one alone it is known.
    gone = replace(second, fencing=7, removed_at=removal + timedelta(days=2))
    records = deployed([first, second], gone, topology)
    assert [record.removed for record in records] == ["", instant(removal + timedelta(days=2))]
