"""The button of a training's tasks that opens their MLflow run.

A candidate's run is made after its training task has ended, so that the link cannot be a result of
that task: the API server resolves it when a person looks, from what the tracking task returned.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperatorLink

from causeway_airflow.configuration import topology
from causeway_airflow.operators.gates import GateOperator
from causeway_airflow.operators.jobs import TrainingJobOperator
from causeway_airflow.operators.pipelines import RunPipelineOperator
from causeway_airflow.operators.tracking import TrackCandidatesOperator, TrackEvaluationOperator

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

TRACK_TASK = "track"


class MlflowRunLink(BaseOperatorLink):
    """The MLflow run of a mapped training: its candidate's; of the other tasks: the best's."""

    operators: ClassVar[list[type[BaseOperator]]] = [
        TrainingJobOperator,
        RunPipelineOperator,
        TrackCandidatesOperator,
        TrackEvaluationOperator,
        GateOperator,
    ]

    @property
    def name(self) -> str:
        """The name of the button."""
        return "MLflow run"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the run's page; nothing before the candidates were tracked."""
        tracked = _result(ti_key, TRACK_TASK, -1)
        if not isinstance(tracked, dict):
            return ""
        run = tracked.get("mlflow_run")
        if ti_key.map_index >= 0:
            trained = _result(ti_key, ti_key.task_id, ti_key.map_index)
            job = trained.get("job") if isinstance(trained, dict) else None
            run = tracked.get("runs", {}).get(job)
        return run_page(tracked.get("experiment"), run)


def run_page(experiment: str | None, run: str | None) -> str:
    """Return the address of a run's page; nothing when people cannot open the server in a browser.

    A managed server's pages open by a presigned address alone, which is no link to keep.
    """
    server = os.environ.get("MLFLOW_TRACKING_URI", "")
    if topology().tracking_server_arn() or not server.startswith(("http://", "https://")):
        return ""
    if not experiment or not run:
        return ""
    return f"{server.rstrip('/')}/#/experiments/{experiment}/runs/{run}"


def _result(ti_key: TaskInstanceKey, task_id: str, map_index: int) -> Any:
    """Return what a task of the same DAG run returned, from the API server's database."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        row = session.execute(
            XComModel.get_many(
                key="return_value",
                run_id=ti_key.run_id,
                dag_ids=ti_key.dag_id,
                task_ids=task_id,
                map_indexes=map_index,
            )
        ).first()
        return XComModel.deserialize_value(row[0]) if row else None
