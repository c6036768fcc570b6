"""From finished jobs to a judgement: candidates tracked, the best judged, a worse one refused."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from causeway.digests import sha256
from causeway.errors import GateFailed
from causeway.gates.judges import GateVerdict
from causeway_airflow.results import Gated
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import evaluated
from tests.plugins.conftest import context
from tests.plugins.results import BUCKET, DATASET, TRAINED

pytestmark = pytest.mark.usefixtures("own_endpoints")

ABOUT = {"use_case": "credit_risk", "model": "credit_risk"}
LIVE = "b" * 64


def packed(files: dict[str, bytes]) -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return body.getvalue()


def stored(key: str, content: bytes) -> str:
    from causeway_airflow.hooks.artifacts import ArtifactsHook

    uri = f"{BUCKET}/jobs/credit_risk/{key}"
    ArtifactsHook("causeway_data_science_trainer").put(uri, content, sha256=sha256(content))
    return uri


def finished(name: str, auc: float) -> dict[str, Any]:
    """Return the result of a training job that left a model and its metrics."""
    metrics = {"final": {"validation_auc": auc}, "history": {"validation_auc": [auc / 2, auc]}}
    model = packed({"MLmodel": b"{}", "note.txt": name.encode()})
    output = packed({"metrics.json": json.dumps(metrics).encode()})
    return {
        "job": name,
        "model_uri": stored(f"{name}/output/model.tar.gz", model),
        "output_uri": stored(f"{name}/output/output.tar.gz", output),
        "hyperparameters": {"max_depth": "5", "sagemaker_program": "train.py"},
        "image_uri": "image",
    }


def evaluation(name: str) -> str:
    """Store an evaluation with a plot; return its folder."""
    stored(f"{name}/evaluation/plots/roc.png", b"picture")
    document = json.dumps({**evaluated(0.8), "plots": ["roc.png"]}).encode()
    return stored(f"{name}/evaluation/evaluation.json", document).rpartition("/")[0]


def judge(auc: float, in_production: str = "", live_auc: float | None = None) -> Gated:
    """Judge a candidate of which the evaluation says that; `live_auc` is that of production."""
    from causeway_airflow.operators.gates import GateOperator
    from causeway_airflow.tasks.evidence import Evidence

    live = {"artifact_sha256": LIVE, "rows": 150, "metrics": {"auc": live_auc}}

    class Judge(GateOperator):
        def evidence(self) -> Evidence:
            return Evidence(
                best=TRAINED,
                metrics={"validation_auc": 0.8},
                parts="",
                dataset_uri=DATASET["uri"],
                dataset_digest=DATASET["digest"],
                evaluation="",
                document=evaluated(auc, live if live_auc is not None else None),
                in_production=in_production,
            )

    return Judge(task_id="gate", dataset=DATASET["uri"], **ABOUT).perform(context())


def reports(platform: LocalPlatform) -> set[str]:
    listed = platform.client("s3", "data_science").list_objects_v2(
        Bucket=BUCKET.removeprefix("s3://"), Prefix="jobs/credit_risk/gates/"
    )
    return {item["Key"] for item in listed.get("Contents", [])}


def test_a_pass_hands_on_the_stored_report(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.artifacts import ArtifactsHook

    before = reports(platform)
    gated = judge(0.8)
    assert gated["artifact_sha256"] == "a" * 64
    report = ArtifactsHook("causeway_data_science_trainer").read(gated["report_uri"]).decode()
    assert sha256(report) == gated["report_sha256"]
    assert "passes as the first version" in report
    assert "report" not in gated, "it travels by its URI and digest"
    stored_files = {key.rpartition("/")[2] for key in reports(platform) - before}
    assert stored_files == {"gate-report.json", "gate-report.md"}
    assert judge(0.8) == gated


def test_a_model_worse_than_production_fails_and_its_report_is_kept(
    platform: LocalPlatform,
) -> None:
    assert judge(0.80, LIVE, 0.84)["metrics"]["auc"] == 0.80
    before = reports(platform)
    with pytest.raises(GateFailed, match=r"auc beside production.*: fail") as raised:
        judge(0.78, LIVE, 0.84)
    assert raised.value.retryable is False
    assert len(reports(platform) - before) == 2


def test_a_live_model_that_was_not_measured_blocks(platform: LocalPlatform) -> None:
    with pytest.raises(GateFailed, match=GateVerdict.INCONCLUSIVE.value):
        judge(0.9, LIVE)


def test_the_best_candidate_is_tracked_with_its_model_and_its_evaluation(
    platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.tracking import TrackingHook
    from causeway_airflow.operators.tracking import (
        TrackCandidatesOperator,
        TrackEvaluationOperator,
    )

    monkeypatch.chdir(tmp_path)  # MLflow keeps files beside its process
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    jobs = [finished("tracked-1", 0.82), finished("tracked-2", 0.79)]
    track = TrackCandidatesOperator(task_id="track", jobs=jobs, dataset=DATASET, **ABOUT)
    best = track.perform(context("first"))
    assert best["job"] == "tracked-1"
    assert best["production_uri"] == ""
    assert set(best["runs"]) == {"tracked-1", "tracked-2"}
    assert track.perform(context("first")) == best
    assert track.perform(context("second"))["mlflow_parent"] != best["mlflow_parent"]
    log = TrackEvaluationOperator(
        task_id="log", best=best, evaluation=evaluation("tracked"), **ABOUT
    )
    assert log.perform(context()) == best["mlflow_run"]
    client = TrackingHook().client
    run = client.get_run(best["mlflow_run"])
    assert run.data.metrics["test_auc"] == 0.8
    assert run.data.params == {"max_depth": "5"}
    paths = {
        item.path
        for folder in ("model", "evaluation")
        for item in client.list_artifacts(run.info.run_id, folder)
    }
    assert paths == {
        *("model/MLmodel", "model/note.txt", "evaluation/evaluation.json", "evaluation/roc.png")
    }
