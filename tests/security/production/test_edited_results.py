"""Whoever edits what tasks hand over (XComs), or MLflow, changes neither verdict nor candidate.

One training whose jobs really ran; the tries are at its gate and its registration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from causeway.errors import CausewayError, GateFailed, NameTaken, NotFound, UnexpectedState
from causeway.topology.account_roles import AccountRole
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import BUCKET
from tests.plugins.conftest import context
from tests.plugins.trained import Training, small_use_cases, training
from tests.security.production.conftest import Seen

Look = Callable[[], Seen]
AUC = "validation_auc"


@dataclass
class Trained:
    """The training, and what its tasks handed over."""

    route: Training
    parts: str
    jobs: list[Any]
    best: Any
    report: str

    @property
    def worse(self) -> Any:
        """The job of a candidate that is not the best."""
        return next(job for job in self.jobs if job["job"] != self.best["job"])


@pytest.fixture(scope="module")
def trained(
    shared: LocalPlatform, own_endpoints: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trained]:
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # MLflow keeps files beside its process
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.setenv("CAUSEWAY_USE_CASES", str(small_use_cases(folder)))
        route = training(folder / "made")
        parts = route.preprocess()
        jobs = route.train(parts)
        best = route.track(jobs)
        route.evaluate(best, parts)
        yield Trained(route, parts, jobs, best, route.gate()["report_sha256"])


@pytest.fixture
def refused(trained: Trained, seen: Look) -> Callable[..., None]:
    """Try to register, and see that it is refused before anything is written."""

    def attempt(
        error: type[CausewayError], message: str, report: str, route: Training = trained.route
    ) -> None:
        before = seen()
        with pytest.raises(error, match=message):
            route.register(report).perform(context())
        assert seen() == before

    return attempt


def stored_report(trained: Trained, **changes: Any) -> str:
    """Store a report that passes, of evidence that is not the training's; return its digest."""
    from causeway_airflow.configuration import case_and_model
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.tasks.gates import judged, store

    evidence = replace(trained.route.register("").evidence(), **changes)
    report = judged(case_and_model("credit_risk", "credit_risk")[1], evidence)
    report.require_pass()
    files = ArtifactsHook("causeway_data_science_trainer")
    store(files, AccountRole.DATA_SCIENCE, "credit_risk", report)
    return report.digest


def with_gates(monkeypatch: pytest.MonkeyPatch, folder: Path, *gates: dict[str, Any]) -> None:
    """Have the model judged by other gates; its jobs are the same."""
    monkeypatch.setenv("CAUSEWAY_USE_CASES", str(small_use_cases(folder, gates=list(gates))))


# --------------------------------------------------------------------------------- reports
def test_a_candidate_that_failed_is_not_registered_under_any_report(
    trained: Trained,
    refused: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_gates(monkeypatch, tmp_path, {"metric": "auc", "min": 0.999})
    with pytest.raises(GateFailed, match=r"auc .* \(at least 0.999\)"):
        trained.route.gate()
    for report in (trained.report, "0" * 64):
        refused(GateFailed, "the gate says fail: auc", report)


def test_an_invented_report_is_refused(trained: Trained, refused: Callable[..., None]) -> None:
    for report in ("0" * 64, "", trained.report.upper()):
        refused(UnexpectedState, f"makes {trained.report}", report)


def test_a_report_of_another_artifact_dataset_or_evaluation_is_refused(
    trained: Trained, refused: Callable[..., None]
) -> None:
    evidence = trained.route.register("").evidence()
    document = {**evidence.document}
    others = (
        {"dataset_digest": "d" * 64},
        {"document": document | {"inputs": {"model.tar.gz": "a" * 64}}},
        {"document": document | {"metrics": {**document["metrics"], "auc": 0.99}}},
        {"metrics": {**evidence.metrics, AUC: 0.99}},
    )
    for changes in others:
        refused(UnexpectedState, f"makes {trained.report}", stored_report(trained, **changes))


def test_a_report_that_was_written_over_is_refused(
    shared: LocalPlatform, trained: Trained, refused: Callable[..., None]
) -> None:
    s3 = shared.client("s3", "data_science")
    where = {
        "Bucket": BUCKET,
        "Key": f"jobs/credit_risk/gates/{trained.report}/gate-report.json",
    }
    text = s3.get_object(**where)["Body"].read()
    for other in (text.replace(b'"model"', b'"Model"'), b"{}"):
        s3.put_object(**where, Body=other)
        refused(UnexpectedState, "judged was", trained.report)
    s3.put_object(**where, Body=text)


# -------------------------------------------------------------------------------- datasets
def test_another_dataset_finds_no_jobs(
    trained: Trained, refused: Callable[..., None], tmp_path: Path
) -> None:
    other = training(tmp_path / "other", rows=900)
    assert other.dataset["digest"] != trained.route.dataset["digest"]
    refused(NotFound, "there is no processing job credit-risk-preprocess", trained.report, other)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        f"s3://{BUCKET}/jobs/credit_risk/{'d' * 64}/dataset.parquet",
        f"s3://{BUCKET}/datasets/california_housing/{'d' * 64}/dataset.parquet",
        f"s3://somebody/datasets/credit_risk/{'d' * 64}/dataset.parquet",
    ],
)
def test_what_is_no_dataset_of_the_use_case_is_refused(
    trained: Trained, refused: Callable[..., None], uri: str
) -> None:
    route = replace(trained.route, dataset={**trained.route.dataset, "uri": uri})
    refused(UnexpectedState, "is no dataset of use case credit_risk", trained.report, route)


