"""Operators of a training: the dataset, and the candidates tracked and compared."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causeway.accounts import AccountRole
from causeway.arns import FeatureGroupArn
from causeway.datasets import dataset_spec, join_groups, latest_records
from causeway.documents import canonical_json, sha256
from causeway.errors import NotSharedYet, UnexpectedState
from causeway.jobs import hyperparameters_of
from causeway.registry import Digest, artifact_key
from causeway_airflow.assets import feature_group
from causeway_airflow.configuration import case_and_model, case_of, topology
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.feature_store import FeatureGroupsHook

METRICS_FILE = "metrics.json"


class TrainingOperator(CausewayOperator):
    """A task of one model's training, acting in the data science account by default.

    :param use_case: the use case
    :param model: the model
    """

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        account_role: str = "data_science",
        duty: str = "trainer",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.model = model

    def bucket_uri(self, role: AccountRole, key: str) -> str:
        """Return the URI of a key in an account role's bucket."""
        return f"s3://{topology().bucket(role)}/{key}"


class BuildDatasetOperator(TrainingOperator):
    """Read the shared feature groups' offline store as their consumer and store one dataset.

    :returns: `{"digest", "uri", "rows", "groups"}`
    """

    def __init__(self, *, use_case: str, **kwargs: Any) -> None:
        groups = case_of(use_case).feature_groups
        kwargs.setdefault("inlets", [feature_group(group.name) for group in groups])
        super().__init__(use_case=use_case, **kwargs)

    def perform(self, context: Context) -> dict[str, Any]:
        """Read the latest records of each group, join them, store the table under its digest."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook
        from causeway_airflow.hooks.offline_store import OfflineStoreHook

        case, places = case_of(self.use_case), topology()
        groups = FeatureGroupsHook(self.connection(), self.region_name)
        store = OfflineStoreHook(self.connection(), self.region_name)
        tables = {}
        for group in case.feature_groups:
            arn = str(FeatureGroupArn.of(places, AccountRole.DATA, group.name))
            found = self._described(groups, arn)
            where = found["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
            rows = store.read(where)
            there = len(set(rows[group.record_identifier].to_pylist())) if rows.num_rows else 0
            if there < max(1, self._ingested(context, group.name)):
                # The offline store follows the online one by minutes (Feature Store guide).
                raise NotSharedYet(
                    f"the offline store of {arn} holds {there} records, fewer than were ingested",
                    principal=store.principal,
                    next_step="Run the features DAG first; after it, wait up to 15 minutes.",
                )
            tables[group.name] = latest_records(group, rows)
        table = join_groups(case, tables)
        spec = dataset_spec(case, table)
        uri = self.bucket_uri(AccountRole(self.account_role), spec.key)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        ArtifactsHook(self.connection(), self.region_name).put(
            uri, sink.getvalue().to_pybytes(), sha256=spec.digest
        )
        self.log.info("dataset %s: %d rows", spec.digest, spec.rows)
        return {"digest": spec.digest, "uri": uri, "rows": spec.rows, "groups": list(spec.groups)}

    def _ingested(self, context: Context, group: str) -> int:
        """Return how many records the last ingestion of a group had; 0 when none is known."""
        events = context["inlet_events"][feature_group(group)]
        extra = (events[-1].extra or {}) if len(events) else {}
        return int(str(extra.get("records", 0)))

    def _described(self, groups: FeatureGroupsHook, arn: str) -> dict[str, Any]:
        from causeway_airflow.hooks.base import AwsCallError

        try:
            return groups.call("describe_feature_group", FeatureGroupName=arn)
        except AwsCallError as error:
            if not error.denied:
                raise
            raise NotSharedYet(
                f"{arn} is not shared with this account yet ({error.code})",
                principal=groups.principal,
                next_step="Run platform__sharing; this task looks again.",
            ) from error


class TrackCandidatesOperator(TrainingOperator):
    """Log every candidate as an MLflow run and pick the best.

    :param jobs: the results of the training jobs
    :param dataset: the result of the dataset task
    :returns: the best candidate's job result, with its MLflow run and metrics, and what is in
        production now: `in_production` (digest) and `production_uri`, empty without a version
    """

    template_fields = (*CausewayOperator.template_fields, "jobs", "dataset")

    def __init__(self, *, jobs: Any, dataset: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.jobs = jobs
        self.dataset = dataset

    def perform(self, context: Context) -> dict[str, Any]:
        """Log what is not logged yet, then ask MLflow for the best."""
        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.tracking import (
            JOB_TAG,
            MODEL_FILE,
            TrackedDataset,
            TrackingHook,
        )

        case, model = case_and_model(self.use_case, self.model)
        jobs = {job["job"]: job for job in self.jobs}
        training = sha256(canonical_json([self.dataset["digest"], sorted(jobs)]))
        tracking = TrackingHook(case.id)
        run_id = context["dag_run"].run_id
        parent = tracking.parent(
            training,
            f"{model.name} {training[:8]}",
            {"causeway.model": model.name, "causeway.dag-run": run_id},
        )
        data = TrackedDataset(
            case.id, self.dataset["digest"], self.dataset["uri"], self.dataset["rows"]
        )
        files = ArtifactsHook(self.connection(), self.region_name)
        for job in jobs.values():
            written = self._metrics(files.read(job["output_uri"]), job["job"])
            with tempfile.TemporaryDirectory() as folder:
                archive = Path(folder) / MODEL_FILE
                digest = files.download(job["model_uri"], archive)
                tracking.log_candidate(
                    parent, self._tracked(job, written, digest, run_id), data, archive
                )
        best = tracking.best(parent, model.training.select_by, maximise=model.training.maximise)
        metrics = {name: float(value) for name, value in best.data.metrics.items()}
        name, chosen = best.data.tags[JOB_TAG], best.info.run_id
        tracking.finish(parent, metrics, {"causeway.best-job": name, "causeway.best-run": chosen})
        self.log.info("best of %d: %s with %s", len(jobs), name, metrics)
        return {
            **jobs[name],
            "mlflow_run": chosen,
            "mlflow_parent": parent,
            "metrics": metrics,
            **self._production(),
        }

    def _production(self) -> dict[str, str]:
        """Return the artifact now in production, which the evaluation is to compare with."""
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

    def _tracked(self, job: dict[str, Any], written: Any, digest: str, run_id: str) -> Any:
        from causeway_airflow.hooks.tracking import TrackedCandidate

        return TrackedCandidate(
            name=job["job"],
            job=job["job"],
            parameters=hyperparameters_of(job["hyperparameters"]),
            metrics=written["final"],
            history=written["history"],
            tags={
                "causeway.model": self.model,
                "causeway.model-uri": job["model_uri"],
                "causeway.artifact-sha256": digest,
                "causeway.dag-run": run_id,
            },
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
