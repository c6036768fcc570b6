"""What every operator has from the base: its work is its own, and only what waits is resumed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from causeway.errors import CausewayError
from causeway_airflow.operators import base
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.triggers.polling import Answer, PollingTrigger


class Once(CausewayOperator):
    """Works at once and waits for nothing."""

    def perform(self, context: Context) -> str:
        return self.connection()


def test_an_operator_without_work_of_its_own_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="perform"):
        CausewayOperator(task_id="task", account_role="data", duty="ingester")  # type: ignore[abstract]


def test_a_task_that_waits_for_nothing_fails_for_good_when_it_is_resumed() -> None:
    task = Once(task_id="task", account_role="data", duty="ingester")
    assert task.execute(Context()) == "causeway_data_ingester"
    with pytest.raises(AirflowFailException, match="Once was resumed, but waits for nothing"):
        task.resume(Context())


class Thing(PollingTrigger):
    """Asks about a thing and gets the answers that a test puts there."""

    answers: ClassVar[list[Answer | CausewayError]] = []

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name

    def subject(self) -> dict[str, Any]:
        return {"name": self.name}

    def ask(self) -> Answer:
        answer = self.answers.pop(0)
        if isinstance(answer, CausewayError):
            raise answer
        return answer


class Waits(CausewayOperator):
    """Waits for a thing."""

    def perform(self, context: Context) -> Any:
        self.wait_for(Thing, lasting=timedelta(minutes=1), name="it")

    def resumed(self, context: Context) -> str:
        return "seen"


class Throttled(CausewayError):
    retryable = True


def waits(monkeypatch: pytest.MonkeyPatch, seconds: str, *answers: Answer | CausewayError) -> Any:
    monkeypatch.setattr(Thing, "answers", list(answers))
    monkeypatch.setattr(base, "LOOK_SECONDS", 0.01)
    monkeypatch.setenv("CAUSEWAY_POLL_SECONDS", "2")
    monkeypatch.setenv("CAUSEWAY_PATIENCE_SECONDS", seconds)
    return Waits(task_id="task", account_role="data", duty="ingester").execute(Context())


def test_a_task_without_patience_defers_at_once_and_within_its_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(TaskDeferred) as deferred:
        waits(monkeypatch, "0")
    assert deferred.value.trigger.serialize()[1] == {
        "name": "it",
        "aws_conn_id": "causeway_data_ingester",
        "region_name": None,
        "poll_interval": 2.0,
        "max_attempts": 30,
        "ends_task": True,
    }
    assert deferred.value.method_name == "resume"
    assert deferred.value.timeout == timedelta(minutes=2)


@pytest.mark.parametrize("last", ["success", "failure", CausewayError("no", next_step="Ask.")])
def test_a_patient_task_sees_the_end_by_itself(
    monkeypatch: pytest.MonkeyPatch, last: Answer | CausewayError
) -> None:
    later = Throttled("slow down", next_step="Wait.")
    assert waits(monkeypatch, "30", "waiting", later, "waiting", last) == "seen"


def test_patience_ends_in_the_triggerer(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TaskDeferred):
        waits(monkeypatch, "0.05", *["waiting"] * 100)
