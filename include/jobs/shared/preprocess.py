"""Processing job: split the dataset and encode it.

Reads `dataset.parquet` (folder `--dataset`) and the preprocessing document (folder `--contract`,
JSON: label with its classes, features with type and codes, one-hot features, split, problem type).
Rows without a label are counted and left out. The others are ordered by record id and split as the
document says (`splitting.py`). The encoder is fitted on the training part alone. Written are

- `train/train.csv` with `train/encoder.json`, `validation/validation.csv`, `test/test.csv`:
  encoded, no header, the label first (a class as its position), a missing value as `nan`;
- `train/example.json`: a few raw rows of the training part, for the model's input example;
- `evaluation/test.csv`: the held-out rows *raw*, with a header, record id first, label last, as an
  endpoint is asked about them; `evaluation/train.csv` and `evaluation/validation.csv` likewise,
  for the evaluation to compare with;
- `summary.json`: rows of each part, of classes how many of each, of numbers the mean label; and the
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
from encoding import ENCODER_FILE, BadRowsError, Encoder  # type: ignore[import-not-found]
from folders import only_file, write_json  # type: ignore[import-not-found]
from labels import Label, text_of  # type: ignore[import-not-found]
from splitting import split  # type: ignore[import-not-found]

EXAMPLE_FILE = "example.json"
EXAMPLE_ROWS = 5


def load(path: Path, document: dict[str, Any]) -> pd.DataFrame:
    """Read the dataset ordered by record id, and by event time where it is a point-in-time one.

    Raises:
        SystemExit: a column is missing, a record comes twice (at one time), or a label is none of
            the classes, or no number.
    """
    rows = pd.read_parquet(path)
    identifier, label = document["record_identifier"], Label.of(document)
    names = [identifier, label.name, *raw_columns(document)]
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
    rows = _labelled(rows, label, path.name)
    if not label.is_class and document["label_scale"] != 1:
        rows[label.name] = rows[label.name] / document["label_scale"]
    return rows.sort_values(key, ignore_index=True)


def _labelled(rows: pd.DataFrame, label: Label, name: str) -> pd.DataFrame:
    """Return the rows that have a label, a class as its text."""
    empty = rows[label.name].map(text_of) == ""
    if empty.any():
        print(f"{name}: {empty.sum()} of {len(rows)} rows have no {label.name} and are left out")
        rows = rows[~empty].copy()
    if rows.empty:
        raise SystemExit(f"{name} has no rows with a {label.name}")
    try:
        numbers = label.encode(rows[label.name])
    except SystemExit as error:
        raise SystemExit(f"{name}: {error}") from error
    rows[label.name] = rows[label.name].map(text_of) if label.is_class else numbers
    return rows


def raw_columns(document: dict[str, Any]) -> list[str]:
    """Return the features, and what the evaluation reads beside them."""
    features = [feature["name"] for feature in document["features"]]
    return [*features, *(name for name in document.get("also", ()) if name not in features)]


def write_encoded(part: pd.DataFrame, encoder: Encoder, path: Path) -> None:
    """Write a part as the training script reads it; BadRowsError for an unknown code."""
    table = pd.DataFrame(encoder.encode(part))
    table.insert(0, "label", encoder.label.encode(part[encoder.label.name]))
    if encoder.label.is_class:
        table["label"] = table["label"].astype(int)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, header=False, index=False, na_rep="nan")


def summary_of(parts: dict[str, pd.DataFrame], encoder: Encoder) -> dict[str, Any]:
    """Return what there is in each part."""
    label = encoder.label
    labels = {name: label.encode(part[label.name]) for name, part in parts.items()}
    counted: dict[str, Any] = {"rows": {name: len(part) for name, part in parts.items()}}
    if label.is_class:
        counted["classes"] = {name: label.counts(each) for name, each in labels.items()}
    else:
        counted["mean_label"] = {name: float(each.mean()) for name, each in labels.items()}
    return {**counted, "columns": encoder.columns}


def main() -> None:
    """Read the command line, split, encode, write."""
    parser = argparse.ArgumentParser(description="Split and encode a dataset")
    parser.add_argument("--dataset", type=Path, required=True, help="folder of dataset.parquet")
    parser.add_argument("--contract", type=Path, required=True, help="folder of the document")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    document = json.loads(only_file(arguments.contract).read_text(encoding="utf-8"))
    dataset = load(only_file(arguments.dataset), document)
    parts = split(dataset, document["split"], Label.of(document))
    encoder = Encoder.fit(parts["train"], document)
    label = encoder.label.name
    for name, part in parts.items():
        try:
            write_encoded(part, encoder, arguments.output / name / f"{name}.csv")
        except BadRowsError as error:
            raise SystemExit(f"the {name} part cannot be encoded: {error}") from error
    summary = summary_of(parts, encoder)
    told = summary["classes"] if encoder.label.is_class else summary["mean_label"]
    for name, rows in summary["rows"].items():
        of = told[name]
        print(f"{name}: {rows} rows, {label}: {of}")
    encoder.save(arguments.output / "train" / ENCODER_FILE)
    example = parts["train"][[feature.name for feature in encoder.features]].head(EXAMPLE_ROWS)
    example = example.astype(object).where(example.notna(), None)
    write_json(arguments.output / "train" / EXAMPLE_FILE, example.to_dict("split", index=False))
    raw = arguments.output / "evaluation"
    raw.mkdir(parents=True, exist_ok=True)
    columns = [document["record_identifier"], *raw_columns(document), label]
    for name, part in parts.items():
        part[columns].to_csv(raw / f"{name}.csv", index=False)
    write_json(arguments.output / "summary.json", summary)


if __name__ == "__main__":
    main()
