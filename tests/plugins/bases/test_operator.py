"""What every operator has from the base: its work is its own, and only what waits is resumed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.sdk import DAG, Context
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from causeway.errors import CausewayError, StillRunning
from causeway.statuses import Meaning
from causeway_airflow.bases import operator as base
from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.bases.waiting import WaitingOperator
from causeway_airflow.parameters import Kind
from causeway_airflow.triggers import waiting
from causeway_airflow.waits import Done, Outcome, Pending, Question, Wait
from tests.plugins.conftest import context as run_context
from tests.plugins.generated import features_dag, model_dag


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


@pytest.mark.parametrize(
    ("name", "task", "allowed"),
    [
        ("features", "validate", "as_of"),
        ("training", "dataset", "seed"),
        ("rollback", "roll_back", "reason"),
    ],
)
def test_the_first_task_refuses_a_key_that_the_form_of_its_dag_has_not(
    name: str, task: str, allowed: str
) -> None:
    dag = features_dag("credit_risk") if name == "features" else model_dag(name, "credit_risk")
    given = run_context()
    given["dag_run"].conf = {"sed": 1}
    with pytest.raises(AirflowFailException, match=f"unknown keys: sed; allowed: {allowed}"):
        dag.get_task(task).execute(given)


def test_a_run_of_a_promotion_may_carry_what_an_older_release_gave_it() -> None:
    given = run_context()
    given["dag_run"].conf = {"principal": "mlflow"}
    for task in model_dag("promotion", "credit_risk").roots:
        task._require_declared(given)


def test_what_follows_the_first_task_and_a_dag_without_a_form_ask_for_no_keys() -> None:
    given: Any = {"dag_run": SimpleNamespace(conf={"other": 1})}
    about = {"account_role": "data", "duty": "ingester"}
    with DAG("formless", schedule=None):
        assert Once(task_id="first", **about).execute(given)
    with DAG("form", schedule=None, params={"key": 1}):
        first, second = Once(task_id="first", **about), Once(task_id="second", **about)
        first >> second
        assert second.execute(given)
        with pytest.raises(AirflowFailException, match="unknown keys: other; allowed: key"):
            first.execute(given)
