"""Evaluation of a model archive on the held-out part."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from causeway.deployment.serving import read_held_out
from causeway.gates import judges
from causeway.gates.judges import GateVerdict
from tests.jobs.scripts import Chain

Load = Callable[[str], ModuleType]


def archive(folder: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:gz") as tar:
        tar.add(folder, ".")
    return target


def evaluate(chain: Chain, model: Path, output: Path) -> dict[str, object]:
    chain.run(
        *("evaluate.py", "--model", model.parent, "--test", chain.root / "parts" / "test"),
        *("--output", output),
    )
    return dict(json.loads((output / "evaluation.json").read_text()))


def test_evaluation_has_metrics_and_says_of_what(chain: Chain, tmp_path: Path) -> None:
    model = archive(chain.root / "model" / "model", tmp_path / "model" / "model.tar.gz")
    document = evaluate(chain, model, tmp_path / "out")
    metrics = document["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["auc"] > 0.76
    assert set(metrics) >= {"auc", "accuracy", "log_loss", "brier", "precision", "recall", "f1"}
    assert document["rows"] == 150
    test = chain.root / "parts" / "test" / "test.csv"
    assert document["inputs"] == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (model, test)
    }


@pytest.fixture(scope="module")
def judged(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the evaluation writes when it is told all that the gates ask for."""
    folder = tmp_path_factory.mktemp("judged")
    model = archive(chain.root / "model" / "model", folder / "model" / "model.tar.gz")
    chain.run(
        *("evaluate.py", "--model", model, "--test", chain.root / "parts" / "test"),
        *("--contract", chain.evaluation(), "--raw", chain.root / "parts" / "evaluation"),
        *("--production", model, "--output", folder / "out"),
    )
    return folder / "out"


def test_every_shipped_gate_finds_what_it_asks_for(chain: Chain, judged: Path) -> None:
    document = json.loads((judged / "evaluation.json").read_text())
    spec = chain.case.models[0]
    report = judges.evaluate(
        spec.gates,
        document["metrics"],
        model=spec.name,
        artifact_sha256="a" * 64,
        dataset_digest="d",
        evaluation=document,
        in_production=document["production"]["artifact_sha256"],
    )
    verdicts = {str(result): result.verdict for result in report.results}
    undecided = [text for text, verdict in verdicts.items() if verdict is GateVerdict.INCONCLUSIVE]
    assert len(undecided) == 1 and "foreign_worker" in undecided[0]
    assert report.verdict is GateVerdict.PASS, report.markdown()


def test_the_artifact_in_production_is_measured_on_the_same_rows(judged: Path) -> None:
    document = json.loads((judged / "evaluation.json").read_text())
    production = document["production"]
    assert production["artifact_sha256"] == document["inputs"]["model.tar.gz"]
    assert production["rows"] == document["rows"] == 150
    for name, value in document["metrics"].items():
        assert production["metrics"][name] == pytest.approx(value, abs=1e-6)


def test_metrics_vary_over_twenty_stratified_splits(judged: Path) -> None:
    splits = json.loads((judged / "evaluation.json").read_text())["repeated_splits"]
    assert splits["splits"] == 20
    assert 0.8 < splits["metrics"]["auc"]["mean"] < 0.92
    assert 0.005 < splits["metrics"]["auc"]["deviation"] < 0.08


def test_plots_and_documents_lie_beside_the_evaluation(judged: Path) -> None:
    names = ["calibration.png", "confusion.png", "feature-importance.png", "roc.png"]
    assert sorted(path.name for path in (judged / "plots").iterdir()) == names
    for name in names:
        assert (judged / "plots" / name).read_bytes().startswith(b"\x89PNG")
    importance = json.loads((judged / "explainability.json").read_text())["importance"]
    assert sum(importance.values()) == pytest.approx(1)
    statistics = json.loads((judged / "data-statistics.json").read_text())
    assert statistics["dataset"]["item_count"] == 700
    for feature in statistics["features"]:
        buckets = feature["numerical_statistics"]["distribution"]["kll"]["buckets"]
        assert sum(bucket["count"] for bucket in buckets) == 700
    assert set(json.loads((judged / "bias-report.json").read_text())["groups"]["sex"]) == {
        *("male", "female or single male")
    }


def test_rows_that_the_live_model_cannot_read_leave_the_comparison_open(
    script: Load, chain: Chain, tmp_path: Path
) -> None:
    import pandas as pd

    evaluation = script("evaluation")
    model = archive(chain.root / "model" / "model", tmp_path / "model" / "model.tar.gz")
    label = evaluation.Model.load(model).encoder.label
    rows = pd.read_csv(chain.root / "parts" / "evaluation" / "test.csv").assign(housing=9)
    comparison = evaluation.in_production(model, rows, label, evaluation.measure_of(label))
    assert "housing" in comparison["error"] and "metrics" not in comparison


def test_an_endpoints_answers_are_measured_like_the_held_out_part(
    script: Load, chain: Chain, judged: Path, tmp_path: Path
) -> None:
    inference = script("inference")
    served = inference.model_fn(str(chain.root / "model" / "model"))
    text = (chain.root / "parts" / "evaluation" / "test.csv").read_text()
    body, _ = inference.transform_fn(served, text, "text/csv", "text/csv")
    rows = read_held_out(text, "credit_risk", ("0", "1"))
    answers = rows.with_answers([[float(line)] for line in body.split()])
    (tmp_path / "answers.json").write_text(answers)
    chain.run(
        *("evaluate.py", "--answers", tmp_path / "answers.json"),
        *("--contract", chain.evaluation(), "--output", tmp_path / "out"),
    )
    live = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    document = json.loads((judged / "evaluation.json").read_text())
    assert live["rows"] == document["rows"]
    assert live["metrics"] == pytest.approx(document["metrics"], abs=1e-6)


def test_members_that_point_outside_are_not_extracted(script: Load, tmp_path: Path) -> None:
    model, folder = tmp_path / "model.tar.gz", tmp_path / "folder"
    folder.mkdir()
    with tarfile.open(model, "w:gz") as tar:
        for name in ("./xgboost-model.json", "encoder.json", "../../evil.txt", "/evil.txt"):
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"{}"))
    script("evaluation").extract(model, folder)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["encoder.json", "xgboost-model.json"]
    assert not list(tmp_path.rglob("evil.txt"))


def test_model_that_is_a_link_is_refused(script: Load, tmp_path: Path) -> None:
    model = tmp_path / "model.tar.gz"
    with tarfile.open(model, "w:gz") as tar:
        link = tarfile.TarInfo("xgboost-model.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(SystemExit, match="no plain file"):
        script("evaluation").extract(model, tmp_path)


def test_archive_without_a_model_is_refused(script: Load, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    model = archive(tmp_path / "empty", tmp_path / "model" / "model.tar.gz")
    with pytest.raises(
        SystemExit, match=r"no xgboost-model\.json or linear-model\.json and no enc"
    ):
        script("evaluation").extract(model, tmp_path / "empty")


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({"a{b}": 1.0}, "a name has letters, digits"),
        ({"lift": float("nan")}, "lift is nan, no fin"),
    ],
)
def test_a_metric_that_nobody_could_read_is_refused(
    script: Load, metrics: dict[str, float], message: str
) -> None:
    with pytest.raises(SystemExit, match=message):
        script("evaluation").require_names(metrics)
