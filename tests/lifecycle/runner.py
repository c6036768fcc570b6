"""Runs DAGs through `dag.test()` in a process of its own, as it is told line by line.

`dag.test()` runs in the main thread, and Airflow reads its settings when it is imported: neither
suits a test process. Reads requests from standard input and answers one JSON line each on the
descriptor that is its first argument: `{"dag_id", "conf", "run_id"}` with the run's state, its task
states and results by task, `{"function", "arguments"}` with the error of a function of
`outside.py`, which runs in a fork.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def named(dag_id: str, run_id: str | None) -> Iterator[None]:
    """Have `dag.test()` take a run id; a run that has it is started anew, as if it were cleared."""
    if run_id is None:
        yield
        return
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        own = (DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        for earlier in session.scalars(select(DagRun).where(*own)):
            session.delete(earlier)
    with patch.object(DagRun, "generate_run_id", lambda **_: run_id):
        yield


def run(dag_id: str, conf: dict[str, Any] | None, run_id: str | None) -> dict[str, Any]:
    """Run one DAG once and say what became of each task."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    dag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags[dag_id]
    with named(dag_id, run_id):
        finished = dag.test(run_conf=conf)
    tasks: dict[str, list[str]] = {}
    results: dict[str, Any] = {}
    with create_session() as session:
        for instance in finished.get_task_instances(session=session):
            tasks.setdefault(instance.task_id, []).append(str(instance.state))
        xcoms = session.scalars(
            select(XComModel)
            .where(
                XComModel.dag_id == dag_id,
                XComModel.run_id == finished.run_id,
                XComModel.key == "return_value",
            )
            .order_by(XComModel.map_index)
        )
        for xcom in xcoms:
            value = XComModel.deserialize_value(xcom)
            if xcom.map_index >= 0:
                results.setdefault(xcom.task_id, []).append(value)
            else:
                results[xcom.task_id] = value
    return {
        "run_id": finished.run_id,
        "state": str(finished.state),
        "tasks": tasks,
        "results": results,
    }


def call(function: str, arguments: list[str]) -> dict[str, str | None]:
    """Run a function of `outside.py` in a fork and return its error, if it has one."""
    from tests.lifecycle import outside

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        error = None
        try:
            getattr(outside, function)(*arguments)
        except BaseException:
            error = traceback.format_exc()
        os.write(writer, json.dumps({"error": error}).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        answer: dict[str, str | None] = json.loads(said.read() or '{"error": "no answer"}')
    os.waitpid(child, 0)
    return answer


def main() -> None:
    """Serve until standard input ends."""
    sys.path.insert(0, str(ROOT))
    from causeway_airflow.tasks import policies

    policies.SETTLE = 0.05  # type: ignore[misc] # seconds: no other writer interferes here
    with os.fdopen(int(sys.argv[1]), "w") as answers:
        for line in sys.stdin:
            request = json.loads(line)
            answer = call(**request) if "function" in request else run(**request)
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
