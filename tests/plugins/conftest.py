"""Hooks, operators and triggers of this process, on a local AWS whose stacks are deployed."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugins.sharing_world import World

# Airflow reads its settings when it is imported, which the tests below this folder do first.
if "AIRFLOW_HOME" not in os.environ:
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="causeway-airflow-")
    atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")

ROLES = ("data", "data_science", "shared_services", "governance", "test", "prod")


def keep_clients(patch: pytest.MonkeyPatch) -> None:
    """Keep clients: assuming a role for each hook costs more than every call of a run."""
    from causeway_airflow.hooks.base import CausewayHook

    plain, clients = CausewayHook.client.func, {}  # type: ignore[attr-defined]

    def client(hook: CausewayHook) -> Any:
        key = (hook.service, hook.aws_conn_id, hook.region_name)
        return clients.get(key) or clients.setdefault(key, plain(hook))

    patch.setattr(CausewayHook, "client", property(client))


@pytest.fixture(scope="module")
def of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A local AWS without stacks that the tests of a module share."""
    from tests.plugins.sharing_world import world

    with world(tmp_path_factory.mktemp("sharing")) as local_aws:
        yield local_aws


@pytest.fixture
def here(of_module: World) -> World:
    """The same, with nothing left of the test before."""
    of_module.forget()
    return of_module


class Task:
    """What a task instance remembers, and the runs that it says there are, and have failed."""

    def __init__(self, runs: int = 0, failed: int = 0) -> None:
        self.xcoms: dict[str, Any] = {}
        self.runs, self.failed = runs, failed
        self.start_date = datetime.now(UTC)

    def get_dr_count(self, dag_id: str, run_ids: list[str], states: list[str] | None = None) -> int:
        return self.failed if states == ["failed"] else self.runs

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        return self.xcoms.get(key)


def context(
    run_id: str = "run-1", user: str | None = None, runs: int = 0, failed: int = 0
) -> dict[str, Any]:
    """Return what an operator reads of Airflow's context."""
    return {
        "dag_run": SimpleNamespace(run_id=run_id, triggering_user_name=user, conf={}),
        "ti": Task(runs, failed),
    }


def execute(operator: Any, given: dict[str, Any]) -> Any:
    """Run an operator to its end, its triggers inline, as a worker and a triggerer would."""
    from airflow.sdk.exceptions import TaskDeferred

    try:
        return operator.perform(given)
    except TaskDeferred as deferred:
        return woken(operator, given, deferred)


def woken(operator: Any, given: dict[str, Any], deferred: Any) -> Any:
    """Run the trigger that a task waits for inline, and go on with the task."""

    async def first() -> Any:
        async for event in deferred.trigger.run():
            return event
        return None

    asyncio.run(asyncio.wait_for(first(), 120))
    return operator.resumed(given, **(deferred.kwargs or {}))
