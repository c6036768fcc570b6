"""DAGs of the shapes in `shapes.json` beside this file, whose tasks do nothing: P10's floor."""

import json
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def nothing() -> None:
    """Do nothing."""


for dag_id, edges in json.loads(Path(__file__).with_name("shapes.json").read_text()).items():
    with DAG(f"noop__{dag_id}", schedule=None, catchup=False):
        tasks = {name: PythonOperator(task_id=name, python_callable=nothing) for name in edges}
        for name, downstream in edges.items():
            for other in downstream:
                tasks[name].set_downstream(tasks[other])
