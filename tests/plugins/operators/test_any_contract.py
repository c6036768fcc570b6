"""Three classes with names, told apart by a line, and a metric of one's own: to a live endpoint."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from causeway.datasets.datasets import table_digest
from causeway.digests import sha256
from causeway.errors import GateFailed
from causeway.topology.account_roles import AccountRole
from causeway.training.jobs import JOBS_DIR
from tests.jobs import visits
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import ABOUT, approve, deploy, run_of, sync
from tests.plugins.conftest import context, execute
from tests.plugins.results import DATASET
from tests.plugins.trained import Training

pytestmark = pytest.mark.usefixtures("own_endpoints")

PAGE = Path(__file__).parents[3] / "docs" / "job-scripts.md"


def own_scripts(folder: Path) -> Path:
    """Write scripts of a use case: the shipped line, and the evaluation of the documentation."""
    shutil.copytree(JOBS_DIR / "shared", folder / "shared")
    (folder / "credit_risk").mkdir()
    shutil.copy(JOBS_DIR / "logistic_regression" / "train.py", folder / "credit_risk")
    (evaluate,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (folder / "credit_risk" / "evaluate.py").write_text(evaluate)
    return folder


def use_cases(folder: Path) -> Path:
    """Write the use case under the names that the local AWS has groups and people for."""
    case: dict[str, Any] = visits.document(
        image="processing",
        scripts=None,
        label="room",
        favourable="suite",
        select_by="validation_mlogloss",
        one_hot=["country", "town", "member"],
        impute={"income": "median", "stays": "mean"},
        hyperparameters={"C": 1.0},
        candidates=[{"max_iter": 300}, {"class_weight": "balanced"}],
        repeated_splits=0,
    )
    model = case["models"][0] | {"name": "credit_risk", "group": "credit-risk"}
    model["problem_type"] = "multi-class classification"
    model["gates"] = [
        {"metric": "within_one", "min": 0.9},
        {"metric": "cost", "max": 1},
        {"kind": "source", "synthetic": "allow"},
    ]
    case |= {"id": "credit_risk", "models": [model]}
    case["feature_groups"][0]["name"] = "credit-risk-applicant"
    folder.mkdir()
    (folder / "credit_risk.yaml").write_text(yaml.safe_dump(case, sort_keys=False))
    return folder


def dataset(folder: Path) -> Any:
    """Store a dataset of the use case, as the first task of its training leaves it."""
    from causeway_airflow.configuration import topology
    from causeway_airflow.hooks.artifacts import ArtifactsHook

    folder.mkdir()
    chain = visits.joined(folder, visits.several_classes())
    path = chain.root / "dataset" / "dataset.parquet"
    digest, body = table_digest(pq.read_table(path)), path.read_bytes()
    bucket = topology().bucket(AccountRole.DATA_SCIENCE)
    uri = f"s3://{bucket}/datasets/credit_risk/{digest}/dataset.parquet"
    ArtifactsHook("causeway_data_science_trainer").put(uri, body, sha256=sha256(body))
    return {**DATASET, "digest": digest, "uri": uri}


def test_a_metric_of_ones_own_is_measured_of_the_live_endpoints_answers(
    platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.endpoints import EndpointRuntimeHook
    from causeway_airflow.operators.promotion import EndpointTestOperator
    from causeway_airflow.tasks import endpoint_tests

    monkeypatch.chdir(tmp_path)  # MLflow keeps files beside its process
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setattr("causeway.training.jobs.JOBS_DIR", own_scripts(tmp_path / "jobs"))
    monkeypatch.setenv("CAUSEWAY_USE_CASES", str(use_cases(tmp_path / "cases")))
    training = Training(dataset(tmp_path / "made"), candidates=2)
    parts = training.preprocess()
    best = training.track(training.train(parts))
    training.evaluate(best, parts)
    gate = training.gate()
    assert set(gate["metrics"]) >= {"within_one", "cost", "validation_mlogloss"}
    version = training.register(gate["report_sha256"]).perform(context())["version_arn"]
    sync()
    approve(platform, version)
    execute(deploy(version), run_of(version))
    header = "country,town,member,income,stays,known_days"
    rows = ["NA,Bonn,true,50,3,1900", ",Oslo,false,,,3"]
    answers = EndpointRuntimeHook("causeway_test_deployer").predict("credit-risk", header, rows)
    assert [len(answer) for answer in answers] == [3, 3]
    assert answers[0][2] > 0.5 > answers[1][2]
    test = EndpointTestOperator(
        task_id="test", account_role="test", version_arn=version, attempt=1, **ABOUT
    )
    live = execute(test, run_of(version))
    assert live["within_one"] == pytest.approx(gate["metrics"]["within_one"])
    assert live["cost"] == pytest.approx(gate["metrics"]["cost"])
    # The bounds are those that were approved, not those of the YAML by now.
    report = {"metrics": {}, "gates": [{"kind": "metric", "metric": "cost", "max": 0.0}]}
    monkeypatch.setattr(endpoint_tests, "gate_report", lambda *_: report)
    with pytest.raises(GateFailed, match=r"goes no further\. Look at endpoint credit-risk"):
        execute(test, run_of(version))
