"""A stop always wins: tries to get a version live after somebody entitled has stopped it (A1)."""

from __future__ import annotations

from typing import Any

import pytest

from causeway.errors import ApprovalRefused
from causeway.governance.clearance import StoppedInTheRegistry
from causeway.governance.table import PromotionStatus
from causeway.topology.account_roles import AccountRole
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import (
    ABOUT,
    clear,
    deploy,
    run_of,
    say_production,
    smoke,
    sync,
    to_production,
)
from tests.plugins.conftest import execute
from tests.plugins.table_records import stage_table, state_of

pytestmark = pytest.mark.usefixtures("own_endpoints")


def say(platform: LocalPlatform, version: str, word: str) -> None:
    """The model owner's word on the entry into test."""
    platform.person("model-owner").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus=word, ApprovalDescription="because"
    )


@pytest.fixture
def cleared(shared: LocalPlatform, approved: str) -> str:
    """A version that was tested, and that both people have approved."""
    clear(shared, approved)
    assert state_of(approved).records[Stage.PRODUCTION].status is Status.PENDING
    return approved


@pytest.mark.parametrize(
    "stop",
    [
        lambda platform, version: say(platform, version, "Rejected"),
        lambda platform, version: say(platform, version, "PendingManualApproval"),
        lambda platform, version: say_production(platform, version, "Rejected"),
    ],
    ids=["rejected by the owner", "withdrawn by the owner", "rejected by the officer"],
)
def test_after_both_approvals_a_stop_keeps_a_version_out_of_production(
    shared: LocalPlatform, cleared: str, stop: Any
) -> None:
    live = stage_table().live(AccountRole.PROD, "credit_risk")
    stop(shared, cleared)
    sync()
    with pytest.raises(ApprovalRefused, match="was revoked by"):
        to_production(cleared).perform(run_of(cleared))
    assert stage_table().live(AccountRole.PROD, "credit_risk") == live
    assert state_of(cleared).records[Stage.PRODUCTION].status is Status.REJECTED
    registry = shared.client("sagemaker", "shared_services")
    described = registry.describe_model_package(ModelPackageName=cleared)
    assert described["ModelApprovalStatus"] == "Rejected"  # nor does CreateModel take it


def test_a_stop_that_no_sync_has_seen_yet_holds_the_deployment(
    shared: LocalPlatform, cleared: str
) -> None:
    say(shared, cleared, "Rejected")
    with pytest.raises(StoppedInTheRegistry) as held:
        to_production(cleared).perform(run_of(cleared))
    assert held.value.retryable


def test_a_stop_while_the_endpoint_is_made_takes_it_back(
    shared: LocalPlatform, cleared: str
) -> None:
    before = stage_table().live(AccountRole.PROD, "credit_risk")
    task = to_production(cleared)
    resumed = task.resumed

    def after_the_stop(task_context: Any, **carried: Any) -> Any:
        say_production(shared, cleared, "Rejected")
        sync()
        return resumed(task_context, **carried)

    task.resumed = after_the_stop
    with pytest.raises(ApprovalRefused, match="was revoked by governance-officer"):
        execute(task, run_of(cleared))
    assert stage_table().live(AccountRole.PROD, "credit_risk") == before
    assert state_of(cleared).records[Stage.PRODUCTION].status is Status.REJECTED
    sagemaker = shared.client("sagemaker", "prod")
    if before is None:
        sagemaker.get_waiter("endpoint_deleted").wait(
            EndpointName="credit-risk", WaiterConfig={"Delay": 1}
        )
    else:
        sagemaker.get_waiter("endpoint_in_service").wait(
            EndpointName="credit-risk", WaiterConfig={"Delay": 1}
        )
        served = sagemaker.describe_endpoint(EndpointName="credit-risk")["EndpointConfigName"]
        assert served == before.endpoint_config


