"""Many runs at once on the whole stack, as when a team or a backfill triggers them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from stack.airflow_api import FINISHED, Run
from tests.e2e.conftest import Stack, running_stack

pytestmark = [pytest.mark.scheduler, pytest.mark.timeout(900)]

RUNS, WAITS = 30, 40
DAGS = """
from datetime import timedelta

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, task


class Wait(BaseOperator):
    def __init__(self, number, **arguments):
        super().__init__(**arguments)
        self.number = number

    def execute(self, context):
        trigger = TimeDeltaTrigger(timedelta(seconds=45), end_from_trigger=True)
        self.defer(trigger=trigger, method_name="resume")


with DAG("waiting", schedule=None):
    Wait.partial(task_id="wait").expand(number=list(range(%d)))

with DAG("short", schedule=None):
    @task
    def first():
        return 1

    @task
    def second(number):
        return number + 1

    second(first())
"""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("dags")
    (folder / "load.py").write_text(DAGS % WAITS)
    state = tmp_path_factory.mktemp("busy") / "state"
    with running_stack(state, CAUSEWAY_DAGS=str(folder)) as running:
        running.airflow().wait_until_parsed({"waiting", "short"}, 60)
        yield running


def components(stack: Stack) -> list[dict[str, Any]]:
    document: list[dict[str, Any]] = json.loads((stack.state / "processes.json").read_text())
    return document


def until_deferred(stack: Stack, run: Run, number: int) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        states = [task["state"] for task in stack.airflow().tasks(run)]
        if states.count("deferred") >= number:
            return
        time.sleep(0.5)
    raise AssertionError(f"{states.count('deferred')} of {number} wait")


def ended(stack: Stack, dag_id: str, number: int) -> list[Run]:
    deadline = time.monotonic() + 420
    while time.monotonic() < deadline:
        runs = stack.airflow().runs(dag_id)
        if len([run for run in runs if run.state in FINISHED]) >= number:
            return runs
        time.sleep(1)
    raise AssertionError([run.state for run in runs])


def test_thirty_runs_at_once_all_run_beside_forty_waits_and_end_no_component(busy: Stack) -> None:
    before = components(busy)
    airflow = busy.airflow()
    waiting = airflow.trigger("waiting")
    until_deferred(busy, waiting, WAITS // 2)
    with ThreadPoolExecutor(10) as people:
        triggered = list(people.map(lambda _: airflow.trigger("short").run_id, range(RUNS)))
    assert len(set(triggered)) == RUNS
    runs = ended(busy, "short", RUNS)
    assert {run.run_id: run.state for run in runs} == dict.fromkeys(triggered, "success")
    assert [run.state for run in ended(busy, "waiting", 1)] == ["success"]
    assert components(busy) == before, "none was restarted"
    assert all(psutil.Process(started["pid"]).is_running() for started in before)
    health = airflow.get("/api/v2/monitor/health")
    parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
    assert {part: health[part]["status"] for part in parts} == dict.fromkeys(parts, "healthy")
