"""The shipped logistic regression, trained in scikit-learn's image, serves from coefficients."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causeway.use_cases.use_case import UseCase
from tests.jobs import visits
from tests.jobs.scripts import Chain, Load, ScriptError, importing

LINE = {
    "scripts": "logistic_regression",
    "image": "processing",
    "one_hot": ["country", "town", "member"],
    "impute": {"income": "median", "stays": "mean"},
    "hyperparameters": {"max_iter": 500},
    "candidates": [{"C": 1.0}],
}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    yield from importing(monkeypatch, "logistic_regression")


def case() -> UseCase:
    return visits.case_of(visits.document(**LINE))


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return visits.prepared(tmp_path_factory.mktemp("line"), case())


def evaluated(chain: Chain, output: str) -> dict[str, Any]:
    archive, parts = chain.root / "model.tar.gz", chain.root / "parts"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(chain.root / "model" / "model", ".")
    chain.run(
        *("evaluate.py", "--model", archive, "--test", parts / "test"),
        *("--contract", chain.evaluation(), "--raw", parts / "evaluation"),
        *("--production", archive, "--output", chain.root / output),
    )
    return dict(json.loads((chain.root / output / "evaluation.json").read_text()))


def test_it_is_evaluated_like_the_trees(binary: Chain) -> None:
    document = evaluated(binary, "out")
    assert document["metrics"]["auc"] > 0.8
    assert document["repeated_splits"]["metrics"]["auc"]["mean"] > 0.8
    importance = json.loads((binary.root / "out" / "explainability.json").read_text())["importance"]
    assert sum(importance.values()) == pytest.approx(1)
    assert importance["known_days"] > importance["member"]
    assert "roc.png" in document["plots"]


def test_an_image_without_matplotlib_draws_no_plots(binary: Chain) -> None:
    plain = visits.document(**LINE)
    plain["evaluation"]["image"] = "processing"
    other = Chain(binary.root, visits.case_of(plain), binary.raw_file)
    document = evaluated(other, "plain")
    assert document["plots"] == [] and document["metrics"]["auc"] > 0.8


def test_the_answers_are_those_of_scikit_learn(script: Load, binary: Chain) -> None:
    from sklearn.linear_model import LogisticRegression

    parts = binary.root / "parts"
    train, test = (np.loadtxt(parts / p / f"{p}.csv", delimiter=",") for p in ("train", "test"))
    means, deviations = train[:, 1:].mean(axis=0), train[:, 1:].std(axis=0)
    deviations[deviations == 0] = 1
    model = LogisticRegression(C=1.0, max_iter=500)
    model.fit((train[:, 1:] - means) / deviations, train[:, 0])
    theirs = model.predict_proba((test[:, 1:] - means) / deviations)[:, 1]
    inference = script("inference")
    served = inference.model_fn(str(binary.root / "model" / "model"))
    text = (parts / "evaluation" / "test.csv").read_text()
    body, _ = inference.transform_fn(served, text, "text/csv", "text/csv")
    assert [float(v) for v in body.split()] == pytest.approx(theirs.tolist(), abs=1e-3)


def test_three_classes_have_probabilities_that_sum_to_one(script: Load, tmp_path: Path) -> None:
    chain = visits.prepared(tmp_path, visits.several_classes(**LINE))
    inference = script("inference")
    served = inference.model_fn(str(tmp_path / "model" / "model"))
    text = (tmp_path / "parts" / "evaluation" / "test.csv").read_text()
    body, _ = inference.transform_fn(served, text, "text/csv", "text/csv")
    rows = [list(map(float, row)) for row in csv.reader(io.StringIO(body))]
    assert {len(row) for row in rows} == {3}
    assert all(sum(row) == pytest.approx(1, abs=1e-6) for row in rows)
    assert evaluated(chain, "out")["metrics"]["macro_f1"] > 0.4


def test_a_model_needs_no_package_that_the_image_lacks(binary: Chain) -> None:
    model = binary.root / "model" / "model"
    described = json.loads((model / "MLmodel").read_text())
    assert set(described["flavors"]) == {"python_function"}
    lines = (model / "requirements.txt").read_text().split()
    assert {line.partition("==")[0] for line in lines} == {"numpy", "pandas"}


def test_what_does_not_converge_is_refused(binary: Chain) -> None:
    with pytest.raises(ScriptError, match="no convergence in 1 iterations: raise max_iter"):
        binary.train("short", "--max_iter", 1)


def test_missing_numbers_have_the_median_of_the_training_part(binary: Chain) -> None:
    encoder = json.loads((binary.root / "model/model/encoder.json").read_text())
    income = next(f for f in encoder["features"] if f["name"] == "income")
    with (binary.root / "parts/evaluation/train.csv").open() as file:
        values = [float(row["income"]) for row in csv.DictReader(file) if row["income"]]
    assert income["fill"] == pytest.approx(float(np.median(values)))