def test_another_seed_finds_no_jobs(trained: Trained, refused: Callable[..., None]) -> None:
    route = replace(trained.route, seed=7)
    refused(NotFound, "there is no training job credit-risk-train", trained.report, route)


def test_a_job_that_was_made_otherwise_under_the_expected_name_is_refused(
    shared: LocalPlatform, trained: Trained, refused: Callable[..., None], tmp_path: Path
) -> None:
    from causeway_airflow.hooks.jobs import JobsHook
    from causeway_airflow.tasks.jobs import processing_job

    other = training(tmp_path / "forestalled", rows=800)
    job = processing_job(
        AccountRole.DATA_SCIENCE,
        "credit_risk",
        "credit_risk",
        script="preprocess.py",
        inputs={"dataset": other.dataset["uri"]},
        output_name="parts",
        document="preprocess",
    )
    request = job.job.request({"causeway:model": "credit_risk"})
    request["ProcessingInputs"][1]["S3Input"]["S3Uri"] = trained.route.dataset["uri"]
    JobsHook("causeway_data_science_trainer").call("create_processing_job", **request)
    shared.client("sagemaker", "data_science").get_waiter(
        "processing_job_completed_or_stopped"
    ).wait(ProcessingJobName=job.job.name, WaiterConfig={"Delay": 1})
    refused(NameTaken, "was made with other ProcessingInputs than", trained.report, other)


# ------------------------------------------------------------------------------ candidates
def test_a_worse_candidate_is_not_registered_although_it_was_evaluated_and_reported(
    trained: Trained, refused: Callable[..., None]
) -> None:
    worse = {**trained.worse, "production_uri": ""}
    folder = trained.route.evaluate(worse, trained.parts)  # `track` was edited
    evidence = trained.route.register("").evidence()
    assert evidence.best["job"] == trained.best["job"]
    assert evidence.evaluation != folder
    report = stored_report(
        trained,
        document=evidence.document | {"inputs": {"model.tar.gz": _digest(worse["model_uri"])}},
    )
    refused(UnexpectedState, f"makes {trained.report}", report)


def test_mlflow_does_not_choose_the_best(trained: Trained) -> None:
    from causeway_airflow.hooks.tracking import TrackingHook

    client = TrackingHook().client
    client.log_metric(trained.best["runs"][trained.worse["job"]], AUC, 0.9999, step=10_000)
    client.log_metric(trained.best["mlflow_run"], AUC, 0.0001, step=10_000)
    again = trained.route.track(trained.jobs)
    assert (again["job"], again["metrics"]) == (trained.best["job"], trained.best["metrics"])
    assert trained.route.gate()["report_sha256"] == trained.report


def test_a_gate_on_a_validation_metric_takes_the_jobs_own(
    trained: Trained,
    refused: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from causeway_airflow.hooks.tracking import TrackingHook

    TrackingHook().client.log_metric(trained.best["mlflow_run"], AUC, 0.9999, step=20_000)
    with_gates(monkeypatch, tmp_path, {"metric": AUC, "min": 0.999})
    with pytest.raises(GateFailed, match=rf"{AUC} .* \(at least 0.999\)"):
        trained.route.gate()
    refused(GateFailed, f"the gate says fail: {AUC}", trained.report)


# ------------------------------------------------------------------------ the registration
def test_what_is_registered_is_what_the_jobs_say(shared: LocalPlatform, trained: Trained) -> None:
    """Last in this file: the version stays."""
    task = trained.route.register(trained.report, mlflow_run="edited")
    # Of the tasks before, only these are told to it, and nothing else is templated.
    assert set(task.template_fields) - {"account_role", "duty", "region_name"} == {
        *("dataset", "seed", "report", "mlflow_run")
    }
    done = task.perform(context(user="model-owner"))
    version = shared.client("sagemaker", "shared_services").describe_model_package(
        ModelPackageName=done["version_arn"]
    )
    job = shared.client("sagemaker", "data_science").describe_training_job(
        TrainingJobName=trained.best["job"]
    )
    metadata = version["CustomerMetadataProperties"]
    (container,) = version["InferenceSpecification"]["Containers"]
    assert version["MetadataProperties"]["GeneratedBy"] == job["TrainingJobArn"]
    assert version["SourceUri"] == job["ModelArtifacts"]["S3ModelArtifacts"]
    image = job["AlgorithmSpecification"]["TrainingImage"].rpartition(":")[0]
    assert container["Image"].startswith(f"{image}@sha256:")
    assert metadata["artifact-sha256"] == _digest(version["SourceUri"])
    assert metadata["gate-report-sha256"] == trained.report
    assert metadata["dataset-sha256"] == trained.route.dataset["digest"]
    assert (metadata["trained-by"], metadata["requested-by"]) == ("ml-engineer", "model-owner")


def _digest(uri: str) -> str:
    from causeway_airflow.hooks.artifacts import ArtifactsHook

    return ArtifactsHook("causeway_data_science_trainer").digest(uri)
