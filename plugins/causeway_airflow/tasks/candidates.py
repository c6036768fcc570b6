"""The candidates of a training: each tracked as an MLflow run, which mirrors what its job says.

The best is picked by the metrics that the jobs wrote, not by what MLflow holds of them.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from causeway.training.jobs import MODEL_ARCHIVE, hyperparameters_of
from causeway.training.selection import best_of
from causeway_airflow.configuration import case_and_model, code_version
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.experiments import (
    DAG_RUN_TAG,
    Experiment,
    TrackedCandidate,
    TrackedDataset,
    TrackedRun,
)
from causeway_airflow.hooks.tracking import TrackingHook
from causeway_airflow.results import Best, Dataset, TrainedJob
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.evidence import artifact_in_production, final_metrics
from causeway_airflow.tasks.model_archives import unpack

log = logging.getLogger(__name__)


def track(
    hook: Hooks,
    use_case: str,
    model_name: str,
    *,
    jobs: Sequence[TrainedJob],
    dataset: Dataset,
    run_id: str,
) -> Best:
    """Log every candidate that is not logged yet; return the best by its job's own metrics.

    Raises:
        NotFound: none of them has the metric.
    """
    case, model = case_and_model(use_case, model_name)
    files = hook(ArtifactsHook)
    job_of = {job["job"]: job for job in jobs}
    measured = {name: final_metrics(files, job) for name, job in job_of.items()}
    final = {name: metrics["final"] for name, metrics in measured.items()}
    name = best_of(final, model.training.select_by, maximise=model.training.more_is_better)
    experiment = hook(TrackingHook).experiment(case.id)
    # A run id is unique within its DAG; a DAG trains one model.
    dag_run = f"{model.name}/{run_id}"
    parent = experiment.parent(dag_run, dag_run, {"causeway.model": model.name})
    begun = experiment.candidates(parent)
    runs: dict[str, str] = {}
    for job_name, job in job_of.items():
        run = begun.get(job_name)
        if run is not None and run.finished:
            runs[job_name] = run.run_id
        else:
            tags = _tags(model.name, job, dataset, dag_run)
            data = TrackedDataset(case.id, dataset["digest"], dataset["uri"], dataset["rows"])
            runs[job_name] = _log(
                files, experiment, parent, job, measured[job_name], tags, data, run
            )
    facts = {"causeway.best-job": name, "causeway.best-run": runs[name]}
    experiment.finish(parent, final[name], facts)
    log.info("best of %d: %s with %s", len(job_of), name, final[name])
    return {
        **job_of[name],
        "mlflow_run": runs[name],
        "mlflow_parent": parent,
        "metrics": final[name],
        "experiment": experiment.ensure(),
        "runs": runs,
        "production_uri": artifact_in_production(hook, model.name)[1],
    }


def _log(
    files: ArtifactsHook,
    experiment: Experiment,
    parent: str,
    job: TrainedJob,
    measured: Mapping[str, Any],
    tags: Mapping[str, str],
    dataset: TrackedDataset,
    begun: TrackedRun | None,
) -> str:
    """Log a candidate with its model, and return its run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        digest = files.download(job["model_uri"], folder / MODEL_ARCHIVE)
        unpack(folder / MODEL_ARCHIVE, folder / "model")
        candidate = TrackedCandidate(
            name=job["job"],
            job=job["job"],
            parameters=hyperparameters_of(job["hyperparameters"]),
            metrics=measured["final"],
            history=measured["history"],
            tags={**tags, "causeway.artifact-sha256": digest},
        )
        return experiment.log_candidate(parent, candidate, dataset, folder / "model", begun)


def _tags(model: str, job: TrainedJob, dataset: Dataset, dag_run: str) -> dict[str, str]:
    """Return what a candidate was made of; what is not known is left out."""
    code = code_version()
    tags = {
        DAG_RUN_TAG: dag_run,
        "causeway.model": model,
        "causeway.model-uri": job["model_uri"],
        "causeway.image": job["image_uri"],
        "causeway.feature-groups": ", ".join(dataset["groups"]),
        "causeway.dataset-sha256": dataset["digest"],
        "causeway.dataset-uri": dataset["uri"],
        "causeway.data-source": "; ".join(dataset["sources"]),
        "causeway.synthetic-data": dataset["synthetic"],
        "mlflow.source.git.commit": code.commit,
        "mlflow.source.name": code.repository,
        "mlflow.source.type": "JOB",
    }
    return {name: value for name, value in tags.items() if value}
