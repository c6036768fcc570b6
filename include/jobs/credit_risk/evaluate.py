"""Processing job: measure a trained model on a part it has not seen.

Reads `model.tar.gz` and the encoded `test.csv` (no header, the label first), writes
`evaluation.json`: `{"metrics": {"auc", …}, "rows", "positives", "inputs": {file: sha256}}`.
"""

from __future__ import annotations

import argparse
import hashlib
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import xgboost
from encoding import ENCODER_FILE, Encoder  # type: ignore[import-not-found]
from folders import only_file, write_json  # type: ignore[import-not-found]
from sklearn import metrics

MODEL_FILE = "xgboost-model.json"
WANTED = {MODEL_FILE, ENCODER_FILE}
MAX_BYTES = 512 * 1024 * 1024


def extract(archive: Path, folder: Path) -> None:
    """Take only the plain files named in `WANTED` out of an archive.

    Nothing is extracted by its own path, so that no member can point outside the folder; a link or
    an oversized member is refused.
    """
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            name = str(PurePosixPath(member.name))
            if name not in WANTED:
                continue
            source = tar.extractfile(member) if member.isfile() else None
            if source is None or member.size > MAX_BYTES:
                raise SystemExit(f"{archive.name}: member {name} is no plain file or too large")
            (folder / name).write_bytes(source.read())
    missing = sorted(WANTED - {path.name for path in folder.iterdir()})
    if missing:
        raise SystemExit(f"{archive.name} has no {' and no '.join(missing)}")


def measure(labels: np.ndarray[Any, Any], scores: np.ndarray[Any, Any]) -> dict[str, float]:
    """Return the metrics of predicted probabilities; a score of 0.5 and more counts as good."""
    predicted = scores >= 0.5
    return {
        "auc": float(metrics.roc_auc_score(labels, scores)),
        "accuracy": float(metrics.accuracy_score(labels, predicted)),
        "log_loss": float(metrics.log_loss(labels, scores)),
        "brier": float(metrics.brier_score_loss(labels, scores)),
        "precision": float(metrics.precision_score(labels, predicted, zero_division=0)),
        "recall": float(metrics.recall_score(labels, predicted, zero_division=0)),
        "f1": float(metrics.f1_score(labels, predicted, zero_division=0)),
    }


def evaluate(archive: Path, test: Path) -> dict[str, Any]:
    """Return the evaluation document of a model archive on an encoded part."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        extract(archive, folder)
        encoder = Encoder.load(folder / ENCODER_FILE)
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(str(folder / MODEL_FILE))
    table = np.loadtxt(test, delimiter=",", ndmin=2)
    labels = table[:, 0]
    if len(set(labels.tolist())) < 2:
        raise SystemExit(f"{test.name} has one class only: no AUC can be computed")
    matrix = xgboost.DMatrix(table[:, 1:], feature_names=encoder.columns, nthread=1)
    return {
        "metrics": measure(labels, booster.predict(matrix)),
        "rows": len(labels),
        "positives": int(labels.sum()),
        "inputs": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (archive, test)
        },
    }


def main() -> None:
    """Read the command line, evaluate, write the document."""
    parser = argparse.ArgumentParser(description="Evaluate a trained model")
    parser.add_argument("--model", type=Path, required=True, help="folder of model.tar.gz")
    parser.add_argument("--test", type=Path, required=True, help="folder of test.csv")
    parser.add_argument("--output", type=Path, required=True, help="folder for evaluation.json")
    arguments = parser.parse_args()
    document = evaluate(only_file(arguments.model), only_file(arguments.test))
    write_json(arguments.output / "evaluation.json", document)
    for name, value in document["metrics"].items():
        print(f"test-{name}:{value:.5f}")


if __name__ == "__main__":
    main()
