"""Runs operators, each in a forked process of its own that may be killed at any moment.

Importing Airflow, boto3 and the operators takes seconds, a fork milliseconds: this process imports
them once and makes no connection itself. Reads one JSON task a line from standard input and answers
one JSON line each on the descriptor that is its first argument: what the process returned, what it
raised and whether Airflow would try again, or that it was killed.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import pkgutil
import signal
import sys
import traceback
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

#: What tasks import besides our own modules.
PRELOADED = ("airflow.providers.amazon.aws.hooks.base_aws", "pandas", "pyarrow.parquet")
PAGES = ("dashboard", "pages")  # of the API server: no task needs them
#: The services that the tasks call: their models are read once, too.
SERVICES = (
    *("athena", "cloudformation", "dynamodb", "glue", "kms", "logs", "ram", "s3", "sagemaker"),
    *("sagemaker-featurestore-runtime", "sts"),
)
WAIT_SECONDS = 120


class Task:
    """What an operator uses of its task instance."""

    def __init__(self) -> None:
        self.xcoms: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value

    def get_dr_count(
        self, _dag_id: str, run_ids: list[str], states: list[str] | None = None
    ) -> int:
        return 0


def perform(asked: dict[str, Any]) -> Any:
    """Run one operator to its end, its trigger included."""
    from airflow.sdk.exceptions import TaskDeferred
    from airflow.triggers.base import TaskSuccessEvent

    module, name = asked["operator"].split(":")
    operator = getattr(importlib.import_module(module), name)(task_id="task", **asked["arguments"])
    task = Task()
    context: Any = {
        "dag_run": SimpleNamespace(run_id=asked["run_id"], triggering_user_name=None, conf={}),
        "ti": task,
        "inlet_events": defaultdict(list),
        "outlet_events": defaultdict(SimpleNamespace),
    }
    from causeway_airflow.bases.operator import airflow_errors

    with airflow_errors():
        try:
            return operator.perform(context)
        except TaskDeferred as deferred:
            event = asyncio.run(asyncio.wait_for(_first(deferred.trigger), WAIT_SECONDS))
            if isinstance(event, TaskSuccessEvent):
                return task.xcoms.get("return_value")
            return operator.resumed(context, **(deferred.kwargs or {}))


async def _first(trigger: Any) -> Any:
    async for event in trigger.run():
        return event
    return None


def outcome(asked: dict[str, Any]) -> dict[str, Any]:
    """Run one operator and say what came of it."""
    from airflow.sdk.exceptions import AirflowFailException

    try:
        return {"state": "returned", "result": perform(asked)}
    except Exception as error:
        traceback.print_exc()
        again = not isinstance(error, AirflowFailException)
        return {"state": "raised", "error": f"{type(error).__name__}: {error}", "retry": again}


def in_a_fork(asked: dict[str, Any]) -> str:
    """Return the outcome of one operator as JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        try:
            with os.fdopen(writer, "w") as answer:
                answer.write(json.dumps(outcome(asked)))
            code = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as answers:
        answer = answers.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return json.dumps({"state": "killed"})
    return answer or json.dumps({"state": "raised", "error": "no answer", "retry": False})


def _own_modules() -> list[str]:
    import causeway_airflow

    modules = pkgutil.walk_packages(causeway_airflow.__path__, "causeway_airflow.")
    return [module.name for module in modules if module.name.split(".")[1] not in PAGES]


def _read_service_models() -> None:
    """Have the models read that hooks share in a process; a client that is built calls nobody."""
    import boto3

    from causeway_airflow.hooks.sessions import SharedSessions

    session = boto3.Session("key", "secret", region_name="eu-central-1")
    session._session.register_component("data_loader", SharedSessions.loader)
    for service in SERVICES:
        session.client(service)


def _no_delay(_backoff: Any, _context: Any) -> float:
    return 0.01


def main() -> None:
    """Serve until standard input ends."""
    for name in (*PRELOADED, *_own_modules()):
        importlib.import_module(name)
    _read_service_models()
    # How often a call is tried again is botocore's; how long it waits in between is not tried here.
    importlib.import_module("botocore.retries.standard").ExponentialBackoff.delay_amount = _no_delay
    with os.fdopen(int(sys.argv[1]), "w") as answers:
        for line in sys.stdin:
            answers.write(in_a_fork(json.loads(line)) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
