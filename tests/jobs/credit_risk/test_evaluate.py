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

from causeway.metrics import binary_metrics
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


def test_metrics_agree_with_those_of_the_domain(script: Load) -> None:
    import numpy as np

    labels, scores = [0, 1, 1, 0, 1], [0.2, 0.9, 0.4, 0.4, 0.7]
    ours = script("evaluate").measure(np.array(labels), np.array(scores))["metrics"]
    domain = binary_metrics(labels, scores)
    for name in ("auc", "accuracy", "log_loss", "brier"):
        assert ours[name] == pytest.approx(domain[name])


def test_members_that_point_outside_are_not_extracted(script: Load, tmp_path: Path) -> None:
    model, folder = tmp_path / "model.tar.gz", tmp_path / "folder"
    folder.mkdir()
    with tarfile.open(model, "w:gz") as tar:
        for name in ("./xgboost-model.json", "encoder.json", "../../evil.txt", "/evil.txt"):
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"{}"))
    script("evaluation").extract(model, folder)
    found = sorted(path.name for path in folder.iterdir())
    assert found == ["encoder.json", "xgboost-model.json"]
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
    with pytest.raises(SystemExit, match=r"no encoder\.json and no xgboost-model\.json"):
        script("evaluation").extract(model, tmp_path / "empty")
