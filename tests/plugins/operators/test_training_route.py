"""The task route on the local AWS: split, train, track, evaluate beside production, judge."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from causeway.digests import Digest, sha256
from causeway.topology.accounts import AccountRole
from causeway.use_cases.use_case import use_case
from causeway.versions.registry import artifact_key
from causeway_airflow.results import Dataset
from tests.jobs.scripts import Chain
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context, execute
from tests.plugins.results import DATASET

ABOUT = {"use_case": "credit_risk", "model": "credit_risk"}
JOB = {**ABOUT, "account_role": "data_science", "duty": "trainer"}


def test_a_candidate_is_evaluated_beside_the_artifact_in_production(
    platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.configuration import topology
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.hooks.stage_table import StageTableHook
    from causeway_airflow.operators.gates import GateOperator
    from causeway_airflow.operators.jobs import ProcessingJobOperator, TrainingJobOperator
    from causeway_airflow.operators.tracking import TrackCandidatesOperator

    monkeypatch.chdir(tmp_path)  # MLflow keeps files beside its process
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    places, files = topology(), ArtifactsHook("causeway_data_science_trainer")
    chain = Chain(tmp_path / "made", use_case("credit_risk"), "credit.asc")
    chain.root.mkdir()
    table = (chain.join(chain.engineer()) / "dataset.parquet").read_bytes()
    uri = f"s3://{places.bucket(AccountRole.DATA_SCIENCE)}/datasets/credit_risk/route/d.parquet"
    files.put(uri, table, sha256=sha256(table))
    dataset: Dataset = {**DATASET, "digest": sha256(table), "uri": uri}

    preprocess = ProcessingJobOperator(
        task_id="preprocess",
        script="preprocess.py",
        inputs={"dataset": uri},
        document="preprocess",
        output_name="parts",
        **JOB,
    )
    parts = execute(preprocess, context())["outputs"]["parts"]
    train = TrainingJobOperator(
        task_id="train",
        index=0,
        channels={"train": f"{parts}/train", "validation": f"{parts}/validation"},
        **JOB,
    )
    job = execute(train, context())
    digest = files.digest(job["model_uri"])
    shared = f"s3://{places.bucket(AccountRole.SHARED_SERVICES)}"
    ArtifactsHook("causeway_data_science_registrar").copy(
        job["model_uri"],
        f"{shared}/{artifact_key('credit_risk', Digest(digest))}",
        kms_key=places.key_alias_arn(AccountRole.SHARED_SERVICES),
    )
    live = SimpleNamespace(artifact_sha256=digest)
    monkeypatch.setattr(StageTableHook, "live", lambda *_: live)
    track = TrackCandidatesOperator(task_id="track", jobs=[job], dataset=dataset, **ABOUT)
    best = track.perform(context())
    assert best["in_production"] == digest
    evaluate = ProcessingJobOperator(
        task_id="evaluate",
        script="evaluate.py",
        inputs={
            "model": best["model_uri"],
            "test": f"{parts}/test",
            "raw": f"{parts}/evaluation",
            "production": best["production_uri"],
        },
        document="evaluation",
        output_name="evaluation",
        **JOB,
    )
    evaluation = execute(evaluate, context())["outputs"]["evaluation"]
    gate = GateOperator(
        task_id="gate", best=best, evaluation=evaluation, dataset=dataset, **ABOUT
    ).perform(context())
    assert gate["artifact_sha256"] == digest
    report = json.loads(files.read(gate["report_uri"]))
    said = {answer["subject"]: answer["verdict"] for answer in report["gates"]}
    assert said["auc beside production"] == "pass"
    assert sum(verdict == "pass" for verdict in said.values()) == len(said) - 1
    for document in gate["documents"].values():
        assert json.loads(files.read(document))
