"""What the evaluation scripts share: a trained model measured on a part it has not seen.

Reads `model.tar.gz` and the encoded `test.csv` (no header, the label first), writes
`evaluation.json`: `{"metrics": {…}, "rows", "inputs": {file: sha256}, …}`. That alone is what a
pipeline's condition needs. With `--contract` (the evaluation document) and `--raw` (the raw rows of
every part) it adds what the gates ask for, and writes beside it

- `data-statistics.json`, the training snapshot that later data is compared with;
- `bias-report.json`, how the groups of people fare (of classes);
- `explainability.json`, each feature's share of the gain;
- `plots/*.png`.

With `--production` the artifact that is in production is measured on the same held-out rows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from encoding import ENCODER_FILE, BadRowsError, Encoder  # type: ignore[import-not-found]
from folders import only_file, write_json  # type: ignore[import-not-found]

MODEL_FILE = "xgboost-model.json"
TRAINING_FILE = "training.json"
NEEDED = {MODEL_FILE, ENCODER_FILE}
MAX_BYTES = 512 * 1024 * 1024

Numbers = np.ndarray[Any, Any]
#: From labels and predictions to the document; it has at least `metrics`.
Measure = Callable[[Numbers, Numbers], dict[str, Any]]


def extract(archive: Path, folder: Path) -> None:
    """Take only the plain files that are known by name out of an archive.

    Nothing is extracted by its own path, so that no member can point outside the folder; a link or
    an oversized member is refused.
    """
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            name = str(PurePosixPath(member.name))
            if name not in NEEDED | {TRAINING_FILE}:
                continue
            source = tar.extractfile(member) if member.isfile() else None
            if source is None or member.size > MAX_BYTES:
                raise SystemExit(f"{archive.name}: member {name} is no plain file or too large")
            (folder / name).write_bytes(source.read())
    missing = sorted(NEEDED - {path.name for path in folder.iterdir()})
    if missing:
        raise SystemExit(f"{archive.name} has no {' and no '.join(missing)}")


@dataclass(frozen=True)
class Model:
    """A model out of its archive; `trained` has its parameters and rounds, when it says them."""

    booster: xgboost.Booster
    encoder: Encoder
    trained: dict[str, Any]

    @classmethod
    def load(cls, archive: Path) -> Model:
        """Load the model of an archive."""
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            extract(archive, folder)
            booster = xgboost.Booster({"nthread": 1})
            booster.load_model(str(folder / MODEL_FILE))
            path = folder / TRAINING_FILE
            trained = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            return cls(booster, Encoder.load(folder / ENCODER_FILE), trained)

    def predict(self, encoded: Numbers) -> Numbers:
        """Return what the model predicts for encoded rows."""
        matrix = xgboost.DMatrix(encoded, feature_names=self.encoder.columns, nthread=1)
        answers: Numbers = self.booster.predict(matrix)
        return answers

    def importance(self) -> dict[str, float]:
        """Return each feature's share of the gain, the columns of a one-hot feature together."""
        scores = self.booster.get_score(importance_type="total_gain")
        gains = {name: float(np.sum(gain)) for name, gain in scores.items()}
        whole = sum(gains.values()) or 1.0
        return {
            feature.name: sum(gains.get(column, 0.0) for column in feature.columns()) / whole
            for feature in self.encoder.features
        }


def predicted(archive: Path, test: Path) -> tuple[Numbers, Numbers]:
    """Return the labels of an encoded part and what the archive's model predicts for it."""
    table = np.loadtxt(test, delimiter=",", ndmin=2)
    return table[:, 0], Model.load(archive).predict(table[:, 1:])


def in_production(
    archive: Path, rows: pd.DataFrame, label: str, measure: Measure
) -> dict[str, Any]:
    """Measure the artifact in production on held-out rows, which it encodes its own way."""
    result: dict[str, Any] = {"artifact_sha256": sha256(archive), "rows": len(rows)}
    model = Model.load(archive)
    try:
        answers = model.predict(model.encoder.encode(rows))
    except BadRowsError as error:
        return {**result, "error": str(error)}
    return {**result, "metrics": measure(rows[label].to_numpy(dtype=float), answers)["metrics"]}


def evidence(
    model: Model,
    document: dict[str, Any],
    parts: dict[str, pd.DataFrame],
    measure: Measure,
    output: Path,
    *,
    classes: bool,
) -> dict[str, Any]:
    """Return what the gates ask for beyond the metrics, and write the documents and the plots."""
    import drift  # type: ignore[import-not-found]
    import people  # type: ignore[import-not-found]
    import plots  # type: ignore[import-not-found]
    import repeated  # type: ignore[import-not-found]

    features = {feature["name"]: tuple(feature["codes"]) for feature in document["features"]}
    bins = drift.snapshot(parts["train"], features)
    write_json(output / "data-statistics.json", drift.statistics(bins))
    importance = model.importance()
    write_json(output / "explainability.json", {"importance": importance})
    labels = parts["test"][document["label"]].to_numpy(dtype=float)
    answers = model.predict(model.encoder.encode(parts["test"]))
    result: dict[str, Any] = {"drift": drift.drift(bins, parts["train"], parts["test"])}
    if classes:
        result["calibration"] = people.calibration(labels, answers)
        result["fairness"] = people.fairness(parts["test"], document["protected"], labels, answers)
        write_json(output / "bias-report.json", {"groups": result["fairness"]})
    if document["repeated_splits"] and model.trained:
        rows = pd.concat(list(parts.values())).sort_values(
            document["record_identifier"], ignore_index=True, kind="stable"
        )
        result["repeated_splits"] = repeated.repeat(
            rows, document, model.trained, measure, classes=classes
        )
    result["plots"] = plots.draw(labels, answers, importance, output / "plots", classes=classes)
    return result


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(measure: Measure, *, classes: bool = False) -> None:
    """Read the command line, evaluate, write the document."""
    parser = argparse.ArgumentParser(description="Evaluate a trained model")
    parser.add_argument("--model", type=Path, required=True, help="folder of model.tar.gz")
    parser.add_argument("--test", type=Path, required=True, help="folder of test.csv")
    parser.add_argument("--contract", type=Path, help="folder of the evaluation document")
    parser.add_argument("--raw", type=Path, help="folder of the raw rows of each part")
    parser.add_argument("--production", type=Path, help="folder of the live model.tar.gz")
    parser.add_argument("--output", type=Path, required=True, help="folder for evaluation.json")
    arguments = parser.parse_args()
    archive, test = only_file(arguments.model), only_file(arguments.test)
    labels, predictions = predicted(archive, test)
    document = {
        **measure(labels, predictions),
        "rows": len(labels),
        "inputs": {path.name: sha256(path) for path in (archive, test)},
    }
    if arguments.contract and arguments.raw:
        contract = json.loads(only_file(arguments.contract).read_text(encoding="utf-8"))
        parts = {
            name: pd.read_csv(arguments.raw / f"{name}.csv")
            for name in ("train", "validation", "test")
        }
        output, model = arguments.output, Model.load(archive)
        document |= evidence(model, contract, parts, measure, output, classes=classes)
        if arguments.production:
            live = only_file(arguments.production)
            document["production"] = in_production(live, parts["test"], contract["label"], measure)
    write_json(arguments.output / "evaluation.json", document)
    for name, value in document["metrics"].items():
        print(f"test-{name}:{value:.5f}")
