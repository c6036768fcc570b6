"""The wait for a decision: what people are asked in Required Actions, and how an answer goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from causeway.governance.table import write_record
from causeway.instants import instant
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Stage
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import ABOUT, approve, register, run_of, sync
from tests.plugins.conftest import context
from tests.plugins.table_records import stage_table


class Supervisor:
    """What a task's supervisor keeps of its request: Airflow's table of requests, of one row."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answered: tuple[list[str], dict[str, Any]] | None = None

    def send(self, msg: Any) -> Any:
        kind = type(msg).__name__
        if kind == "CreateHITLDetailPayload":
            self.asked.append(msg)
            self.answered = None
        elif kind == "UpdateHITLDetail":
            self.answered = (msg.chosen_options, msg.params_input)
        answered = self.answered is not None
        at = datetime.now(UTC) if answered else None
        return SimpleNamespace(response_received=answered, responded_at=at)


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    from airflow.sdk.execution_time import task_runner

    stand_in = Supervisor()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", stand_in, raising=False)
    yield stand_in


@pytest.fixture
def version(shared: LocalPlatform, request: pytest.FixtureRequest) -> str:
    registered: str = register(request.node.name).perform(context())["version_arn"]
    sync()
    return registered


def sensor(version: str, target: str = "test") -> Any:
    from causeway_airflow.sensors.approval import ApprovalSensor

    return ApprovalSensor(
        task_id="wait",
        target=target,
        wait=timedelta(hours=1),
        poll_interval=0.05,
        version_arn=version,
        attempt=1,
        **ABOUT,
    )


def of_run(version: str) -> dict[str, Any]:
    about = run_of(version)
    about["ti"].id = uuid4()
    return about


def deferral(step: Any, *arguments: Any) -> Any:
    from airflow.sdk.exceptions import TaskDeferred

    with pytest.raises(TaskDeferred) as wait:
        step(*arguments)
    return wait.value


def deferred(step: Any, *arguments: Any) -> Any:
    """Run a step of the task; return the trigger that it waits in."""
    return deferral(step, *arguments).trigger


def event_of(trigger: Any) -> Any:
    async def first() -> Any:
        return await anext(trigger.run())

    return asyncio.run(asyncio.wait_for(first(), 60))


def answer(option: str = "Approve") -> dict[str, Any]:
    """What Airflow resumes the task with."""
    return {
        "chosen_options": [option],
        "params_input": {"reason": "because"},
        "responded_at": datetime.now(UTC),
        "responded_by_user": {"id": "model-owner", "name": "model-owner"},
    }


def test_who_may_decide_is_asked_with_the_evidence(version: str, supervisor: Supervisor) -> None:
    deferred(sensor(version).execute, of_run(version))
    (asked,) = supervisor.asked
    number = ModelPackageArn.parse(version).version
    assert asked.subject == f"credit-risk/{number} asks to enter test"
    assert asked.options == ["Approve", "Reject"]
    assert [(user.id, user.name) for user in asked.assigned_users] == [
        ("model-owner", "model-owner")
    ]
    assert "reason" in asked.params
    for evidence in (
        "Trained by ml-engineer",
        "| metric | this version, in development |",
        "| auc | 1 |",
        "| gate | judged | measured | verdict |",
        "at least 0.7",
        "- Gate report `",
        f"(/causeway/governance/models/credit_risk/versions/{number})",
    ):
        assert evidence in asked.body


@pytest.mark.parametrize("synthetic", ["yes", "partly", "no"])
def test_who_may_decide_is_told_of_synthetic_data(
    version: str, supervisor: Supervisor, synthetic: str
) -> None:
    table = stage_table()
    record = table.state(ModelPackageArn.parse(version)).records[Stage.DEVELOPMENT]
    assert table.apply(write_record(replace(record, synthetic=synthetic), record.status))
    deferred(sensor(version).execute, of_run(version))
    (asked,) = supervisor.asked
    assert (f"**Synthetic data: {synthetic}**" in asked.body) == (synthetic != "no")


