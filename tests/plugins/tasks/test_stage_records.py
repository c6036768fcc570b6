"""Stage records move as the state machine allows, and only from the state that was seen."""

from __future__ import annotations

import pytest

from causeway.errors import UnexpectedState, WriteConflict
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.plugins.table_records import NOW, arn, by, record, stage_table


def test_a_record_keeps_its_metrics_and_moves_as_the_state_machine_allows(
    platform: LocalPlatform,
) -> None:
    from causeway_airflow.tasks.stage_records import add_record, move_record

    table = stage_table()
    first = add_record(table, record(1), by("somebody"))
    metrics = {"auc": 0.8, "endpoint": "x"}
    moved = move_record(table, first, Status.PENDING, now=NOW, by=by("somebody"), metrics=metrics)
    assert table.state(arn(1)).records[Stage.TEST] == moved
    assert moved.validation_metrics == {"auc": 0.8, "endpoint": "x"}
    with pytest.raises(UnexpectedState, match="pending may not become deployed"):
        move_record(table, moved, Status.DEPLOYED, now=NOW, by=by("somebody"))


def test_whoever_moved_a_record_first_wins(platform: LocalPlatform) -> None:
    from causeway_airflow.tasks.stage_records import add_record, move_record

    table = stage_table()
    first = add_record(table, record(2), by("somebody"))
    move_record(table, first, Status.PENDING, now=NOW, by=by("one"))
    with pytest.raises(WriteConflict, match="planned against"):
        move_record(table, first, Status.REJECTED, now=NOW, by=by("two"))
    with pytest.raises(WriteConflict):
        add_record(table, record(2), by("somebody"))


def test_saying_a_status_again_writes_nothing(platform: LocalPlatform) -> None:
    from causeway_airflow.tasks.stage_records import add_record, move_record

    table = stage_table()
    first = add_record(table, record(3), by("somebody"))
    assert move_record(table, first, Status.IN_PROGRESS, now=NOW, by=by("other")) is first
    assert table.state(arn(3)).records[Stage.TEST].audit_user == "somebody"