def test_a_stop_in_the_very_moment_of_recording_records_nothing(
    shared: LocalPlatform, cleared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record of what is live and the look for a revocation are one transaction."""
    from causeway_airflow.hooks.stage_table import StageTableHook

    before = stage_table().live(AccountRole.PROD, "credit_risk")
    record = StageTableHook.record

    def late(hook: Any, changes: Any, checks: Any = ()) -> bool:
        if checks:  # that nobody has stopped it
            monkeypatch.setattr(StageTableHook, "record", record)
            say_production(shared, cleared, "Rejected")
            sync()
        return record(hook, changes, checks)

    monkeypatch.setattr(StageTableHook, "record", late)
    with pytest.raises(ApprovalRefused, match="was revoked by governance-officer"):
        execute(to_production(cleared), run_of(cleared))
    assert stage_table().live(AccountRole.PROD, "credit_risk") == before


def test_a_live_version_that_is_stopped_is_marked_and_alerted(
    shared: LocalPlatform, cleared: str, heard: Any
) -> None:
    execute(to_production(cleared), run_of(cleared))
    smoke(cleared).perform(run_of(cleared))
    sync()
    heard()
    say_production(shared, cleared, "Rejected")
    sync()
    described = shared.client("sagemaker", "shared_services").describe_model_package(
        ModelPackageName=cleared
    )
    assert described["ModelLifeCycle"]["StageStatus"] == "OnHold"
    assert "stopped by governance-officer" in described["ModelLifeCycle"]["StageDescription"]
    assert state_of(cleared).records[Stage.PRODUCTION].status is Status.DEPLOYED
    (alert,) = [one for one in heard() if one["subject"] == cleared]
    assert "roll it back" in alert["next_step"]


def test_a_stop_that_the_mirror_overwrote_is_found_in_the_trail(
    shared: LocalPlatform, cleared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`UpdateModelPackage` has no condition: between reading and writing somebody may act."""
    from causeway_airflow.hooks.registry import RegistryHook

    shared.stranger("a-stranger").update_model_package(
        ModelPackageArn=cleared, ModelApprovalStatus="PendingManualApproval"
    )
    call = RegistryHook.call

    def late(hook: Any, operation: str, **request: Any) -> Any:
        if operation == "update_model_package" and request["ModelPackageArn"] == cleared:
            monkeypatch.setattr(RegistryHook, "call", call)
            say(shared, cleared, "Rejected")
        return call(hook, operation, **request)

    monkeypatch.setattr(RegistryHook, "call", late)
    sync()
    registry = shared.client("sagemaker", "shared_services")
    described = registry.describe_model_package(ModelPackageName=cleared)
    assert described["ModelApprovalStatus"] == "Approved"  # the stop was overwritten
    sync()
    assert [stop.person for stop in state_of(cleared).revocations] == ["model-owner"]


def test_a_waiting_approval_ends_when_the_attempt_is_stopped(
    shared: LocalPlatform, approved: str
) -> None:
    from datetime import timedelta

    from causeway_airflow.operators.promotion import ClosePromotionOperator
    from causeway_airflow.sensors.approval import ApprovalSensor

    say_production(shared, approved, "Rejected")
    sync()
    about = {"version_arn": approved, "attempt": 1}
    sensor = ApprovalSensor(
        task_id="w", target="production", wait=timedelta(hours=1), **about, **ABOUT
    )
    with pytest.raises(ApprovalRefused, match="governance-officer stopped"):
        sensor.perform(run_of(approved))
    close = ClosePromotionOperator(task_id="close", **about, **ABOUT)
    with pytest.raises(ApprovalRefused, match="governance-officer stopped"):
        close.perform(run_of(approved))
    promotion = state_of(approved).promotion
    assert promotion is not None
    assert promotion.status is PromotionStatus.REJECTED


def test_a_stranger_stops_nothing(shared: LocalPlatform, approved: str) -> None:
    shared.stranger("model-owner").update_model_package(
        ModelPackageArn=approved, ModelApprovalStatus="Rejected"
    )
    sync()
    assert state_of(approved).revocations == ()
    assert execute(deploy(approved), run_of(approved))["version_arn"] == approved
