"""The sync against a registry that shows its last modifier only: who really asked is found out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import register
from tests.plugins.conftest import context
from tests.plugins.table_records import state_of

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
