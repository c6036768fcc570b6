"""The candidates of a training: each tracked as an MLflow run, the best picked by its metric."""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from causeway.digests import Digest
from causeway.errors import NotFound, UnexpectedState
from causeway.topology.accounts import AccountRole
from causeway.training.jobs import MODEL_ARCHIVE, hyperparameters_of
from causeway.versions.registry import artifact_key
from causeway_airflow.configuration import case_and_model, code_version
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.experiments import (
    DAG_RUN_TAG,
    JOB_TAG,
    Experiment,
    TrackedCandidate,
    TrackedDataset,
    TrackedRun,
)
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.hooks.tracking import TrackingHook
from causeway_airflow.results import Best, Dataset, TrainedJob
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.jobs import uri_of
from causeway_airflow.tasks.model_archives import document, unpack

log = logging.getLogger(__name__)

METRICS_FILE: Final = "metrics.json"
#: What MLflow's database holds in the place of an infinity; not a number compares as false.
INFINITY: Final = sys.float_info.max


def track(
    hook: Hooks,
    use_case: str,
    model_name: str,
    *,
    jobs: Sequence[TrainedJob],
    dataset: Dataset,
    run_id: str,
) -> Best:
    """Log every candidate that is not logged yet, then pick the best of them.

    Raises:
        NotFound: none of them is finished and has the metric.
    """
    case, model = case_and_model(use_case, model_name)
    job_of = {job["job"]: job for job in jobs}
    experiment = hook(TrackingHook).experiment(case.id)
    # A run id is unique within its DAG; a DAG trains one model.
    dag_run = f"{model.name}/{run_id}"
    parent = experiment.parent(dag_run, dag_run, {"causeway.model": model.name})
    begun = experiment.candidates(parent)
    runs: dict[str, str] = {}
    for name, job in job_of.items():
        run = begun.get(name)
        if run is not None and run.finished:
            runs[name] = run.run_id
        else:
            tags = _tags(model.name, job, dataset, dag_run)
            data = TrackedDataset(case.id, dataset["digest"], dataset["uri"], dataset["rows"])
            runs[name] = _log(hook(ArtifactsHook), experiment, parent, job, tags, data, run)
    chosen = best(
        experiment, runs.values(), model.training.select_by, maximise=model.training.maximise
    )
    name, metrics = chosen.tags[JOB_TAG], dict(chosen.metrics)
    facts = {"causeway.best-job": name, "causeway.best-run": chosen.run_id}
    experiment.finish(parent, metrics, facts)
    log.info("best of %d: %s with %s", len(job_of), name, metrics)
    in_production, production_uri = _production(hook, model.name)
    return {
        **job_of[name],
        "mlflow_run": chosen.run_id,
        "mlflow_parent": parent,
        "metrics": metrics,
        "experiment": chosen.experiment_id,
        "runs": runs,
        "in_production": in_production,
        "production_uri": production_uri,
    }


def best(
    experiment: Experiment, runs: Collection[str], metric: str, *, maximise: bool
) -> TrackedRun:
    """Return the best finished one of some runs; ties go to the job's name.

    Raises:
        NotFound: none of them is finished and has the metric as a finite number.
    """
    finished = [
        run
        for run in experiment.runs(runs)
        if run.finished and abs(run.metrics.get(metric, INFINITY)) < INFINITY
    ]
    if not finished:
        raise NotFound(
            f"none of {len(runs)} candidates is a finished MLflow run with the metric {metric}",
            next_step="Read the training jobs' logs: did they write metrics.json?",
        )
    sign = -1 if maximise else 1
    return min(finished, key=lambda run: (sign * run.metrics[metric], run.tags.get(JOB_TAG, "")))


def _log(
    files: ArtifactsHook,
    experiment: Experiment,
    parent: str,
    job: TrainedJob,
    tags: Mapping[str, str],
    dataset: TrackedDataset,
    begun: TrackedRun | None,
) -> str:
    """Log a candidate with its model, and return its run."""
    measured = _metrics(files.read(job["output_uri"]), job["job"])
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
        "mlflow.source.git.commit": code.commit,
        "mlflow.source.name": code.repository,
        "mlflow.source.type": "JOB",
    }
    return {name: value for name, value in tags.items() if value}


def _metrics(archive: bytes, job: str) -> dict[str, Any]:
    """Read the metrics document that a training job left in its output archive."""
    text = document(archive, METRICS_FILE, of=f"the output of training job {job}")
    if text is not None:
        metrics: dict[str, Any] = json.loads(text)
        return metrics
    raise UnexpectedState(
        f"training job {job} left no {METRICS_FILE} in its output",
        next_step="Write it into SM_OUTPUT_DATA_DIR in train.py.",
    )


def _production(hook: Hooks, model: str) -> tuple[str, str]:
    """Return digest and URI of the artifact now in production, which is compared with."""
    live = hook(StageTableHook, "governance", "recorder").live(AccountRole.PROD, model)
    if live is None:
        return "", ""
    key = artifact_key(model, Digest(live.artifact_sha256))
    return live.artifact_sha256, uri_of(AccountRole.SHARED_SERVICES, key)
