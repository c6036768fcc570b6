"""Processing job: split the dataset and encode it.

Reads `dataset.parquet` (folder `--dataset`) and the preprocessing document (folder `--contract`,
JSON: label, features with their codes, one-hot features, split, problem type). The rows are ordered
by record id and split as the document says (`splitting.py`). The encoder is fitted on the training
part alone. Written are

- `train/train.csv` with `train/encoder.json`, `validation/validation.csv`, `test/test.csv`:
  encoded, no header, the label first;
- `train/example.json`: a few raw rows of the training part, for the model's input example;
- `evaluation/test.csv`: the held-out rows *raw*, with a header, record id first, label last, as an
  endpoint is asked about them; `evaluation/train.csv` and `evaluation/validation.csv` likewise,
  for the evaluation to compare with;
- `summary.json`: rows and mean label of each part (of classes: the share of positives), and the
  encoded columns.

Where the document scales the label, it is divided by that everywhere, in the held-out rows too:
what a model predicts is compared in its own unit.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd
from encoding import ENCODER_FILE, Encoder, Feature  # type: ignore[import-not-found]
from folders import only_file, write_json  # type: ignore[import-not-found]
from splitting import split  # type: ignore[import-not-found]

EXAMPLE_FILE = "example.json"
EXAMPLE_ROWS = 5
CLASSES = "binary classification"


def load(path: Path, document: dict[str, Any]) -> pd.DataFrame:
    """Read the dataset ordered by record id, and by event time where it is a point-in-time one.

    Raises:
        SystemExit: a column is missing, a record comes twice (at one time), or a label is no class
            (0, 1) where classes are to be told apart.
    """
    rows = pd.read_parquet(path)
    identifier, label = document["record_identifier"], document["label"]
    names = [identifier, label, *raw_columns(document)]
    names += [document["split"]["time_column"]] if document["split"].get("time_column") else []
    # A record has a row for each of its times where the document names the time's column.
    key = [identifier, *filter(None, [document.get("event_time")])]
    names += key[1:]
    missing = [name for name in names if name not in rows.columns]
    if missing:
        raise SystemExit(f"{path.name} lacks the column(s) {', '.join(missing)}")
    if rows.duplicated(key).any():
        twice = rows.loc[rows.duplicated(key), identifier].iloc[0]
        raise SystemExit(f"{path.name}: the record {twice} comes twice")
    if document["problem_type"] == CLASSES and not rows[label].isin((0, 1)).all():
        raise SystemExit(f"{path.name}: the label {label} holds more than 0 and 1")
    if document["label_scale"] != 1:
        rows[label] = rows[label] / document["label_scale"]
    return rows.sort_values(key, ignore_index=True)


def raw_columns(document: dict[str, Any]) -> list[str]:
    """Return the features, and what the evaluation reads beside them."""
    features = [feature["name"] for feature in document["features"]]
    return [*features, *(name for name in document.get("also", ()) if name not in features)]


def write_encoded(part: pd.DataFrame, encoder: Encoder, path: Path) -> None:
    """Write a part as the training script reads it; BadRowsError for an unknown code."""
    table = pd.DataFrame(encoder.encode(part))
    table.insert(0, "label", part[encoder.label].to_numpy())
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, header=False, index=False)


def main() -> None:
    """Read the command line, split, encode, write."""
    parser = argparse.ArgumentParser(description="Split and encode a dataset")
    parser.add_argument("--dataset", type=Path, required=True, help="folder of dataset.parquet")
    parser.add_argument("--contract", type=Path, required=True, help="folder of the document")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    document = json.loads(only_file(arguments.contract).read_text(encoding="utf-8"))
    label: str = document["label"]
    features = [
        Feature(feature["name"], tuple(feature["codes"])) for feature in document["features"]
    ]
    classes = document["problem_type"] == CLASSES
    dataset = load(only_file(arguments.dataset), document)
    parts = split(dataset, document["split"], label, classes=classes)
    beside = (document["record_identifier"], *document["also"])
    encoder = Encoder.fit(parts["train"], features, document["one_hot"], label, beside)
    for name, part in parts.items():
        write_encoded(part, encoder, arguments.output / name / f"{name}.csv")
        print(f"{name}: {len(part)} rows, mean {label} {part[label].mean():.3f}")
    encoder.save(arguments.output / "train" / ENCODER_FILE)
    example = parts["train"][[feature.name for feature in features]].head(EXAMPLE_ROWS)
    write_json(arguments.output / "train" / EXAMPLE_FILE, example.to_dict("split", index=False))
    raw = arguments.output / "evaluation"
    raw.mkdir(parents=True, exist_ok=True)
    columns = [document["record_identifier"], *raw_columns(document), label]
    for name, part in parts.items():
        part[columns].to_csv(raw / f"{name}.csv", index=False)
    summary = {
        "rows": {name: len(part) for name, part in parts.items()},
        "mean_label": {name: float(part[label].mean()) for name, part in parts.items()},
        "columns": encoder.columns,
    }
    write_json(arguments.output / "summary.json", summary)


if __name__ == "__main__":
    main()
