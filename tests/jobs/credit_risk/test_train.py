"""Training: metrics as the job prints them, and a model that stands alone."""

from __future__ import annotations

import json
import re

import pytest

from tests.jobs.scripts import Chain, ScriptError


def test_model_is_json_with_its_encoder_and_the_code_that_serves_it(chain: Chain) -> None:
    model = chain.root / "model" / "model"
    names = sorted(str(path.relative_to(model)) for path in model.rglob("*") if path.is_file())
    assert names == [
        *(
            "MLmodel",
            "code/encoding.py",
            "code/estimators.py",
            "code/inference.py",
            "code/labels.py",
        ),
        "encoder.json",
        *("input_example.json", "python_env.yaml", "requirements.txt", "training.json"),
        "xgboost-model.json",
    ]
    assert json.loads((model / "xgboost-model.json").read_text())["learner"]


def test_metrics_are_printed_for_the_job_and_written_for_the_tracking(chain: Chain) -> None:
    metrics = json.loads((chain.root / "model" / "output" / "metrics.json").read_text())
    printed = re.findall(
        r"validation-auc:([0-9.]+)", (chain.root / "model" / "log.txt").read_text()
    )
    assert len(printed) == len(metrics["history"]["validation_auc"]) == metrics["rounds"] == 50
    assert float(printed[-1]) == pytest.approx(metrics["final"]["validation_auc"], abs=1e-5)
    assert metrics["rows"] == {"train": 700, "validation": 150}
    assert metrics["parameters"]["max_depth"] == 5
    # The published parameters find the signal of the sample.
    assert metrics["final"]["validation_auc"] > 0.76


def test_same_input_gives_the_same_model(chain: Chain) -> None:
    again = chain.train("again")
    for path in (again / "model").rglob("*.*"):
        twin = chain.root / "model" / "model" / path.relative_to(again / "model")
        assert path.read_bytes() == twin.read_bytes(), path.name


def test_early_stopping_keeps_the_best_round(chain: Chain) -> None:
    folder = chain.train("early", "--early_stopping_rounds", 3, "--num_boost_round", 200)
    metrics = json.loads((folder / "output" / "metrics.json").read_text())
    best = max(metrics["history"]["validation_auc"])
    assert metrics["final"]["validation_auc"] == best
    assert metrics["rounds"] < 200


def test_unknown_hyperparameter_is_refused(chain: Chain) -> None:
    with pytest.raises(ScriptError, match="num_round"):
        chain.train("typo", "--num_round", 5)
