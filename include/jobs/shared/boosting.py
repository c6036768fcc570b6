"""Gradient-boosted trees on the encoded training part; `packing.py` says what is read and written.

The label says what they learn: `binary:logistic`, `multi:softprob` or `reg:squarederror`. Each
boosting round prints `validation-<metric>:<value>`, which metric definitions read where SageMaker
takes them. The same input gives the same model: one thread, a fixed seed.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import packing  # type: ignore[import-not-found]
import xgboost
from encoding import ENCODER_FILE, Encoder  # type: ignore[import-not-found]
from estimators import Trees  # type: ignore[import-not-found]
from labels import BINARY, MULTI_CLASS, Label  # type: ignore[import-not-found]

Numbers = np.ndarray[Any, Any]

#: What is watched of each kind of problem; early stopping follows the last unless it is told.
METRICS = {
    BINARY: ("error", "logloss", "aucpr", "auc"),
    MULTI_CLASS: ("merror", "mlogloss"),
    "regression": ("mae", "rmse", "mse"),
}
OBJECTIVES = {
    BINARY: "binary:logistic",
    MULTI_CLASS: "multi:softprob",
    "regression": "reg:squarederror",
}


def squared_error(predicted: Numbers, part: xgboost.DMatrix) -> tuple[str, float]:
    """Return the mean squared error, which xgboost knows as its root only."""
    return "mse", float(np.mean((predicted - part.get_label()) ** 2))


def parameters_of(arguments: argparse.Namespace, label: Label) -> dict[str, Any]:
    """Return xgboost's parameters.

    Raises:
        SystemExit: a parameter that is not of this kind of problem.
    """
    parameters = {
        "objective": OBJECTIVES[label.problem],
        "eval_metric": [name for name in METRICS[label.problem] if name != "mse"],
        "nthread": 1,
        "seed": arguments.seed,
        "max_depth": arguments.max_depth,
        "eta": arguments.eta,
        "gamma": arguments.gamma,
        "min_child_weight": arguments.min_child_weight,
        "subsample": arguments.subsample,
        "colsample_bytree": arguments.colsample_bytree,
        "lambda": arguments.reg_lambda,
        "alpha": arguments.reg_alpha,
    }
    if label.problem == MULTI_CLASS:
        parameters["num_class"] = len(label.classes)
    if arguments.scale_pos_weight != 1:
        if label.problem != BINARY:
            raise SystemExit("scale_pos_weight is of two classes; class_weight balances more")
        parameters["scale_pos_weight"] = arguments.scale_pos_weight
    if arguments.class_weight != "none" and not label.is_class:
        raise SystemExit("class_weight is of classes, not of a regression")
    return parameters


def matrix(
    table: Numbers, labels: Numbers, columns: list[str], label: Label, class_weight: str = "none"
) -> xgboost.DMatrix:
    """Return a part as xgboost takes it; `class_weight: balanced` weighs its rows by class."""
    balanced = class_weight == packing.BALANCED
    weights = packing.balanced_weights(labels, len(label.classes)) if balanced else None
    return xgboost.DMatrix(
        table, label=labels, weight=weights, feature_names=columns, missing=np.nan, nthread=1
    )


def fit_again(trained: dict[str, Any], table: Numbers, labels: Numbers, encoder: Encoder) -> Trees:
    """Train on another part with the parameters and rounds that a model was trained with."""
    part = matrix(table, labels, encoder.columns, encoder.label, trained.get("class_weight", ""))
    rounds = trained["rounds"]
    return Trees(xgboost.train(trained["parameters"], part, num_boost_round=rounds))


def train(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train, save the model and return the document of `metrics.json`."""
    encoder = Encoder.load(arguments.train / ENCODER_FILE)
    label, columns = encoder.label, encoder.columns
    watched = METRICS[label.problem]
    metric = arguments.eval_metric or watched[-1]
    if metric not in watched:
        raise SystemExit(f"eval_metric {metric} is not of a {label.problem}: {', '.join(watched)}")
    parameters = parameters_of(arguments, label)
    tables = {
        "train": packing.load_part(arguments.train / "train.csv", columns),
        "validation": packing.load_part(arguments.validation / "validation.csv", columns),
    }
    weights = {"train": arguments.class_weight}
    parts = {
        name: matrix(table, labels, columns, label, weights.get(name, "none"))
        for name, (table, labels) in tables.items()
    }
    history: dict[str, dict[str, list[float]]] = {}
    stop = xgboost.callback.EarlyStopping(
        rounds=arguments.early_stopping_rounds, metric_name=metric, data_name="validation"
    )
    booster = xgboost.train(
        parameters,
        parts["train"],
        num_boost_round=arguments.num_boost_round,
        evals=[(part, name) for name, part in parts.items()],
        callbacks=[stop] if arguments.early_stopping_rounds else [],
        evals_result=history,
        verbose_eval=True,
        custom_metric=squared_error if "mse" in watched else None,
    )
    best = len(history["train"][metric]) - 1
    if arguments.early_stopping_rounds:
        best = booster.best_iteration
        booster = booster[: best + 1]
    trained = {
        "kind": "boosted_trees",
        "parameters": parameters,
        "rounds": best + 1,
        "class_weight": arguments.class_weight,
    }
    packing.save(Trees(booster), arguments.train, arguments.model_dir, trained)
    curves = {
        f"{name}_{each}": values for name, part in history.items() for each, values in part.items()
    }
    return {
        "parameters": {**parameters, "num_boost_round": arguments.num_boost_round},
        "rows": {name: part.num_row() for name, part in parts.items()},
        "rounds": best + 1,
        "history": curves,
        "final": {name: values[best] for name, values in curves.items()},
    }


def parser() -> argparse.ArgumentParser:
    """Return what reads the hyperparameters; the defaults are xgboost's own."""
    arguments = argparse.ArgumentParser(description="Train gradient-boosted trees")
    arguments.add_argument("--max_depth", type=int, default=6)
    arguments.add_argument("--eta", type=float, default=0.3)
    arguments.add_argument("--gamma", type=float, default=0)
    arguments.add_argument("--min_child_weight", type=float, default=1)
    arguments.add_argument("--subsample", type=float, default=1)
    arguments.add_argument("--colsample_bytree", type=float, default=1)
    arguments.add_argument("--reg_lambda", type=float, default=1)
    arguments.add_argument("--reg_alpha", type=float, default=0)
    arguments.add_argument("--scale_pos_weight", type=float, default=1)
    arguments.add_argument("--class_weight", choices=("none", packing.BALANCED), default="none")
    arguments.add_argument("--num_boost_round", type=int, default=50)
    arguments.add_argument("--early_stopping_rounds", type=int, default=0, help="0: off")
    arguments.add_argument("--eval_metric", default="", help="what early stopping follows")
    arguments.add_argument("--seed", type=int, default=0)
    return arguments


def main() -> None:
    """Read hyperparameters and directories, train, write the metrics."""
    packing.run(parser(), train)
