"""What every operator has from the base: its work is its own, and only what waits is resumed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from causeway.errors import CausewayError, StillRunning
from causeway.statuses import Meaning
from causeway_airflow.bases import operator as base
from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.bases.waiting import WaitingOperator
from causeway_airflow.parameters import Kind
from causeway_airflow.triggers import waiting
from causeway_airflow.waits import Done, Outcome, Pending, Question, Wait


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


class Thing:
    """Stands for a hook: gives the answers that a test puts there."""

    answers: ClassVar[list[Meaning | CausewayError]] = []

    def state(self, name: str) -> Meaning:
        answer = self.answers.pop(0)
        if isinstance(answer, CausewayError):
            raise answer
        return answer


WAIT = Wait(what="a thing", ask=Question("a.hook.Thing", "state", {"name": "it"}))


class Waits(WaitingOperator[str]):
    """Waits for a thing."""

    def begin(self, context: Context) -> Outcome[str]:
        return Pending(WAIT, ends_task=True)

    def look(self, context: Context, **carried: Any) -> Outcome[str]:
        return Done("seen")


class WaitsOn(Waits):
    """Finds that the thing is not over when it is resumed."""

    def look(self, context: Context, **carried: Any) -> Outcome[str]:
        return Pending(WAIT)


class Throttled(CausewayError):
    retryable = True


def waits(monkeypatch: pytest.MonkeyPatch, seconds: str, *answers: Meaning | CausewayError) -> Any:
    monkeypatch.setattr(Thing, "answers", list(answers))
    monkeypatch.setattr(waiting, "shared_by_path", lambda *_: Thing())
    monkeypatch.setattr(base, "LOOK_SECONDS", 0.01)
    monkeypatch.setenv("CAUSEWAY_POLL_SECONDS", "2")
    monkeypatch.setenv("CAUSEWAY_PATIENCE_SECONDS", seconds)
    about = {"account_role": "data", "duty": "ingester", "wait": timedelta(minutes=1)}
    return Waits(task_id="task", **about).execute(Context())


def test_a_task_without_patience_defers_at_once_and_within_its_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(TaskDeferred) as deferred:
        waits(monkeypatch, "0")
    assert deferred.value.trigger.serialize()[1] == {
        "wait": WAIT.document(),
        "aws_conn_id": "causeway_data_ingester",
        "region_name": None,
        "poll_interval": 2.0,
        "max_attempts": 30,
        "ends_task": True,
        "longest_interval": 2.0,
        "carried": {},
    }
    assert deferred.value.method_name == "resume"
    assert deferred.value.timeout == timedelta(minutes=2)


@pytest.mark.parametrize("event", [None, "success", {"outcome": "success"}])
def test_a_task_resumes_whatever_event_wakes_it(
    monkeypatch: pytest.MonkeyPatch, event: Any
) -> None:
    """Of a trigger that ended its task, `dag.test()` hands over a text."""
    task = Waits(task_id="task", account_role="data", duty="ingester", wait=timedelta(minutes=1))
    monkeypatch.setattr(task, "look", lambda *_, **carried: Done(carried))
    assert task.resume(Context(), event) == {}
    assert task.resume(Context(), {"carried": {"a": 1}}, b=2) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "last", [Meaning.SUCCESS, Meaning.FAILURE, CausewayError("no", next_step="Ask.")]
)
def test_a_patient_task_sees_the_end_by_itself(
    monkeypatch: pytest.MonkeyPatch, last: Meaning | CausewayError
) -> None:
    later = Throttled("slow down", next_step="Wait.")
    assert waits(monkeypatch, "30", Meaning.WAITING, later, Meaning.WAITING, last) == "seen"


def test_patience_ends_in_the_triggerer(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TaskDeferred):
        waits(monkeypatch, "0.05", *[Meaning.WAITING] * 100)


def test_what_still_runs_when_the_bound_is_reached_fails_so_that_a_retry_goes_on() -> None:
    task = WaitsOn(task_id="task", account_role="data", duty="ingester", wait=timedelta(minutes=1))
    with pytest.raises(StillRunning, match="a thing is still running after 0:01:00"):
        task.resume(Context())


class Counts(CausewayOperator):
    """Takes a number that a form gives."""

    conf_parameters: ClassVar[Mapping[str, Kind]] = {"days": "integer"}

    def __init__(self, *, days: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.days = days

    def perform(self, context: Context) -> int:
        return self.days + 1


def test_a_rendered_parameter_is_a_value_when_the_work_begins_and_bad_text_is_not_retried() -> None:
    about = {"task_id": "task", "account_role": "data", "duty": "ingester"}
    assert Counts(days="6", **about).execute(Context()) == 7
    with pytest.raises(AirflowFailException, match="parameter days: 'six' is no integer"):
        Counts(days="six", **about).execute(Context())


class Promises(Waits):
    """Knows its result before it waits."""

    def begin(self, context: Context) -> Outcome[str]:
        return Pending(WAIT, "soon", ends_task=True)


def test_a_result_is_handed_over_before_a_wait_that_its_trigger_ends() -> None:
    task = Promises(task_id="task", account_role="data", duty="ingester", wait=timedelta(minutes=1))
    instance = SimpleNamespace(xcoms={})
    instance.xcom_push = instance.xcoms.__setitem__
    with pytest.raises(TaskDeferred) as deferred:
        task.perform({"ti": instance})  # type: ignore[typeddict-item]  # all that it reads
    assert instance.xcoms == {"return_value": "soon"}
    assert deferred.value.trigger.ends_task is True
