"""The whole stack under many runs at once, and with components of it killed."""

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
import time
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

with DAG("long", schedule=None, default_args={"retries": 2, "retry_delay": timedelta(seconds=1)}):
    @task
    def sleep():
        time.sleep(15)

    sleep()
"""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("dags")
    (folder / "load.py").write_text(DAGS % WAITS)
    state = tmp_path_factory.mktemp("busy") / "state"
    with running_stack(state, CAUSEWAY_DAGS=str(folder)) as running:
        running.airflow().wait_until_parsed({"waiting", "short", "long"}, 60)
        yield running


def components(stack: Stack) -> list[dict[str, Any]]:
    document: list[dict[str, Any]] = json.loads((stack.state / "processes.json").read_text())
    return document


def pids(stack: Stack) -> dict[str, int]:
    return {started["name"]: started["pid"] for started in components(stack)}


def until_well(stack: Stack) -> str:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        status = stack.run("status")
        if status.returncode == 0:
            return status.stdout
        time.sleep(1)
    raise AssertionError(status.stdout)


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


def test_a_second_start_leaves_the_first_as_it_is(busy: Stack) -> None:
    before, local = components(busy), busy.local
    second = busy.run("up")
    assert second.returncode == 0
    assert "it runs already: nothing was started or changed" in second.stdout
    assert (components(busy), busy.local) == (before, local)


def test_components_that_die_are_started_again_alone_and_their_runs_end(busy: Stack) -> None:
    airflow = busy.airflow()
    run = airflow.trigger("long")
    deadline = time.monotonic() + 60
    while [task["state"] for task in airflow.tasks(run)] != ["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    before = pids(busy)
    killed = {"scheduler", "triggerer", "dag-processor", "api-server", "mlflow"}
    for name in killed:
        psutil.Process(before[name]).kill()
    deadline = time.monotonic() + 60
    while any(pids(busy).get(name, before[name]) == before[name] for name in killed):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    status = " ".join(until_well(busy).split())
    after = pids(busy)
    assert {name for name in after if after[name] != before[name]} == killed
    for name in killed:
        assert f"{name} ended, and was started again at" in status
    assert [one.state for one in ended(busy, "long", 1)] == ["success"]


def test_a_local_aws_that_dies_is_said_and_nothing_is_wiped(busy: Stack) -> None:
    psutil.Process(pids(busy)["localaws"]).kill()
    for command in ("status", "up", "demo", "pending"):
        said = busy.run(command)
        assert said.returncode == 1
        assert "its accounts, models and approvals were in its memory" in " ".join(
            said.stdout.split()
        )
        assert "Traceback" not in said.stdout + said.stderr
    assert busy.airflow().runs("long"), "Airflow's record is still there to look at"
