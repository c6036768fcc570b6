"""What the evaluation scripts share: a trained model measured on a part it has not seen.

Reads `model.tar.gz` and the encoded `test.csv` (no header, the label first), writes
`evaluation.json`: `{"metrics": {…}, "rows", "inputs": {file: sha256}, …}`. That alone is what a
pipeline's condition needs. With `--contract` (the evaluation document) and `--raw` (the raw rows of
every part) it adds what the gates ask for, and writes beside it

- `data-statistics.json`, the training snapshot that later data is compared with;
- `bias-report.json`, how the groups of people fare (of classes);
- `explainability.json`, each feature's share of the gain, or of the coefficients;
- `plots/*.png`.

With `--production` the artifact that is in production is measured on the same held-out rows. The
metrics are those of `measures.py`, unless a use case's own `evaluate.py` hands over a `measure`.

With `--answers` (what a live endpoint answered, and the labels of the rows that it was asked about)
nothing else is looked at: the same `measure` is taken of these.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import estimators  # type: ignore[import-not-found]
import numpy as np
import pandas as pd
from encoding import ENCODER_FILE, BadRowsError, Encoder  # type: ignore[import-not-found]
from folders import only_file, write_json  # type: ignore[import-not-found]
from labels import BINARY, Label  # type: ignore[import-not-found]
from measures import Measure, measure_of  # type: ignore[import-not-found]

TRAINING_FILE = "training.json"
KNOWN = {*estimators.KINDS, ENCODER_FILE, TRAINING_FILE}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
MAX_BYTES = 512 * 1024 * 1024

Numbers = np.ndarray[Any, Any]


def extract(archive: Path, folder: Path) -> None:
    """Take only the plain files that are known by name out of an archive.

    Nothing is extracted by its own path, so that no member can point outside the folder; a link or
    an oversized member is refused.
    """
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            name = str(PurePosixPath(member.name))
            if name not in KNOWN:
                continue
            source = tar.extractfile(member) if member.isfile() else None
            if source is None or member.size > MAX_BYTES:
                raise SystemExit(f"{archive.name}: member {name} is no plain file or too large")
            (folder / name).write_bytes(source.read())
    present = {path.name for path in folder.iterdir()}
    lacking = [] if present & set(estimators.KINDS) else [" or ".join(estimators.KINDS)]
    lacking += [ENCODER_FILE] if ENCODER_FILE not in present else []
    if lacking:
        raise SystemExit(f"{archive.name} has no {' and no '.join(lacking)}")


@dataclass(frozen=True)
class Model:
    """A model out of its archive; `trained` says how it was trained, when the archive does."""

    model: estimators.Trained
    encoder: Encoder
    trained: dict[str, Any]

    @classmethod
    def load(cls, archive: Path) -> Model:
        """Load the model of an archive."""
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            extract(archive, folder)
            path = folder / TRAINING_FILE
            trained = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            return cls(estimators.load(folder), Encoder.load(folder / ENCODER_FILE), trained)

    def predict(self, encoded: Numbers) -> Numbers:
        """Return what the model predicts for encoded rows."""
        answers: Numbers = self.model.predict(encoded, self.encoder.columns)
        return answers

    def importance(self) -> dict[str, float]:
        """Return each feature's share of the weight, the columns of a one-hot feature together."""
        weights = self.model.weights(self.encoder.columns)
        whole = sum(weights.values()) or 1.0
        return {
            feature.name: sum(weights.get(column, 0.0) for column in feature.columns()) / whole
            for feature in self.encoder.features
        }


def predicted(archive: Path, test: Path) -> tuple[Numbers, Numbers]:
    """Return the labels of an encoded part and what the archive's model predicts for it."""
    table = np.loadtxt(test, delimiter=",", ndmin=2)
    return table[:, 0], Model.load(archive).predict(table[:, 1:])


def read_raw(path: Path, label: Label) -> pd.DataFrame:
    """Read the raw rows of a part: texts, of which only the empty one is none; a number as label.

    pandas would take texts such as `NA` and `null` for missing.
    """
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    if not label.is_class:
        rows[label.name] = label.encode(rows[label.name])
    return rows


def in_production(
    archive: Path, rows: pd.DataFrame, label: Label, measure: Measure
) -> dict[str, Any]:
    """Measure the artifact in production on held-out rows, which it encodes its own way."""
    result: dict[str, Any] = {"artifact_sha256": sha256(archive), "rows": len(rows)}
    try:
        model = Model.load(archive)
        answers = model.predict(model.encoder.encode(rows))
    except (BadRowsError, ImportError) as error:
        return {**result, "error": str(error)}
    theirs = model.encoder.label
    if theirs.classes and theirs.classes != label.classes:
        return {**result, "error": f"it tells {', '.join(theirs.classes)} apart"}
    return {**result, "metrics": measure(label.encode(rows[label.name]), answers)["metrics"]}


