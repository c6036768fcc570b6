"""Runs DAGs through `dag.test()` in a process of its own, as it is told line by line.

`dag.test()` runs in the main thread, and Airflow reads its settings when it is imported: neither
suits a test process. Reads `{"dag_id", "conf"}` from standard input and answers one JSON line each
on the descriptor that is its first argument: state, task states and results by task.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


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
        found = session.scalars(
            select(XComModel)
            .where(
                XComModel.dag_id == dag_id,
                XComModel.run_id == finished.run_id,
                XComModel.key == "return_value",
            )
            .order_by(XComModel.map_index)
        )
        for xcom in found:
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


def main() -> None:
    """Serve until standard input ends."""
    with os.fdopen(int(sys.argv[1]), "w") as answers:
        for line in sys.stdin:
            asked = json.loads(line)
            answers.write(json.dumps(run(asked["dag_id"], asked.get("conf"))) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
