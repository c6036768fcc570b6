"""The sync against a registry that shows its last modifier only: who really asked is found out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from causeway.governance.audit import head_key
from causeway.governance.table import LOOKED_AT
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import approve, register
from tests.plugins.conftest import context
from tests.plugins.table_records import stage_table, state_of, transition

Heard = Callable[[], list[dict[str, Any]]]


def seen() -> None:
    """Have the sync see a version; CloudTrail's times are whole seconds, so wait for the next."""
    sync()
    time.sleep(1.1)


def sync() -> None:
    from causeway_airflow.operators.governance import SyncOperator

    SyncOperator(task_id="sync").perform(context())


def test_a_strangers_approval_is_not_the_last_editors(shared: LocalPlatform, heard: Heard) -> None:
    version = register("attacked").perform(context())["version_arn"]
    seen()
    heard()
    shared.stranger("a-stranger").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved", ApprovalDescription="fine"
    )
    shared.stranger("model-owner").update_model_package(
        ModelPackageArn=version, CustomerMetadataProperties={"note": "reviewed the data sheet"}
    )
    registry = shared.client("sagemaker", "shared_services")
    edited = registry.describe_model_package(ModelPackageName=version)
    assert edited["LastModifiedBy"]["IamIdentity"]["SourceIdentity"] == "model-owner"
    sync()
    found = state_of(version)
    assert found.decisions == ()
    assert found.records[Stage.DEVELOPMENT].status is Status.QUARANTINED
    described = registry.describe_model_package(ModelPackageName=version)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    (alert,) = [one for one in heard() if one["subject"] == version]
    assert "'a-stranger'" in alert["alert"]


def test_an_approval_counts_for_its_maker_after_a_strangers_edit(shared: LocalPlatform) -> None:
    version = register("edited").perform(context())["version_arn"]
    seen()
    shared.person("model-owner").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved", ApprovalDescription="good"
    )
    shared.stranger("a-stranger").update_model_package(
        ModelPackageArn=version, CustomerMetadataProperties={"note": "x"}
    )
    sync()
    assert [decision.person for decision in state_of(version).decisions] == ["model-owner"]


def test_a_broken_chain_stops_its_group_and_no_other(shared: LocalPlatform) -> None:
    """The next sync looks at the same calls: once the chain is mended, nothing was missed."""
    from airflow.sdk.exceptions import AirflowFailException

    from causeway_airflow.operators.governance import RequireChainsOperator, SyncOperator
    from causeway_airflow.tasks.sync import Recording

    recording, table = Recording(), stage_table()
    for chain in ("stopped", "goes-on"):
        assert recording.record(table, transition(chain, 1, 1))
    database = shared.client("dynamodb", "governance")
    head = (table.get(head_key("stopped")) or {}) | {"digest": "f" * 64}
    database.put_item(TableName=table.table, Item=table._encode(head))
    assert not recording.record(stage_table(), transition("stopped", 2, 1))
    assert not recording.record(stage_table(), transition("stopped", 3, 1))
    assert recording.record(stage_table(), transition("goes-on", 2, 1))
    assert list(recording.broken) == ["stopped"]

    register("before its chain is broken").perform(context())
    sync()
    version = register("beside a broken chain").perform(context())["version_arn"]
    right = table.get(head_key("credit-risk")) or {}
    seen_before = table.get(LOOKED_AT)
    database.put_item(TableName=table.table, Item=table._encode(right | {"digest": "f" * 64}))
    given = context()
    try:
        SyncOperator(task_id="sync").perform(given)
        with pytest.raises(AirflowFailException, match="chain credit-risk has no entry"):
            RequireChainsOperator(task_id="require").execute(given)
        assert state_of(version).facts is None
        assert table.get(LOOKED_AT) == seen_before
    finally:
        database.put_item(TableName=table.table, Item=table._encode(right))
    given = context()
    SyncOperator(task_id="sync").perform(given)
    RequireChainsOperator(task_id="require").execute(given)
    assert state_of(version).facts is not None


def test_a_stop_is_locked_when_it_is_recorded_and_a_failed_lock_stops_no_sync(
    shared: LocalPlatform, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway.errors import UnexpectedState
    from causeway_airflow.hooks.audit_heads import AuditHeadsHook
    from causeway_airflow.tasks import sync as syncing

    def failing(*given: Any) -> None:
        raise UnexpectedState("no bucket", next_step="Wait.")

    heads = AuditHeadsHook("causeway_governance_audit_keeper")
    for note, lock in (("stopped", None), ("stopped unlocked", failing)):
        version = register(note).perform(context())["version_arn"]
        seen()
        approve(shared, version)
        locked = len(heads.locked())
        heard()
        with monkeypatch.context() as patch:
            if lock:
                patch.setattr(syncing, "lock_head", lock)
            approve(shared, version, "Rejected")
        assert len(state_of(version).revocations) == 1
        assert len(heads.locked()) == locked + (lock is None)
        unlocked = [alert for alert in heard() if "not locked: no bucket" in alert["alert"]]
        assert len(unlocked) == (lock is not None)
