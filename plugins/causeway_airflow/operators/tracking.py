"""Operators that keep a training's record in MLflow, and pick the best of its candidates."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causeway.errors import UnexpectedState
from causeway.topology.accounts import AccountRole
from causeway_airflow.configuration import case_and_model, code_version
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.tracking import TrackedCandidate

METRICS_FILE = "metrics.json"


class TrackCandidatesOperator(TrainingOperator):
    """Log every candidate as an MLflow run and pick the best.

    :param jobs: the results of the training jobs
    :param dataset: the result of the dataset task
    :returns: the best candidate's job result, with its MLflow run and metrics, and what is in
        production now: `in_production` (digest) and `production_uri`, empty without a version;
        `runs` are the MLflow runs by job
    """

    template_fields = (*CausewayOperator.template_fields, "jobs", "dataset")

    def __init__(self, *, jobs: Any, dataset: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.jobs = jobs
        self.dataset = dataset

    def perform(self, context: Context) -> dict[str, Any]:
        """Log what is not logged yet, then ask MLflow for the best."""
        from causeway.training.jobs import MODEL_ARCHIVE
        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.tracking import (
            JOB_TAG,
            TrackedDataset,
            TrackingHook,
        )

        case, model = case_and_model(self.use_case, self.model)
        jobs = {job["job"]: job for job in self.jobs}
        tracking = TrackingHook(case.id, self.connection())
        # A run id is unique within its DAG; a DAG trains one model.
        dag_run = f"{model.name}/{context['dag_run'].run_id}"
        parent = tracking.parent(dag_run, dag_run, {"causeway.model": model.name})
        data = TrackedDataset(
            case.id, self.dataset["digest"], self.dataset["uri"], self.dataset["rows"]
        )
        files = ArtifactsHook(self.connection(), self.region_name)
        known = tracking.candidates(parent)
        runs = {}
        for job in jobs.values():
            begun = known.get(job["job"])
            if begun is not None and begun.finished:
                runs[job["job"]] = begun.run_id
                continue
            written = self._metrics(files.read(job["output_uri"]), job["job"])
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                digest = files.download(job["model_uri"], folder / MODEL_ARCHIVE)
                unpack(folder / MODEL_ARCHIVE, folder / "model")
                tracked = self._tracked(job, written, digest, dag_run)
                runs[job["job"]] = tracking.log_candidate(
                    parent, tracked, data, folder / "model", begun
                )
        best = tracking.best(
            runs.values(), model.training.select_by, maximise=model.training.maximise
        )
        metrics, name, chosen = dict(best.metrics), best.tags[JOB_TAG], best.run_id
        tracking.finish(parent, metrics, {"causeway.best-job": name, "causeway.best-run": chosen})
        self.log.info("best of %d: %s with %s", len(jobs), name, metrics)
        return {
            **jobs[name],
            "mlflow_run": chosen,
            "mlflow_parent": parent,
            "metrics": metrics,
            "experiment": best.experiment_id,
            "runs": runs,
            **self._production(),
        }

    def _production(self) -> dict[str, str]:
        """Return the artifact now in production, which the evaluation is to compare with."""
        from causeway.digests import Digest
        from causeway.versions.registry import artifact_key
        from causeway_airflow.hooks.stage_table import StageTableHook

        table = StageTableHook(self.connection("governance", "recorder"), self.region_name)
        live = table.live(AccountRole.PROD, self.model)
        if live is None:
            return {"in_production": "", "production_uri": ""}
        key = artifact_key(self.model, Digest(live.artifact_sha256))
        return {
            "in_production": live.artifact_sha256,
            "production_uri": self.bucket_uri(AccountRole.SHARED_SERVICES, key),
        }

    def _tracked(
        self, job: dict[str, Any], written: Any, digest: str, dag_run: str
    ) -> TrackedCandidate:
        from causeway.training.jobs import hyperparameters_of
        from causeway_airflow.hooks.tracking import DAG_RUN_TAG, TrackedCandidate

        code = code_version()
        tags = {
            DAG_RUN_TAG: dag_run,
            "causeway.model": self.model,
            "causeway.model-uri": job["model_uri"],
            "causeway.artifact-sha256": digest,
            "causeway.image": job["image_uri"],
            "causeway.feature-groups": ", ".join(self.dataset["groups"]),
            "causeway.dataset-sha256": self.dataset["digest"],
            "causeway.dataset-uri": self.dataset["uri"],
            "mlflow.source.git.commit": code.commit,
            "mlflow.source.name": code.repository,
            "mlflow.source.type": "JOB",
        }
        return TrackedCandidate(
            name=job["job"],
            job=job["job"],
            parameters=hyperparameters_of(job["hyperparameters"]),
            metrics=written["final"],
            history=written["history"],
            tags={name: value for name, value in tags.items() if value},
        )

    def _metrics(self, archive: bytes, job: str) -> dict[str, Any]:
        """Read the metrics document that a training job left in its output archive."""
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            for member in tar:
                if Path(member.name).name == METRICS_FILE and member.isfile():
                    body = tar.extractfile(member)
                    if body is not None:
                        document: dict[str, Any] = json.loads(body.read())
                        return document
        raise UnexpectedState(
            f"training job {job} left no {METRICS_FILE} in its output",
            next_step="Write it into SM_OUTPUT_DATA_DIR in train.py.",
        )


class TrackEvaluationOperator(TrainingOperator):
    """Log the evaluation of the best candidate to its MLflow run: metrics, plots, documents.

    Nothing waits for it: it stands beside the gate.

    :param best: the result of the tracking task
    :param evaluation: the folder of the evaluation (templated)
    :returns: the MLflow run
    """

    template_fields = (*CausewayOperator.template_fields, "best", "evaluation")

    def __init__(self, *, best: Any, evaluation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.best = best
        self.evaluation = evaluation

    def perform(self, context: Context) -> str:
        """Fetch what the evaluation names, and log it."""
        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.tracking import TrackingHook

        case, _ = case_and_model(self.use_case, self.model)
        files = ArtifactsHook(self.connection(), self.region_name)
        place, run_id = self.evaluation.rstrip("/"), str(self.best["mlflow_run"])
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files.download(f"{place}/evaluation.json", folder / "evaluation.json")
            document = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
            for plot in document.get("plots", ()):
                files.download(f"{place}/plots/{Path(plot).name}", folder / Path(plot).name)
            tracking = TrackingHook(case.id, self.connection())
            tracking.log_evaluation(run_id, document["metrics"], folder)
        return run_id


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a model archive; members that point outside or are no files are refused.

    Raises:
        UnexpectedState: the archive is none, or holds such a member.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise UnexpectedState(
            f"the model archive cannot be unpacked: {error}",
            next_step="Look at what the training script leaves in SM_MODEL_DIR.",
        ) from error
