"""Runs DAGs through `dag.test()` in a process of its own, as it is told line by line.

`dag.test()` runs in the main thread, and Airflow reads its settings when it is imported: neither
suits a test process. Reads requests from standard input and answers one JSON line each on the
descriptor that is its first argument: `{"dag_id", "conf"}` with the run's state, its task states
and results by task, `{"function", "arguments"}` with the error of a function of `outside.py`, which
runs in a fork.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def run(dag_id: str, conf: dict[str, Any] | None) -> dict[str, Any]:
    """Run one DAG once and say what became of each task."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    dag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags[dag_id]
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
