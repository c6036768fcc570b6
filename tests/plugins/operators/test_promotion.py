"""One version into the test account: once, under a lease, only as it was decided."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from causeway.errors import ApprovalRefused, DeploymentFailed, LeaseHeld, Superseded
from causeway.governance.clearance import StoppedInTheRegistry
from causeway.governance.table import PromotionStatus
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import gate_report_copy_key
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import (
    ABOUT,
    approve,
    asked,
    deploy,
    register,
    run_of,
    say_production,
    sync,
    to_production,
)
from tests.plugins.conftest import context, execute
from tests.plugins.table_records import stage_table, state_of

pytestmark = pytest.mark.usefixtures("own_endpoints")


def versions(platform: LocalPlatform) -> list[str]:
    listed = platform.client("sagemaker", "shared_services").list_model_packages(
        ModelPackageGroupName="credit-risk", MaxResults=100
    )
    return [found["ModelPackageArn"] for found in listed["ModelPackageSummaryList"]]


def test_a_registration_asked_for_by_another_names_them(shared: LocalPlatform) -> None:
    version = register("asked").perform(context(user="model-owner"))["version_arn"]
    described = shared.client("sagemaker", "shared_services").describe_model_package(
        ModelPackageName=version
    )
    assert described["CustomerMetadataProperties"]["trained-by"] == "ml-engineer"
    assert described["CustomerMetadataProperties"]["requested-by"] == "model-owner"


def test_sync_asks_for_a_promotion_until_its_run_exists(shared: LocalPlatform) -> None:
    version = register("promoted").perform(context())["version_arn"]
    first = [run for run in sync() if run["conf"]["version_arn"] == version]
    again = [run for run in sync() if run["conf"]["version_arn"] == version]
    assert first == again and len(first) == 1  # requested, but nobody has seen its run yet
    assert sync(runs=1) == []
    promotion = state_of(version).promotion
    assert promotion is not None and promotion.status is PromotionStatus.RUNNING


def test_the_audit_of_a_version_on_its_way_finds_nothing(
    shared: LocalPlatform, approved: str
) -> None:
    """Its request for a decision copies the gate report beside its records, without an entry."""
    from causeway_airflow.hooks.stage_table import StageTableHook
    from causeway_airflow.sensors.approval import ApprovalSensor
    from causeway_airflow.tasks.audit import look

    about = {"version_arn": approved, "attempt": 1, "target": "test", **ABOUT}
    ask = ApprovalSensor(task_id="ask", wait=timedelta(minutes=1), **about)
    assert ask.perform(run_of(approved))["verdict"] == "approved"
    execute(deploy(approved), run_of(approved))
    asked(approved)
    sync()
    assert stage_table().get(gate_report_copy_key(ModelPackageArn.parse(approved)))
    keeper = StageTableHook("causeway_governance_audit_keeper")
    broken, head = look(keeper, "credit-risk", [])
    assert head.number and [each for each in broken if approved in each.what] == []


def test_a_deployment_killed_after_it_began_ends_in_one_endpoint(
    shared: LocalPlatform, approved: str
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    before = stage_table().live(AccountRole.TEST, "credit_risk")
    with pytest.raises(TaskDeferred):  # the worker dies here: nobody waits, nothing is written
        deploy(approved).perform(run_of(approved))
    assert stage_table().live(AccountRole.TEST, "credit_risk") == before
    found = execute(deploy(approved), run_of(approved))
    again = execute(deploy(approved), run_of(approved))
    assert again == found
    sagemaker = shared.client("sagemaker", "test")
    described = sagemaker.describe_endpoint(EndpointName="credit-risk")
    assert described["EndpointConfigName"] == found["endpoint_config"]
    assert len(sagemaker.list_endpoints()["Endpoints"]) == 1
    live = stage_table().live(AccountRole.TEST, "credit_risk")
    assert live is not None and str(live.version_arn) == approved


def test_the_live_endpoint_is_asked_and_its_metrics_recorded(
    shared: LocalPlatform, approved: str
) -> None:
    from causeway_airflow.operators.promotion import EndpointTestOperator

    execute(deploy(approved), run_of(approved))
    test = EndpointTestOperator(
        task_id="test", account_role="test", version_arn=approved, attempt=1, **ABOUT
    )
    assert execute(test, run_of(approved))["auc"] == 1.0
    record = state_of(approved).records[Stage.TEST]
    assert record.status is Status.PENDING
    assert record.validation_metrics["endpoint"] == "credit-risk"
    execute(test, run_of(approved))
    assert state_of(approved).records[Stage.TEST] == record


def test_the_test_endpoint_is_deleted_after_its_test_and_a_repeated_test_says_what_it_said(
    shared: LocalPlatform, approved: str
) -> None:
    from causeway_airflow.operators.promotion import (
        EndpointTestOperator,
        RemoveTestEndpointOperator,
    )

    execute(deploy(approved), run_of(approved))
    about = {"version_arn": approved, "attempt": 1, **ABOUT}
    test = EndpointTestOperator(task_id="test", account_role="test", **about)
    metrics = execute(test, run_of(approved))
    remove = RemoveTestEndpointOperator(task_id="remove", **about)
    assert remove.perform(run_of(approved))["removed"]
    assert not remove.perform(run_of(approved))["removed"]
    live = stage_table().live(AccountRole.TEST, "credit_risk")
    assert live is not None and live.removed_at is not None
    assert execute(test, run_of(approved)) == metrics
    execute(deploy(approved), run_of(approved))
    again = stage_table().live(AccountRole.TEST, "credit_risk")
    assert again is not None and again.removed_at is None
    assert execute(test, run_of(approved)) == metrics


@pytest.mark.parametrize("status", ["Failed", "OutOfService"])
def test_a_test_endpoint_that_no_longer_serves_is_deleted_once_it_has_settled(
    shared: LocalPlatform, approved: str, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    from causeway_airflow.hooks.endpoints import EndpointsHook
    from causeway_airflow.operators.promotion import RemoveTestEndpointOperator
    from causeway_airflow.tasks.deployment import EndpointBusy

    execute(deploy(approved), run_of(approved))
    observe = EndpointsHook.observe

    def say(state: str) -> None:
        monkeypatch.setattr(
            EndpointsHook, "observe", lambda *given: replace(observe(*given), status=state)
        )

    remove = RemoveTestEndpointOperator(task_id="r", version_arn=approved, attempt=1, **ABOUT)
    say("SystemUpdating")
    with pytest.raises(EndpointBusy, match="SystemUpdating"):
        remove.perform(run_of(approved))
    say(status)
    assert remove.perform(run_of(approved))["removed"]
    monkeypatch.setattr(EndpointsHook, "observe", observe)
    assert not remove.perform(run_of(approved))["removed"]
    live = stage_table().live(AccountRole.TEST, "credit_risk")
    assert live is not None and live.removed_at is not None


def test_a_deployment_waits_until_the_name_of_a_deleted_endpoint_is_free(
    shared: LocalPlatform, approved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    from causeway_airflow.hooks.endpoints import EndpointsHook, Observed

    execute(deploy(approved), run_of(approved))
    observe = EndpointsHook.observe
    monkeypatch.setattr(EndpointsHook, "observe", lambda *_: Observed("Deleting", "any"))
    with pytest.raises(TaskDeferred) as deferred:
        deploy(approved).perform(run_of(approved))
    assert "the deletion of endpoint credit-risk" in deferred.value.trigger.wait.what
    assert deferred.value.kwargs == {"under_way": False}
    monkeypatch.setattr(EndpointsHook, "observe", observe)
    with pytest.raises(TaskDeferred) as started:
        # As `dag.test()` resumes: with the event alone.
        deploy(approved).resume(run_of(approved), {"carried": deferred.value.kwargs})
    assert started.value.kwargs == {"under_way": True}
    assert deploy(approved).resumed(run_of(approved), **started.value.kwargs)["endpoint"]


def test_an_endpoint_that_answers_other_than_the_evaluated_artifact_fails(
    shared: LocalPlatform, approved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.operators.promotion import EndpointTestOperator
    from causeway_airflow.tasks import endpoint_tests

    execute(deploy(approved), run_of(approved))
    test = EndpointTestOperator(
        task_id="test", account_role="test", version_arn=approved, attempt=1, **ABOUT
    )
    report = {"metrics": {"auc": 0.8}, "gates": []}
    monkeypatch.setattr(endpoint_tests, "gate_report", lambda *_: report)
    with pytest.raises(DeploymentFailed, match=r"auc 1.0000 \(gate: 0.8000\)"):
        execute(test, run_of(approved))
    record = state_of(approved).records[Stage.TEST]
    assert record.status is Status.IN_PROGRESS


def test_another_run_waits_while_a_deployment_holds_the_lease_of_the_endpoint(
    shared: LocalPlatform, approved: str
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    with pytest.raises(TaskDeferred):
        deploy(approved).perform(run_of(approved))
    newer = register("newer than one that deploys").perform(context())["version_arn"]
    sync()
    approve(shared, newer)
    with pytest.raises(LeaseHeld, match=r"run credit-risk-v\d+-1 holds the lease") as raised:
        deploy(newer).perform(run_of(newer))
    assert raised.value.retryable is True


def test_a_deployment_that_cannot_begin_gives_the_lease_back(
    shared: LocalPlatform, approved: str
) -> None:
    from causeway_airflow.hooks.base import AwsCallError

    iam, role = shared.client("iam", "test"), "causeway-serving-execution"
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": deny})
    iam.put_role_policy(RoleName=role, PolicyName="deny", PolicyDocument=policy)
    try:
        with pytest.raises(AwsCallError, match="Could not access model data"):
            deploy(approved).perform(run_of(approved))
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="deny")
    lease = stage_table().lease(AccountRole.TEST, "credit_risk")
    assert lease is not None and lease.lease_until < datetime.now(UTC)
    assert execute(deploy(approved), run_of(approved))["version_arn"] == approved


def test_an_older_version_gives_way_to_the_one_that_is_live_and_its_task_is_skipped(
    shared: LocalPlatform, approved: str
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    newer = register("newer than approved").perform(context())["version_arn"]
    sync()
    approve(shared, newer)
    deployed = execute(deploy(newer), run_of(newer))
    asked(newer)  # which gives the lease back
    with pytest.raises(Superseded, match="is newer and live"):
        deploy(approved).perform(run_of(approved))
    state = state_of(approved)
    assert state.promotion is not None
    assert state.promotion.status is PromotionStatus.SUPERSEDED
    assert {record.status for record in state.records.values()} == {Status.SUPERSEDED}
    with pytest.raises(AirflowSkipException, match="superseded: "):
        deploy(approved).execute(run_of(approved))
    # The lease was given back: another run may deploy.
    assert execute(deploy(newer), run_of(newer)) == deployed


def test_a_version_that_has_passed_its_test_goes_on_whatever_was_tested_since(
    shared: LocalPlatform, approved: str
) -> None:
    """A run that is cleared whole, because the officer decided after the wait was over."""
    from causeway_airflow.operators.promotion import EndpointTestOperator

    execute(deploy(approved), run_of(approved))
    test = EndpointTestOperator(
        task_id="test", account_role="test", version_arn=approved, attempt=1, **ABOUT
    )
    metrics = execute(test, run_of(approved))
    newer = register("tested since").perform(context())["version_arn"]
    sync()
    approve(shared, newer)
    execute(deploy(newer), run_of(newer))
    asked(newer)
    say_production(shared, approved)
    sync()
    shared.client("dynamodb", "governance").update_item(
        TableName="causeway-governance",
        Key={"pk": {"S": f"DECISION#{approved}"}, "sk": {"S": "DECISION#test#1"}},
        UpdateExpression="SET valid_until = :then",
        ExpressionAttributeValues={":then": {"S": "2020-01-01T00:00:00.000000+00:00"}},
    )
    assert deploy(approved).perform(run_of(approved))["version_arn"] == approved
    assert test.perform(run_of(approved)) == metrics
    live = stage_table().live(AccountRole.TEST, "credit_risk")
    assert live is not None and str(live.version_arn) == newer, "nothing was deployed again"
    assert execute(to_production(approved), run_of(approved))["version_arn"] == approved


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("artifact_sha256", "0" * 64), ("valid_until", "2020-01-01T00:00:00.000000+00:00")],
)
def test_a_decision_on_another_artifact_or_run_out_deploys_nothing(
    shared: LocalPlatform, approved: str, attribute: str, value: str
) -> None:
    arn = ModelPackageArn.parse(approved)
    shared.client("dynamodb", "governance").update_item(
        TableName="causeway-governance",
        Key={"pk": {"S": f"DECISION#{approved}"}, "sk": {"S": "DECISION#test#1"}},
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": attribute},
        ExpressionAttributeValues={":value": {"S": value}},
    )
    with pytest.raises(ApprovalRefused, match="may not enter test"):
        deploy(approved).perform(run_of(approved))
    assert Stage.TEST not in stage_table().state(arn).records


def test_a_rejection_closes_the_promotion_and_an_approval_after_it_starts_the_next_attempt(
    shared: LocalPlatform,
) -> None:
    from causeway_airflow.operators.promotion import ClosePromotionOperator
    from causeway_airflow.sensors.approval import ApprovalSensor

    version = register("rejected").perform(context())["version_arn"]
    sync(runs=1)
    approve(shared, version, "Rejected")
    sensor = ApprovalSensor(
        task_id="wait", target="test", wait=_hour(), version_arn=version, attempt=1, **ABOUT
    )
    with pytest.raises(ApprovalRefused, match="model-owner rejected"):
        sensor.perform(run_of(version))
    close = ClosePromotionOperator(task_id="close", version_arn=version, attempt=1, **ABOUT)
    with pytest.raises(ApprovalRefused, match="for test: because"):
        close.perform(run_of(version))
    arn = ModelPackageArn.parse(version)
    closed = stage_table().state(arn).promotion
    assert closed is not None and closed.status is PromotionStatus.REJECTED
    shared.person("model-owner").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved"
    )
    started = [run for run in sync() if run["conf"]["version_arn"] == version]
    assert [run["conf"]["attempt"] for run in started] == [2]
    assert started[0]["trigger_run_id"].endswith("-2")


def test_a_promotion_that_failed_goes_on_when_somebody_decides(
    shared: LocalPlatform, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    from causeway_airflow.operators.promotion import ClosePromotionOperator

    version = register("lapsed").perform(context())["version_arn"]
    sync(runs=1)
    sync(runs=1)
    close = ClosePromotionOperator(task_id="close", version_arn=version, attempt=1, **ABOUT)
    with pytest.raises(DeploymentFailed, match="did not end"):
        close.perform(run_of(version))
    shared.person("model-owner").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved"
    )
    arn = ModelPackageArn.parse(version)
    for _ in range(2):  # until Airflow says that the run has not failed any more
        (run,) = sync(runs=1, failed=1)
        assert run["trigger_run_id"] == f"credit-risk-v{arn.version}-1"
        assert run["reset_dag_run"]
    assert sync(runs=1) == []
    goes_on = stage_table().state(arn).promotion
    assert goes_on is not None and goes_on.status is PromotionStatus.RUNNING
    (told,) = [alert for alert in heard() if "goes on" in alert["alert"]]
    assert told["severity"] == "notice"


def test_a_promotion_whose_failed_run_was_cleared_is_not_begun_anew_by_a_decision(
    shared: LocalPlatform,
) -> None:
    from causeway_airflow.operators.promotion import ClosePromotionOperator

    version = register("cleared").perform(context())["version_arn"]
    sync(runs=1)
    sync(runs=1)
    close = ClosePromotionOperator(task_id="close", version_arn=version, attempt=1, **ABOUT)
    with pytest.raises(DeploymentFailed, match="did not end"):
        close.perform(run_of(version))
    with pytest.raises(StoppedInTheRegistry):  # nobody has decided; the task begins all the same
        deploy(version).execute(run_of(version))
    promotion = stage_table().state(ModelPackageArn.parse(version)).promotion
    assert promotion is not None and promotion.status is PromotionStatus.RUNNING
    shared.person("model-owner").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved"
    )
    assert sync(runs=1) == []


def _hour():
    from datetime import timedelta

    return timedelta(hours=1)


def test_conf_of_a_promotion_is_json(shared: LocalPlatform) -> None:
    register("json").perform(context())
    assert json.loads(json.dumps(sync())) == sync()