def test_the_gate_report_is_copied_for_the_pages_before_anybody_is_asked(
    version: str, supervisor: Supervisor
) -> None:
    from causeway_airflow.pages.acting import hook
    from causeway_airflow.tasks import boards

    number = ModelPackageArn.parse(version).version
    before = boards.version_view(hook, "credit_risk", number)
    assert before is not None and before.gates is None
    deferred(sensor(version).execute, of_run(version))
    after = boards.version_view(hook, "credit_risk", number)
    assert after is not None and after.gates
    assert {gate.verdict for gate in after.gates} == {"pass"}


@pytest.mark.parametrize("fault", ["bytes that are no text", "an item that is too large"])
def test_a_gate_report_that_cannot_be_copied_holds_nothing_up(
    version: str, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.tasks import approval_requests

    if "bytes" in fault:  # the bucket's policy lets nobody write over a report
        monkeypatch.setattr(ArtifactsHook, "read", lambda *_: b"\xff")
    else:  # DynamoDB refuses an item of more than 400 KB
        large = approval_requests.write_copy(ModelPackageArn.parse(version), "x" * 500_000)
        monkeypatch.setattr(approval_requests, "write_copy", lambda *_: large)
    deferred(sensor(version).execute, of_run(version))
    (asked,) = supervisor.asked
    assert ("**The gate report cannot be shown:**" in asked.body) == ("bytes" in fault)


def test_who_subscribed_is_told_that_something_waits(
    version: str, supervisor: Supervisor, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    deferred(sensor(version).execute, of_run(version))
    (told,) = [alert for alert in heard() if alert["subject"] == version]
    number = ModelPackageArn.parse(version).version
    assert told["alert"] == f"credit-risk/{number} waits for the decision on test"
    assert told["severity"] == "notice"
    assert "model-owner decides: in Required Actions" in told["next_step"]


def test_the_officer_is_shown_what_the_live_test_endpoint_answered(
    approved: str, supervisor: Supervisor
) -> None:
    deferred(sensor(approved, "production").execute, of_run(approved))
    (asked,) = supervisor.asked
    assert [user.id for user in asked.assigned_users] == ["governance-officer"]
    assert "## Metrics\n\nNone is recorded." in asked.body, "no test has run"


def test_what_was_decided_before_is_asked_of_nobody(
    version: str, shared: LocalPlatform, supervisor: Supervisor
) -> None:
    approve(shared, version)
    decision = sensor(version).execute(of_run(version))
    assert decision["person"] == "model-owner"
    assert supervisor.asked == []


def test_a_decision_that_was_made_elsewhere_answers_the_request(
    version: str, shared: LocalPlatform, supervisor: Supervisor
) -> None:
    from airflow.triggers.base import TaskSuccessEvent

    trigger = deferred(sensor(version).execute, of_run(version))
    approve(shared, version)
    assert isinstance(event_of(trigger), TaskSuccessEvent)
    assert supervisor.answered == (["Approve"], {"reason": "model-owner: because"})


def test_an_answer_waits_until_it_is_judged(
    version: str, shared: LocalPlatform, supervisor: Supervisor
) -> None:
    from airflow.triggers.base import TaskSuccessEvent

    task, about = sensor(version), of_run(version)
    deferred(task.execute, about)
    supervisor.answered = (["Approve"], {"reason": "because"})
    trigger = deferred(task.resume, about, answer())
    assert trigger.answered_at
    approve(shared, version)
    assert isinstance(event_of(trigger), TaskSuccessEvent)
    assert supervisor.answered == (["Approve"], {"reason": "because"}), "the person's own words"
    assert len(supervisor.asked) == 1


def test_an_answer_before_the_wait_began_is_watched_as_well(
    version: str, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.triggers import approvals

    monkeypatch.setattr(approvals, "JUDGED_WITHIN", timedelta(seconds=1))
    trigger = deferred(sensor(version).execute, of_run(version))
    supervisor.answered = (["Approve"], {"reason": "too early for the trigger"})
    assert event_of(trigger).payload["outcome"] == approvals.UNJUDGED


def test_an_answer_that_is_refused_opens_the_request_again(
    version: str, shared: LocalPlatform, supervisor: Supervisor
) -> None:
    task, about = sensor(version), of_run(version)
    deferred(task.execute, about)
    trigger = deferred(task.resume, about, answer())
    # Said by somebody whom the guard refuses: as if the answer had been.
    shared.client("sagemaker", "shared_services").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved"
    )
    sync()
    event = event_of(trigger)
    again = deferred(task.resume, about, event.payload)
    assert len(supervisor.asked) == 2
    assert not again.answered_at


def test_an_answer_that_never_became_a_word_opens_the_request_again(
    version: str, supervisor: Supervisor
) -> None:
    task, about = sensor(version), of_run(version)
    deferred(task.execute, about)
    long_ago = answer() | {"responded_at": datetime.now(UTC) - timedelta(hours=1)}
    trigger = deferred(task.resume, about, long_ago)
    assert trigger.answered_at == instant(long_ago["responded_at"])
    deferred(task.resume, about, event_of(trigger).payload)
    assert len(supervisor.asked) == 2


def test_who_subscribed_is_reminded_after_a_half_and_nine_tenths_of_the_wait(
    version: str, supervisor: Supervisor, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    task, about = sensor(version), of_run(version)
    began = about["ti"].start_date
    first = deferral(task.execute, about)
    assert first.trigger.remind_at == instant(began + timedelta(minutes=30))
    about["ti"].start_date = began - timedelta(minutes=30)
    first.trigger.remind_at = instant(datetime.now(UTC))
    second = deferral(task.resume, about, event_of(first.trigger).payload)
    assert second.trigger.remind_at == instant(began + timedelta(minutes=24))
    assert timedelta(minutes=29) < second.timeout <= timedelta(minutes=30), "the wait goes on"
    *_, told = [alert for alert in heard() if alert["subject"] == version]
    number = ModelPackageArn.parse(version).version
    assert f"credit-risk/{number} still waits for the decision on test, until" in told["alert"]
    assert len(supervisor.asked) == 1, "nobody is asked twice for the same"
    about["ti"].start_date = began - timedelta(minutes=55)
    assert (
        deferral(task.resume, about, {"outcome": "remind", "answered_at": ""}).trigger.remind_at
        == ""
    )


def test_an_answer_that_is_being_judged_outlives_a_reminder(
    version: str, supervisor: Supervisor
) -> None:
    task, about = sensor(version), of_run(version)
    deferred(task.execute, about)
    trigger = deferred(task.resume, about, answer())
    trigger.remind_at = instant(datetime.now(UTC))
    again = deferred(task.resume, about, event_of(trigger).payload)
    assert again.answered_at == trigger.answered_at != ""


def test_a_decision_of_the_last_moment_counts(version: str, shared: LocalPlatform) -> None:
    approve(shared, version)
    over = ("__fail__", {"error": "Trigger timeout"}, of_run(version))
    assert sensor(version).resume_execution(*over)["person"] == "model-owner"


def test_when_nobody_decides_in_time_the_task_fails_for_good(version: str) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(
        AirflowFailException, match=r"nobody decided on test of arn.*within 1:00:00"
    ):
        sensor(version).resume_execution("__fail__", {"error": "Trigger timeout"}, of_run(version))


def test_without_a_door_nobody_is_asked_in_airflow(
    version: str, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from stack import layout

    lines = layout.TOPOLOGY.read_text().splitlines()
    closed = [line for line in lines if not line.startswith("  door:")]
    (tmp_path / "closed.yaml").write_text("\n".join(closed))
    monkeypatch.setenv("CAUSEWAY_TOPOLOGY", str(tmp_path / "closed.yaml"))
    trigger = deferred(sensor(version).execute, of_run(version))
    assert supervisor.asked == []
    assert trigger.request == ""
