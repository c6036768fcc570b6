"""The model directory is an MLflow model that MLflow itself reads and calls with raw rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.scripts import Chain, interpreter, made_chain
from tests.jobs.visits import prepared, several_classes

# MLflow is not among the jobs' packages, and Airflow's have no need of xgboost.
LOAD = """
import json, sys
import mlflow.pyfunc
from mlflow.models import Model
folder = sys.argv[1]
described = Model.load(folder)
model = mlflow.pyfunc.load_model(folder)
example = described.load_input_example(folder)
print(json.dumps({
    "inputs": described.signature.inputs.input_names(),
    "types": sorted({str(t) for t in described.signature.inputs.input_types()}),
    "answers": model.predict(example).tolist(),
    "flavors": sorted(described.flavors),
}))
"""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return made_chain(tmp_path_factory.mktemp("mlflow-model"), "credit_risk", "credit.asc")


def read_by_mlflow(chain: Chain) -> dict[str, Any]:
    """Load the model in a process of MLflow, with the packages of the evaluation beside."""
    folder = chain.root / "model" / "model"
    (libraries,) = interpreter(chain.case, "evaluate.py").parent.parent.glob(
        "lib/python*/site-packages"
    )
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(folder)],
        env={**os.environ, "PYTHONPATH": str(libraries)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_mlflow_reads_signature_and_example_and_answers_raw_rows(chain: Chain) -> None:
    answer = read_by_mlflow(chain)
    training = chain.case.models[0].training
    assert answer["inputs"] == list(training.features)
    assert answer["types"] == ["DataType.long"]
    assert answer["flavors"] == ["python_function", "xgboost"]
    assert len(answer["answers"]) == 5 and all(0 < value < 1 for value in answer["answers"])


@pytest.mark.parametrize("scripts", ["boosted_trees", "logistic_regression"])
def test_mlflow_takes_texts_and_gaps_and_gives_a_probability_for_each_class(
    scripts: str, tmp_path: Path
) -> None:
    line: dict[str, Any] = {
        "image": "processing",
        "one_hot": ["country", "town", "member"],
        "impute": {"income": "median", "stays": "mean"},
        "hyperparameters": {},
        "candidates": [{"C": 1.0}],
    }
    training = line if scripts == "logistic_regression" else {}
    answer = read_by_mlflow(prepared(tmp_path, several_classes(scripts, **training)))
    assert answer["types"] == ["DataType.double", "DataType.string"]
    assert [len(row) for row in answer["answers"]] == [3] * 5
    assert all(sum(row) == pytest.approx(1, abs=1e-5) for row in answer["answers"])


def test_the_input_example_is_of_the_training_part(chain: Chain) -> None:
    example = json.loads((chain.root / "model/model/input_example.json").read_text())
    lines = (chain.root / "parts/evaluation/train.csv").read_text().splitlines()
    first = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    row = dict(zip(example["columns"], map(str, example["data"][0]), strict=True))
    assert row.items() <= first.items()


def test_requirements_are_pinned(chain: Chain) -> None:
    lines = Path(chain.root / "model/model/requirements.txt").read_text().splitlines()
    assert any(line.startswith("xgboost") for line in lines)
    assert all("==" in line for line in lines)
