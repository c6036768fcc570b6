"""The task route on the local AWS: split, train, track, evaluate beside production, judge."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from causeway.digests import Digest
from causeway.topology.account_roles import AccountRole
from causeway.versions.registry import artifact_key
from tests.local_platform import LocalPlatform
from tests.plugins.trained import small_use_cases, training

pytestmark = pytest.mark.usefixtures("own_endpoints")


def test_a_candidate_is_evaluated_beside_the_artifact_in_production(
    platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.configuration import topology
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.hooks.stage_table import StageTableHook

    monkeypatch.chdir(tmp_path)  # MLflow keeps files beside its process
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("CAUSEWAY_USE_CASES", str(small_use_cases(tmp_path)))
    places, files = topology(), ArtifactsHook("causeway_data_science_trainer")
    route = training(tmp_path / "made")
    parts = route.preprocess()
    jobs = route.train(parts)
    digest = files.digest(jobs[0]["model_uri"])
    shared = f"s3://{places.bucket(AccountRole.SHARED_SERVICES)}"
    ArtifactsHook("causeway_data_science_registrar").copy(
        jobs[0]["model_uri"],
        f"{shared}/{artifact_key('credit_risk', Digest(digest))}",
        kms_key=places.key_alias_arn(AccountRole.SHARED_SERVICES),
    )
    live = SimpleNamespace(artifact_sha256=digest)
    monkeypatch.setattr(StageTableHook, "live", lambda *_: live)
    best = route.track(jobs)
    assert digest in best["production_uri"]
    evaluation = route.evaluate(best, parts)
    gate = route.gate()
    assert gate["artifact_sha256"] == files.digest(best["model_uri"])
    report = json.loads(files.read(gate["report_uri"]))
    assert report["dataset_digest"] == route.dataset["digest"]
    said = {answer["subject"]: answer["verdict"] for answer in report["gates"]}
    assert said["auc beside production"] == "pass"
    assert sum(verdict == "pass" for verdict in said.values()) == len(said) - 1
    for name in ("data-statistics", "bias-report", "explainability"):
        assert json.loads(files.read(f"{evaluation}/{name}.json"))
