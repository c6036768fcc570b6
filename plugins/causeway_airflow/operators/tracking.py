"""Operators that keep a training's record in MLflow, and pick the best of its candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import Best, Dataset, TrainedJob


class TrackCandidatesOperator(TrainingOperator):
    """Log every candidate as an MLflow run and pick the best.

    :param jobs: the results of the training jobs
    :param dataset: the result of the dataset task
    :returns: `Best`
    """

    template_fields = (*TrainingOperator.template_fields, "jobs", "dataset")

    def __init__(self, *, jobs: Sequence[TrainedJob], dataset: Dataset, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.jobs = jobs
        self.dataset = dataset

    def perform(self, context: Context) -> Best:
        """Log what is not logged yet, then ask MLflow for the best."""
        from causeway_airflow.tasks.candidates import track

        return track(
            self.hook,
            self.use_case,
            self.model,
            jobs=self.jobs,
            dataset=self.dataset,
            run_id=context["dag_run"].run_id,
        )


class TrackEvaluationOperator(TrainingOperator):
    """Log the evaluation of the best candidate to its MLflow run: metrics, plots, documents.

    Nothing waits for it: it stands beside the gate.

    :param best: the result of the tracking task
    :param evaluation: the folder of the evaluation (templated)
    :returns: the MLflow run
    """

    template_fields = (*TrainingOperator.template_fields, "best", "evaluation")

    def __init__(self, *, best: Best, evaluation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.best = best
        self.evaluation = evaluation

    def perform(self, context: Context) -> str:
        """Fetch what the evaluation names, and log it."""
        from causeway_airflow.tasks.evaluation import log_evaluation

        run_id = self.best["mlflow_run"]
        log_evaluation(self.hook, self.use_case, run_id, self.evaluation)
        return run_id