def evidence(
    model: Model,
    document: dict[str, Any],
    parts: dict[str, pd.DataFrame],
    measure: Measure,
    output: Path,
) -> dict[str, Any]:
    """Return what the gates ask for beyond the metrics, and write the documents and the plots."""
    import drift  # type: ignore[import-not-found]
    import people  # type: ignore[import-not-found]
    import plots  # type: ignore[import-not-found]
    import repeated  # type: ignore[import-not-found]

    label = model.encoder.label
    bins = drift.snapshot(parts["train"], model.encoder.features)
    write_json(output / "data-statistics.json", drift.statistics(bins))
    importance = model.importance()
    write_json(output / "explainability.json", {"importance": importance})
    labels = label.encode(parts["test"][label.name])
    answers = model.predict(model.encoder.encode(parts["test"]))
    result: dict[str, Any] = {"drift": drift.drift(bins, parts["train"], parts["test"])}
    if label.problem == BINARY:
        result["calibration"] = people.calibration(labels, answers)
    if label.is_class:
        result["fairness"] = people.fairness(
            parts["test"],
            document["protected"],
            label.is_favourable(labels),
            label.is_favourable(label.predicted(answers)),
        )
        write_json(output / "bias-report.json", {"groups": result["fairness"]})
    if document["repeated_splits"] and model.trained:
        rows = pd.concat(list(parts.values())).sort_values(
            document["record_identifier"], ignore_index=True, kind="stable"
        )
        # What no contract describes was seen in the training part, where values had types.
        typed = [
            {**entry, "type": feature.type, "nullable": feature.nullable}
            for entry, feature in zip(document["features"], model.encoder.features, strict=True)
        ]
        result["repeated_splits"] = repeated.repeat(
            rows, {**document, "features": typed}, model.trained, measure
        )
    result["plots"] = plots.draw(labels, answers, importance, output / "plots", label)
    return result


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def require_names(metrics: dict[str, float]) -> None:
    """Refuse a metric that its next readers cannot take: gates, MLflow, metadata of a version.

    Raises:
        SystemExit: its name has other characters, or it is no finite number.
    """
    for name, value in metrics.items():
        if not NAME.fullmatch(name):
            raise SystemExit(f"metric {name!r}: a name has letters, digits and _.-, 64 at most")
        if not math.isfinite(value):
            raise SystemExit(f"metric {name} is {value}, no finite number: leave it out")


def of_answers(path: Path, label: Label, measure: Measure | None) -> dict[str, Any]:
    """Measure what an endpoint answered: `{"labels": [text, …], "answers": [[number, …], …]}`."""
    document = json.loads(path.read_text(encoding="utf-8"))
    labels = label.encode(pd.Series(document["labels"]))
    answers = np.array(document["answers"], dtype=float)
    if answers.shape[1] == 1:
        answers = answers[:, 0]
    measured = (measure or measure_of(label))(labels, answers)
    return {"metrics": measured["metrics"], "rows": len(labels)}


def main(measure: Measure | None = None) -> None:
    """Read the command line, evaluate, write the document."""
    parser = argparse.ArgumentParser(description="Evaluate a trained model")
    parser.add_argument("--model", type=Path, help="folder of model.tar.gz")
    parser.add_argument("--test", type=Path, help="folder of test.csv")
    parser.add_argument("--answers", type=Path, help="folder of an endpoint's answers, instead")
    parser.add_argument("--contract", type=Path, help="folder of the evaluation document")
    parser.add_argument("--raw", type=Path, help="folder of the raw rows of each part")
    parser.add_argument("--production", type=Path, help="folder of the live model.tar.gz")
    parser.add_argument("--output", type=Path, required=True, help="folder for evaluation.json")
    arguments = parser.parse_args()
    if arguments.answers:
        contract = json.loads(only_file(arguments.contract).read_text(encoding="utf-8"))
        document = of_answers(only_file(arguments.answers), Label.of(contract), measure)
    else:
        document = evaluate(arguments, measure)
    require_names(document["metrics"])
    write_json(arguments.output / "evaluation.json", document)
    for name, value in document["metrics"].items():
        print(f"test-{name}:{value:.5f}")


def evaluate(arguments: argparse.Namespace, measure: Measure | None) -> dict[str, Any]:
    """Return the document of a model that was evaluated on the held-out part."""
    archive, test = only_file(arguments.model), only_file(arguments.test)
    model = Model.load(archive)
    label = model.encoder.label
    measure = measure or measure_of(label)
    labels, predictions = predicted(archive, test)
    document = {
        **measure(labels, predictions),
        "rows": len(labels),
        **({"classes": label.counts(labels)} if label.is_class else {}),
        "inputs": {path.name: sha256(path) for path in (archive, test)},
    }
    if arguments.contract and arguments.raw:
        contract = json.loads(only_file(arguments.contract).read_text(encoding="utf-8"))
        parts = {
            name: read_raw(arguments.raw / f"{name}.csv", label)
            for name in ("train", "validation", "test")
        }
        document |= evidence(model, contract, parts, measure, arguments.output)
        if arguments.production:
            live = only_file(arguments.production)
            document["production"] = in_production(live, parts["test"], label, measure)
    return document
