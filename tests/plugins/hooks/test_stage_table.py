"""The governance table refuses what was planned against another state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from causeway.deployment.leases import acquire_lease, lease_of, release_lease
from causeway.deployment.rollout import LEASE_LASTING
from causeway.errors import UnexpectedState, WriteConflict
from causeway.governance.table import new_record
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def arn(version: int) -> ModelPackageArn:
    return ModelPackageArn.parse(
        f"arn:aws:sagemaker:eu-central-1:333333333333:model-package/table-test/{version}"
    )


@pytest.fixture
def table(platform: LocalPlatform):
    from causeway_airflow.hooks.stage_table import StageTableHook

    return StageTableHook("causeway_governance_recorder")


def record(version: int):
    from causeway_airflow.configuration import case_and_model

    case, model = case_and_model("credit_risk", "credit_risk")
    return new_record(
        arn(version), Stage.TEST, Status.IN_PROGRESS, case, model, now=NOW, user="somebody"
    )


def test_a_record_keeps_its_metrics_and_moves_as_the_state_machine_allows(table) -> None:
    first = table.add(record(1))
    moved = table.move(
        first, Status.PENDING, now=NOW, user="somebody", metrics={"auc": 0.8, "endpoint": "x"}
    )
    assert table.state(arn(1)).records[Stage.TEST] == moved
    assert moved.validation_metrics == {"auc": 0.8, "endpoint": "x"}
    with pytest.raises(UnexpectedState, match="pending may not become deployed"):
        table.move(moved, Status.DEPLOYED, now=NOW, user="somebody")


def test_whoever_moved_a_record_first_wins(table) -> None:
    first = table.add(record(2))
    table.move(first, Status.PENDING, now=NOW, user="one")
    with pytest.raises(WriteConflict, match="planned against"):
        table.move(first, Status.REJECTED, now=NOW, user="two")
    with pytest.raises(WriteConflict):
        table.add(record(2))


def test_saying_a_status_again_writes_nothing(table) -> None:
    first = table.add(record(3))
    assert table.move(first, Status.IN_PROGRESS, now=NOW, user="other") is first
    assert table.state(arn(3)).records[Stage.TEST].audit_user == "somebody"


def test_a_lease_is_one_hands_and_its_number_only_grows(table) -> None:
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


def test_items_are_read_a_hundred_at_a_time(table, monkeypatch: pytest.MonkeyPatch) -> None:
    from causeway.versions.keys import stage_key

    for version in range(10, 15):
        table.add(record(version))
    call, sizes = table.call, []

    def counting(operation: str, **given):
        sizes.append(len(given["RequestItems"][table.table]["Keys"]))
        return call(operation, **given)

    monkeypatch.setattr(table, "call", counting)
    keys = [stage_key(arn(version), Stage.TEST) for version in range(10, 240)]
    assert len(table.get_many(keys)) == 5
    assert sizes == [100, 100, 30]
