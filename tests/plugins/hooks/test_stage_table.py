"""The governance table: one run at a time has a lease, and items are read in batches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from causeway.deployment.leases import acquire_lease, lease_of, release_lease
from causeway.deployment.rollout import LEASE_LASTING
from causeway.topology.account_roles import AccountRole
from causeway.versions.stages import Stage
from tests.local_platform import LocalPlatform
from tests.plugins.table_records import NOW, arn, by, record, stage_table


def test_a_lease_is_one_runs_and_its_number_only_grows(platform: LocalPlatform) -> None:
    table = stage_table()

    def take(owner: str):
        update = acquire_lease(
            AccountRole.TEST, "table-test", owner, now=NOW, lasting=LEASE_LASTING
        )
        return table.apply(update)

    first = lease_of(take("run-1"))
    assert take("run-2") is None
    assert lease_of(take("run-1")).owner == "run-1"  # a retried task keeps its hand on it
    held = table.lease(AccountRole.TEST, "table-test")
    assert table.apply(release_lease(replace(held, owner="run-2"))) is None
    assert table.apply(release_lease(held)) is not None
    assert lease_of(take("run-2")).fencing > first.fencing


def test_items_are_read_a_hundred_at_a_time(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway.versions.keys import stage_key
    from causeway_airflow.tasks.stage_records import add_record

    table = stage_table()
    for version in range(10, 15):
        add_record(table, record(version), by("somebody"))
    call, sizes = table.call, []

    def counting(operation: str, **given):
        sizes.append(len(given["RequestItems"][table.table]["Keys"]))
        return call(operation, **given)

    monkeypatch.setattr(table, "call", counting)
    keys = [stage_key(arn(version), Stage.TEST) for version in range(10, 240)]
    assert len(table.get_many(keys)) == 5
    assert sizes == [100, 100, 30]
