"""The scripts of the regression: its sample, its unit, its metrics, its answers."""

from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tests.jobs.scripts import Chain, Load


def held_out(chain: Chain) -> list[dict[str, str]]:
    with (chain.root / "parts" / "evaluation" / "test.csv").open() as file:
        return list(csv.DictReader(file))


def packed(chain: Chain, folder: Path) -> Path:
    archive = folder / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(chain.root / "model" / "model", ".")
    return archive


def test_a_third_is_the_test_part_and_the_label_is_in_its_unit(chain: Chain) -> None:
    summary = json.loads((chain.root / "parts" / "summary.json").read_text())
    assert summary["rows"] == {"train": 600, "validation": 70, "test": 330}
    values = [float(row["median_house_value"]) for row in held_out(chain)]
    assert 0.1 < min(values) < max(values) <= 5.00001
    dataset = {row["record_id"]: row for row in held_out(chain)}
    with (chain.root / "raw" / "housing.csv").open() as file:
        raw = list(csv.DictReader(file))
    for record_id, row in list(dataset.items())[:20]:
        of_file = raw[int(record_id.removeprefix("cah-")) - 1]
        assert float(row["median_house_value"]) == pytest.approx(
            float(of_file["medianHouseValue"]) / 100_000
        )


def test_the_error_falls_from_round_to_round_and_is_printed_for_the_job(chain: Chain) -> None:
    metrics = json.loads((chain.root / "model" / "output" / "metrics.json").read_text())
    history = metrics["history"]["validation_mse"]
    assert len(history) == metrics["rounds"] == 150
    assert metrics["final"]["validation_mse"] == history[-1] < history[0] / 3
    log = (chain.root / "model" / "log.txt").read_text()
    assert f"validation-mse:{history[-1]:.5f}" in log


def test_evaluation_says_the_error_twice_for_gates_and_for_the_pipelines_condition(
    chain: Chain, tmp_path: Path
) -> None:
    archive = packed(chain, tmp_path)
    chain.run(
        *("evaluate.py", "--model", archive, "--test", chain.root / "parts" / "test"),
        *("--output", tmp_path),
    )
    document = json.loads((tmp_path / "evaluation.json").read_text())
    assert document["rows"] == 330
    assert document["metrics"]["mse"] < 0.3
    assert document["regression_metrics"]["mse"]["value"] == document["metrics"]["mse"]


def test_the_endpoint_answers_as_the_evaluation_measured(
    script: Load, chain: Chain, tmp_path: Path
) -> None:
    module = script("inference")
    model = module.model_fn(str(chain.root / "model" / "model"))
    text = (chain.root / "parts" / "evaluation" / "test.csv").read_text()
    answers = [float(v) for v in module.predict(module.read(text, "text/csv"), model)]
    labels = [float(row["median_house_value"]) for row in held_out(chain)]
    live = script("measures").regression(np.array(labels), np.array(answers))["metrics"]
    archive = packed(chain, tmp_path)
    predicted = script("evaluation").predicted(archive, chain.root / "parts/test/test.csv")
    measured = script("measures").regression(*predicted)["metrics"]
    for name, value in measured.items():
        assert live[name] == pytest.approx(value, abs=1e-5)
