"""Candidates on a real MLflow server: found by what they are."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local_platform import LocalPlatform

AUC = "validation_auc"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
                *("--port", str(port), "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
                *("--artifacts-destination", str(folder / "artifacts")),
            ],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{url}/health", timeout=2)
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, "no MLflow"
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def tracking(server: str, request: pytest.FixtureRequest) -> Any:
    from causeway_airflow.hooks.tracking import TrackingHook

    return TrackingHook(tracking_uri=server).experiment(request.node.name)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model" / "code").mkdir(parents=True)
    (tmp_path / "model" / "MLmodel").write_text('{"flavors": {}}')
    (tmp_path / "model" / "code" / "inference.py").write_text("")
    return tmp_path / "model"


def log(tracking: Any, parent: str, model: Path, job: str, auc: float, points: int = 3) -> str:
    from causeway_airflow.hooks.experiments import TrackedCandidate, TrackedDataset

    candidate = TrackedCandidate(
        name=job,
        job=job,
        parameters={"max_depth": "5"},
        metrics={AUC: auc},
        history={AUC: [auc / 2] * points},
        tags={"mlflow.source.git.commit": "c0ffee", "causeway.feature-groups": "a, b"},
    )
    dataset = TrackedDataset("credit_risk", "d" * 64, "s3://bucket/dataset.parquet", 1000)
    begun = tracking.candidates(parent).get(job)
    return str(tracking.log_candidate(parent, candidate, dataset, model, begun))


def test_a_dag_run_finds_its_runs_and_another_makes_its_own(tracking: Any, model: Path) -> None:
    parent = tracking.parent("credit_risk/run-1", "run-1", {"causeway.model": "credit_risk"})
    child = log(tracking, parent, model, "job-1", 0.8)
    assert tracking.parent("credit_risk/run-1", "run-1", {}) == parent
    assert tracking.candidates(parent)["job-1"].run_id == child
    other = tracking.parent("credit_risk/run-2", "run-2", {})
    assert other != parent
    assert tracking.candidates(other) == {}


def test_a_candidate_carries_what_it_was_made_of(tracking: Any, model: Path) -> None:
    parent = tracking.parent("m/run", "run", {})
    run = tracking.client.get_run(log(tracking, parent, model, "job", 0.8, points=2500))
    assert run.info.status == "FINISHED"
    assert run.data.params == {"max_depth": "5"}
    assert run.data.metrics[AUC] == 0.8
    assert run.data.tags["mlflow.source.git.commit"] == "c0ffee"
    assert len(tracking.client.get_metric_history(run.info.run_id, AUC)) == 2501
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.digest == "d" * 36
    assert "dataset.parquet" in dataset.dataset.source
    files = {item.path for item in tracking.client.list_artifacts(run.info.run_id, "model")}
    assert files == {"model/MLmodel", "model/code"}


def test_all_candidates_are_found_when_they_are_more_than_a_page_holds(
    tracking: Any, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks import experiments as module

    parent = tracking.parent("m/run", "run", {})
    for number in range(5):
        log(tracking, parent, model, f"job-{number}", 0.7 + number / 100)
    monkeypatch.setattr(module, "PAGE", 2)
    assert len(tracking.candidates(parent)) == 5


def test_a_candidate_half_logged_is_completed_not_repeated(tracking: Any, model: Path) -> None:
    from causeway_airflow.hooks.experiments import JOB_TAG, PARENT_TAG

    parent = tracking.parent("m/run", "run", {})
    begun = tracking.client.create_run(tracking.ensure(), tags={PARENT_TAG: parent, JOB_TAG: "job"})
    assert log(tracking, parent, model, "job", 0.8) == begun.info.run_id
    assert tracking.client.get_run(begun.info.run_id).info.status == "FINISHED"


def test_the_evaluation_of_the_best_lies_beside_its_model(
    tracking: Any, model: Path, tmp_path: Path
) -> None:
    run = log(tracking, tracking.parent("m/run", "run", {}), model, "job", 0.8)
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "roc.png").write_bytes(b"picture")
    tracking.log_evaluation(run, {"auc": 0.83}, tmp_path / "evaluation")
    assert tracking.client.get_run(run).data.metrics["test_auc"] == 0.83
    assert [item.path for item in tracking.client.list_artifacts(run, "evaluation")] == [
        "evaluation/roc.png"
    ]


def test_mlflow_reports_nothing_to_its_makers(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from causeway_airflow.hooks.tracking import TrackingHook

    for declared, expected in ((None, "true"), ("false", "false")):
        monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
        if declared:
            monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", declared)
        TrackingHook(tracking_uri=server)
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == expected


def test_a_managed_server_is_asked_with_the_connections_renewing_credentials(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow
    from botocore.credentials import RefreshableCredentials
    from sagemaker_mlflow import set_session
    from sagemaker_mlflow.auth_provider import AuthProvider

    from causeway.errors import CausewayError
    from causeway_airflow.hooks.tracking import TrackingHook

    account = platform.accounts["data_science"]["id"]
    arn = f"arn:aws:sagemaker:eu-central-1:{account}:mlflow-tracking-server/causeway"
    with pytest.raises(CausewayError, match="needs a connection"):
        TrackingHook(tracking_uri=arn)
    before = mlflow.get_tracking_uri()
    try:
        TrackingHook("causeway_data_science_trainer", tracking_uri=arn)
        auth = AuthProvider().get_auth()
        assert auth.region == "eu-central-1"
        assert isinstance(auth.creds, RefreshableCredentials)
        assert auth.creds.get_frozen_credentials().token
    finally:
        set_session(None)
        mlflow.set_tracking_uri(before)
