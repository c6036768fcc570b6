"""An MLflow experiment: one parent run per DAG run, one child per candidate.

Runs are found by what they track (tags), not by when they were made: a second look of the same DAG
run finds its runs and changes nothing. A candidate is logged in one batch. Models are uploaded as
files and never loaded here: no xgboost, no pickle in Airflow's processes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

DAG_RUN_TAG: Final = "causeway.dag-run"
#: On the parent run alone: its children carry the DAG run too.
PARENT_OF_TAG: Final = "causeway.parent-of"
JOB_TAG: Final = "causeway.job"
PARENT_TAG: Final = "mlflow.parentRunId"
#: Where a run keeps its model, as MLflow's own `log_model` has it by default.
MODEL_FOLDER: Final = "model"
#: A batch takes 1,000 metrics (MLflow REST API, "Log Batch").
BATCH: Final = 1000
#: Runs to a page; a search may ask for 50,000 (MLflow REST API, "Search Runs").
PAGE: Final = 1000
FINISHED: Final = "FINISHED"


@dataclass(frozen=True)
class TrackedCandidate:
    """A candidate as one MLflow run: what it was trained with, and how it did, step by step."""

    name: str
    job: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    history: Mapping[str, list[float]]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class TrackedDataset:
    """The dataset that the candidates were trained on."""

    name: str
    digest: str
    uri: str
    rows: int


@dataclass(frozen=True)
class TrackedRun:
    """A run as the server tells of it; `started` is in milliseconds since 1970."""

    run_id: str
    experiment_id: str
    finished: bool
    started: int
    artifact_uri: str
    metrics: Mapping[str, float]
    tags: Mapping[str, str]

    @classmethod
    def of(cls, run: Run) -> TrackedRun:
        """Read one of MLflow's."""
        return cls(
            run_id=str(run.info.run_id),
            experiment_id=str(run.info.experiment_id),
            finished=run.info.status == FINISHED,
            started=int(run.info.start_time),
            artifact_uri=str(run.info.artifact_uri),
            metrics=dict(run.data.metrics),
            tags=dict(run.data.tags),
        )


#: Has MLflow show runs and metrics first; it opens on its traces of language models otherwise.
KIND: Mapping[str, str] = {"mlflow.experimentKind": "custom_model_development"}


class Experiment:
    """An experiment of a tracking server, made when something is first logged to it.

    :param client: the client of the server
    :param name: the experiment's name
    """

    def __init__(self, client: MlflowClient, name: str) -> None:
        self.client = client
        self.name = name
        self._id = ""

    def ensure(self, tags: Mapping[str, str] | None = None) -> str:
        """Return the experiment's id, making it when it is missing."""
        if not self._id:
            experiment = self.client.get_experiment_by_name(self.name)
            self._id = (
                str(experiment.experiment_id)
                if experiment is not None
                else str(self.client.create_experiment(self.name, tags={**KIND, **(tags or {})}))
            )
        return self._id

    def parent(self, dag_run: str, name: str, tags: Mapping[str, str]) -> str:
        """Return the parent run of a DAG run, making it when it is missing."""
        parents = self._search(f"tags.`{PARENT_OF_TAG}` = '{dag_run}'")
        if parents:
            return parents[0].run_id
        run = self.client.create_run(
            self.ensure(),
            tags={**tags, PARENT_OF_TAG: dag_run, DAG_RUN_TAG: dag_run},
            run_name=name,
        )
        return str(run.info.run_id)

    def candidates(self, parent: str) -> dict[str, TrackedRun]:
        """Return the runs of a parent's candidates by their job; of two, the finished one."""
        children = self._search(f"tags.`{PARENT_TAG}` = '{parent}'")
        finished_last = sorted(children, key=lambda run: run.finished)
        return {run.tags.get(JOB_TAG, ""): run for run in finished_last}

    def log_candidate(
        self,
        parent: str,
        candidate: TrackedCandidate,
        dataset: TrackedDataset,
        model: Path,
        begun: TrackedRun | None = None,
    ) -> str:
        """Log a candidate under its parent; returns the id of its finished run.

        `begun` is the unfinished run of the same job, of a worker that died: it is completed, not
        repeated, as parameters, metrics and files of one job are the same each time. `model` is
        the MLflow model folder.
        """
        from mlflow.entities import Metric, Param
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        run = begun or self._create(parent, candidate)
        run_id, started = run.run_id, run.started
        files = get_artifact_repository(run.artifact_uri, self.client.tracking_uri)
        points = [
            Metric(name, value, started, step)
            for name, values in candidate.history.items()
            for step, value in enumerate(values)
        ]
        last = max((len(values) for values in candidate.history.values()), default=0)
        points += [Metric(name, value, started, last) for name, value in candidate.metrics.items()]
        self.client.log_batch(
            run_id,
            metrics=points[:BATCH],
            params=[Param(name, value) for name, value in candidate.parameters.items()],
        )
        for start in range(BATCH, len(points), BATCH):
            self.client.log_batch(run_id, metrics=points[start : start + BATCH])
        self._log_dataset(run_id, dataset)
        # The client would ask for the run once more, to know where its files go.
        files.log_artifacts(str(model), MODEL_FOLDER)  # type: ignore[no-untyped-call]
        self.client.set_terminated(run_id, FINISHED)
        return run_id

    def finish(self, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
        """Log the last facts of a run and mark it finished."""
        from mlflow.entities import Metric, RunTag

        run = self.client.get_run(run_id)
        if run.info.status == FINISHED and tags.items() <= run.data.tags.items():
            return
        started = int(run.info.start_time)
        self.client.log_batch(
            run_id,
            metrics=[Metric(name, value, started, 0) for name, value in metrics.items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        self.client.set_terminated(run_id, FINISHED)

    def log_evaluation(self, run_id: str, metrics: Mapping[str, float], files: Path) -> None:
        """Log what the evaluation of the best found on the held-out part, and its files."""
        from mlflow.entities import Metric

        started = int(self.client.get_run(run_id).info.start_time)
        self.client.log_batch(
            run_id,
            metrics=[Metric(f"test_{name}", value, started, 0) for name, value in metrics.items()],
        )
        self.client.log_artifacts(run_id, str(files), "evaluation")

    def _log_dataset(self, run_id: str, dataset: TrackedDataset) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        entity = Dataset(
            name=dataset.name,
            digest=dataset.digest[:36],  # MLflow keeps at most 36 characters
            source_type="s3",
            source=json.dumps({"uri": dataset.uri}),
            profile=json.dumps({"num_rows": dataset.rows}),
        )
        self.client.log_inputs(
            run_id,
            datasets=[DatasetInput(entity, [InputTag("mlflow.data.context", "training")])],
        )

    def _create(self, parent: str, candidate: TrackedCandidate) -> TrackedRun:
        return TrackedRun.of(
            self.client.create_run(
                self.ensure(),
                tags={**candidate.tags, PARENT_TAG: parent, JOB_TAG: candidate.job},
                run_name=candidate.name,
            )
        )

    def _search(self, filter_string: str) -> list[TrackedRun]:
        """Return all runs of the experiment that a filter leaves, in no order."""
        runs: list[TrackedRun] = []
        token: str | None = None
        while True:
            page = self.client.search_runs(
                [self.ensure()], filter_string, max_results=PAGE, page_token=token
            )
            runs += map(TrackedRun.of, page)
            token = page.token
            if not token:
                return runs
