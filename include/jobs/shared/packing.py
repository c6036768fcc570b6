"""What the training scripts share: their folders, the parts they read, the model they leave behind.

Script mode: channels `train` (train.csv, encoder.json, example.json) and `validation`
(validation.csv) as `preprocess.py` wrote them, hyperparameters as arguments. Into the model
directory go the model, `encoder.json` and `code/`, all that `inference.py` needs, `training.json`
(the parameters), and what makes the directory an MLflow model; into the output directory
`metrics.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow_model  # type: ignore[import-not-found]
import numpy as np
from encoding import ENCODER_FILE, Encoder  # type: ignore[import-not-found]
from estimators import Trained  # type: ignore[import-not-found]
from folders import write_json  # type: ignore[import-not-found]

TRAINING_FILE = "training.json"
EXAMPLE_FILE = "example.json"
SERVING_CODE = ("inference.py", "encoding.py", "labels.py", "estimators.py")
BALANCED = "balanced"

Numbers = np.ndarray[Any, Any]


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Declare the folders of script mode, whose defaults the container's variables say."""
    for name, variable in {
        "--train": "SM_CHANNEL_TRAIN",
        "--validation": "SM_CHANNEL_VALIDATION",
        "--model-dir": "SM_MODEL_DIR",
        "--output-data-dir": "SM_OUTPUT_DATA_DIR",
    }.items():
        folder = os.environ.get(variable)
        parser.add_argument(name, type=Path, default=folder and Path(folder), required=not folder)


def load_part(path: Path, columns: list[str]) -> tuple[Numbers, Numbers]:
    """Read an encoded part (no header, the label first): its columns, and its labels."""
    table = np.loadtxt(path, delimiter=",", ndmin=2)
    if table.shape[1] != len(columns) + 1:
        raise SystemExit(
            f"{path.name} has {table.shape[1] - 1} feature columns, the encoder {len(columns)}"
        )
    return table[:, 1:], table[:, 0]


def balanced_weights(labels: Numbers, classes: int) -> Numbers:
    """Return weights of rows that give each class the same weight together."""
    counts = np.bincount(labels.astype(int), minlength=classes)
    return np.asarray((len(labels) / (classes * np.maximum(counts, 1)))[labels.astype(int)])


def save(model: Trained, channel: Path, model_dir: Path, trained: dict[str, Any]) -> None:
    """Write the model, its encoder, its parameters and the code that serves it."""
    code = model_dir / "code"
    code.mkdir(parents=True, exist_ok=True)
    model.save(model_dir)
    shutil.copyfile(channel / ENCODER_FILE, model_dir / ENCODER_FILE)
    write_json(model_dir / TRAINING_FILE, trained)
    example = json.loads((channel / EXAMPLE_FILE).read_text(encoding="utf-8"))
    mlflow_model.write(model_dir, model.file, Encoder.load(channel / ENCODER_FILE), example)
    for name in SERVING_CODE:
        shutil.copyfile(Path(__file__).with_name(name), code / name)


def run(parser: argparse.ArgumentParser, train: Callable[[argparse.Namespace], Any]) -> None:
    """Read hyperparameters and folders, train, and write the metrics that `train` returns."""
    add_folders(parser)
    arguments = parser.parse_args()
    write_metrics(arguments.output_data_dir, train(arguments))


def write_metrics(folder: Path, metrics: dict[str, Any]) -> None:
    """Write the document by which candidates are compared."""
    write_json(folder / "metrics.json", metrics)
    print("final " + " ".join(f"{name}={value:.5f}" for name, value in metrics["final"].items()))
