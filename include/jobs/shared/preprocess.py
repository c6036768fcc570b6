"""Processing job: split the dataset and encode it.

Reads `dataset.parquet` (folder `--dataset`) and the preprocessing document (folder `--contract`,
JSON: label, features with their codes, one-hot features, split, problem type). The rows are ordered
by record id and split as the document says: first training and rest, then the rest into validation
and test, in that order, without strata. The encoder is fitted on the training part alone. Written
are

- `train/train.csv` with `train/encoder.json`, `validation/validation.csv`, `test/test.csv`:
  encoded, no header, the label first;
- `evaluation/test.csv`: the same held-out rows *raw*, with a header, record id first, label last,
  as an endpoint is asked about them;
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
from sklearn.model_selection import train_test_split

CLASSES = "binary classification"


def split(rows: pd.DataFrame, how: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the parts `train`, `validation` and `test`."""
    state = how["random_state"]
    train, rest = train_test_split(rows, test_size=how["test_size"], random_state=state)
    validation, test = train_test_split(
        rest, test_size=how["holdout_test_size"], random_state=state
    )
    return {"train": train, "validation": validation, "test": test}


def load(path: Path, document: dict[str, Any]) -> pd.DataFrame:
    """Read the dataset ordered by record id.

    Raises:
        SystemExit: a column is missing, a record id comes twice, or a label is no class (0, 1)
            where classes are to be told apart.
    """
    rows = pd.read_parquet(path)
    identifier, label = document["record_identifier"], document["label"]
    wanted = [identifier, label, *(feature["name"] for feature in document["features"])]
    missing = [name for name in wanted if name not in rows.columns]
    if missing:
        raise SystemExit(f"{path.name} lacks the column(s) {', '.join(missing)}")
    if rows[identifier].duplicated().any():
        twice = rows.loc[rows[identifier].duplicated(), identifier].iloc[0]
        raise SystemExit(f"{path.name}: the record {twice} comes twice")
    if document["problem_type"] == CLASSES and not rows[label].isin((0, 1)).all():
        raise SystemExit(f"{path.name}: the label {label} holds more than 0 and 1")
    if document["label_scale"] != 1:
        rows[label] = rows[label] / document["label_scale"]
    return rows.sort_values(identifier, ignore_index=True)


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
    features = [Feature(one["name"], tuple(one["codes"])) for one in document["features"]]
    parts = split(load(only_file(arguments.dataset), document), document["split"])
    encoder = Encoder.fit(parts["train"], features, document["one_hot"], label)
    for name, part in parts.items():
        write_encoded(part, encoder, arguments.output / name / f"{name}.csv")
        print(f"{name}: {len(part)} rows, mean {label} {part[label].mean():.3f}")
    encoder.save(arguments.output / "train" / ENCODER_FILE)
    held_out = parts["test"][
        [document["record_identifier"], *(feature.name for feature in features), label]
    ]
    evaluation = arguments.output / "evaluation" / "test.csv"
    evaluation.parent.mkdir(parents=True, exist_ok=True)
    held_out.to_csv(evaluation, index=False)
    summary = {
        "rows": {name: len(part) for name, part in parts.items()},
        "mean_label": {name: float(part[label].mean()) for name, part in parts.items()},
        "columns": encoder.columns,
    }
    write_json(arguments.output / "summary.json", summary)


if __name__ == "__main__":
    main()
