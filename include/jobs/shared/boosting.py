"""What the training scripts share: gradient-boosted trees on the encoded training part.

Script mode: channels `train` (train.csv and encoder.json) and `validation` (validation.csv) as
`preprocess.py` wrote them, hyperparameters as arguments. Writes into the model directory
`xgboost-model.json`, `encoder.json` and `code/`, all that `inference.py` needs, `training.json`
(the parameters), and what makes the directory an MLflow model (`mlflow_model.py`); into the output
directory `metrics.json`. Each boosting round prints `validation-<metric>:<value>`, which metric
definitions read where SageMaker takes them. The same input gives the same model: one thread, a
fixed seed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow_model  # type: ignore[import-not-found]
import numpy as np
import xgboost
from encoding import ENCODER_FILE, Encoder  # type: ignore[import-not-found]
from folders import write_json  # type: ignore[import-not-found]

MODEL_FILE = "xgboost-model.json"
TRAINING_FILE = "training.json"
EXAMPLE_FILE = "example.json"
SERVING_CODE = ("inference.py", "encoding.py")


@dataclass(frozen=True)
class Objective:
    """What a use case's trees learn: xgboost's objective, the metric, and its own defaults."""

    name: str
    metric: str
    defaults: dict[str, Any] = field(default_factory=dict)

    def evaluation(self) -> dict[str, Any]:
        """Return the arguments of `xgboost.train` that have it measure the metric."""
        return {"custom_metric": squared_error} if self.metric == "mse" else {}


def squared_error(predicted: np.ndarray[Any, Any], part: xgboost.DMatrix) -> tuple[str, float]:
    """Return the mean squared error, which xgboost knows as its root only."""
    return "mse", float(np.mean((predicted - part.get_label()) ** 2))


def load_part(path: Path, columns: list[str]) -> xgboost.DMatrix:
    """Read an encoded part: no header, the label first."""
    table = np.loadtxt(path, delimiter=",", ndmin=2)
    if table.shape[1] != len(columns) + 1:
        raise SystemExit(
            f"{path.name} has {table.shape[1] - 1} feature columns, the encoder {len(columns)}"
        )
    return xgboost.DMatrix(table[:, 1:], label=table[:, 0], feature_names=columns, nthread=1)


def parameters_of(arguments: argparse.Namespace, objective: Objective) -> dict[str, Any]:
    """Return xgboost's parameters."""
    measured = (
        {"disable_default_eval_metric": 1}
        if objective.evaluation()
        else {"eval_metric": objective.metric}
    )
    return {
        "objective": objective.name,
        **measured,
        "nthread": 1,
        "seed": arguments.seed,
        "max_depth": arguments.max_depth,
        "eta": arguments.eta,
        "gamma": arguments.gamma,
        "min_child_weight": arguments.min_child_weight,
        "subsample": arguments.subsample,
        "colsample_bytree": arguments.colsample_bytree,
        "lambda": arguments.reg_lambda,
    }


def save_model(
    booster: xgboost.Booster, channel: Path, model_dir: Path, trained: dict[str, Any]
) -> None:
    """Write the model, its encoder, its parameters and the code that serves it."""
    code = model_dir / "code"
    code.mkdir(parents=True, exist_ok=True)
    booster.save_model(str(model_dir / MODEL_FILE))
    shutil.copyfile(channel / ENCODER_FILE, model_dir / ENCODER_FILE)
    write_json(model_dir / TRAINING_FILE, trained)
    example = json.loads((channel / EXAMPLE_FILE).read_text(encoding="utf-8"))
    encoder = Encoder.load(channel / ENCODER_FILE)
    mlflow_model.write(model_dir, MODEL_FILE, encoder, example)
    for name in SERVING_CODE:
        shutil.copyfile(Path(__file__).with_name(name), code / name)


def train(arguments: argparse.Namespace, objective: Objective) -> dict[str, Any]:
    """Train, save the model and return the document of `metrics.json`."""
    columns = Encoder.load(arguments.train / ENCODER_FILE).columns
    parts = {
        "train": load_part(arguments.train / "train.csv", columns),
        "validation": load_part(arguments.validation / "validation.csv", columns),
    }
    parameters = parameters_of(arguments, objective)
    history: dict[str, dict[str, list[float]]] = {}
    booster = xgboost.train(
        parameters,
        parts["train"],
        num_boost_round=arguments.num_boost_round,
        evals=[(part, name) for name, part in parts.items()],
        early_stopping_rounds=arguments.early_stopping_rounds or None,
        evals_result=history,
        verbose_eval=True,
        **objective.evaluation(),
    )
    metric = objective.metric
    best = len(history["train"][metric]) - 1
    if arguments.early_stopping_rounds:
        best = booster.best_iteration
        booster = booster[: best + 1]
    trained = {"parameters": parameters, "rounds": best + 1}
    save_model(booster, arguments.train, arguments.model_dir, trained)
    return {
        "parameters": {**parameters, "num_boost_round": arguments.num_boost_round},
        "rows": {name: part.num_row() for name, part in parts.items()},
        "rounds": best + 1,
        "history": {f"{name}_{metric}": values[metric] for name, values in history.items()},
        "final": {f"{name}_{metric}": values[metric][best] for name, values in history.items()},
    }


def main(objective: Objective, description: str) -> None:
    """Read hyperparameters and directories, train, write the metrics."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--max_depth", type=int, default=6)
    parser.add_argument("--eta", type=float, default=0.3)
    parser.add_argument("--gamma", type=float, default=0)
    parser.add_argument("--min_child_weight", type=float, default=1)
    parser.add_argument("--subsample", type=float, default=1)
    parser.add_argument("--colsample_bytree", type=float, default=1)
    parser.add_argument("--reg_lambda", type=float, default=1)
    parser.add_argument("--num_boost_round", type=int, default=50)
    parser.add_argument("--early_stopping_rounds", type=int, default=0, help="0: off")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(**objective.defaults)
    for name, variable in {
        "--train": "SM_CHANNEL_TRAIN",
        "--validation": "SM_CHANNEL_VALIDATION",
        "--model-dir": "SM_MODEL_DIR",
        "--output-data-dir": "SM_OUTPUT_DATA_DIR",
    }.items():
        folder = os.environ.get(variable)
        parser.add_argument(name, type=Path, default=folder and Path(folder), required=not folder)
    arguments = parser.parse_args()
    metrics = train(arguments, objective)
    write_json(arguments.output_data_dir / "metrics.json", metrics)
    print("final " + " ".join(f"{name}={value:.5f}" for name, value in metrics["final"].items()))
