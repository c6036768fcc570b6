"""What the evaluation scripts share: a trained model measured on a part it has not seen.

Reads `model.tar.gz` and the encoded `test.csv` (no header, the label first), writes
`evaluation.json`: `{"metrics": {…}, "rows", "inputs": {file: sha256}, …}`.
"""

from __future__ import annotations

import argparse
import hashlib
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import xgboost
from encoding import ENCODER_FILE, Encoder  # type: ignore[import-not-found]
from folders import only_file, write_json  # type: ignore[import-not-found]

MODEL_FILE = "xgboost-model.json"
WANTED = {MODEL_FILE, ENCODER_FILE}
MAX_BYTES = 512 * 1024 * 1024

Numbers = np.ndarray[Any, Any]
#: From labels and predictions to the document; it has at least `metrics`.
Measure = Callable[[Numbers, Numbers], dict[str, Any]]


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


def predicted(archive: Path, test: Path) -> tuple[Numbers, Numbers]:
    """Return the labels of an encoded part and what the archive's model predicts for it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        extract(archive, folder)
        encoder = Encoder.load(folder / ENCODER_FILE)
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(str(folder / MODEL_FILE))
    table = np.loadtxt(test, delimiter=",", ndmin=2)
    matrix = xgboost.DMatrix(table[:, 1:], feature_names=encoder.columns, nthread=1)
    return table[:, 0], booster.predict(matrix)


def main(measure: Measure) -> None:
    """Read the command line, evaluate, write the document."""
    parser = argparse.ArgumentParser(description="Evaluate a trained model")
    parser.add_argument("--model", type=Path, required=True, help="folder of model.tar.gz")
    parser.add_argument("--test", type=Path, required=True, help="folder of test.csv")
    parser.add_argument("--output", type=Path, required=True, help="folder for evaluation.json")
    arguments = parser.parse_args()
    archive, test = only_file(arguments.model), only_file(arguments.test)
    labels, predictions = predicted(archive, test)
    document = {
        **measure(labels, predictions),
        "rows": len(labels),
        "inputs": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (archive, test)
        },
    }
    write_json(arguments.output / "evaluation.json", document)
    for name, value in document["metrics"].items():
        print(f"test-{name}:{value:.5f}")
