"""A logistic regression on the encoded training part; `packing.py` says what is read and written.

The columns are standardised by the training part. The model is written as its coefficients, in
JSON: whatever serves it needs numpy alone. Prints `validation-<metric>:<value>` once.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
import packing  # type: ignore[import-not-found]
from encoding import ENCODER_FILE, Encoder  # type: ignore[import-not-found]
from estimators import Linear  # type: ignore[import-not-found]
from labels import MULTI_CLASS, Label  # type: ignore[import-not-found]
from sklearn import metrics
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

Numbers = np.ndarray[Any, Any]


def fit(parameters: dict[str, Any], table: Numbers, labels: Numbers, label: Label) -> Linear:
    """Fit the regression.

    Raises:
        SystemExit: a value is missing, which a line cannot weigh, or there is one class only.
    """
    if np.isnan(table).any():
        raise SystemExit("a logistic regression takes no missing values: name them in `impute`")
    if len(set(labels.tolist())) < len(label.classes):
        raise SystemExit(f"the training part lacks a class: {label.counts(labels)}")
    means, deviations = table.mean(axis=0), table.std(axis=0)
    deviations[deviations == 0] = 1
    balanced = parameters["class_weight"] == packing.BALANCED
    model = LogisticRegression(
        C=parameters["C"],
        max_iter=parameters["max_iter"],
        class_weight="balanced" if balanced else None,
        random_state=parameters["seed"],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            model.fit((table - means) / deviations, labels)
        except ConvergenceWarning as error:
            raise SystemExit(
                f"no convergence in {parameters['max_iter']} iterations: raise max_iter"
            ) from error
    return Linear(model.coef_, model.intercept_, means, deviations)


def fit_again(trained: dict[str, Any], table: Numbers, labels: Numbers, encoder: Encoder) -> Linear:
    """Fit on another part with the parameters that a model was fitted with."""
    return fit(trained["parameters"], table, labels, encoder.label)


def measured(labels: Numbers, answers: Numbers, label: Label) -> dict[str, float]:
    """Return what candidates may be compared by, under the names that xgboost has for it."""
    wrong = float((label.predicted(answers) != labels).mean())
    if label.problem == MULTI_CLASS:
        loss = metrics.log_loss(labels, answers, labels=range(len(label.classes)))
        return {"merror": wrong, "mlogloss": float(loss)}
    return {
        "error": wrong,
        "logloss": float(metrics.log_loss(labels, answers, labels=[0, 1])),
        "aucpr": float(metrics.average_precision_score(labels, answers)),
        "auc": float(metrics.roc_auc_score(labels, answers)),
    }


def train(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit, save the model and return the document of `metrics.json`."""
    encoder = Encoder.load(arguments.train / ENCODER_FILE)
    if not encoder.label.is_class:
        raise SystemExit("a logistic regression tells classes apart; the label is a number")
    columns = encoder.columns
    parts = {
        "train": packing.load_part(arguments.train / "train.csv", columns),
        "validation": packing.load_part(arguments.validation / "validation.csv", columns),
    }
    parameters = {
        "C": arguments.C,
        "max_iter": arguments.max_iter,
        "class_weight": arguments.class_weight,
        "seed": arguments.seed,
    }
    table, labels = parts["train"]
    model = fit(parameters, table, labels, encoder.label)
    trained = {"kind": "logistic_regression", "parameters": parameters}
    packing.save(model, arguments.train, arguments.model_dir, trained)
    final = {
        f"{name}_{metric}": value
        for name, (table, labels) in parts.items()
        for metric, value in measured(labels, model.predict(table, columns), encoder.label).items()
    }
    for name, value in final.items():
        print(f"{name.replace('_', '-', 1)}:{value:.5f}")
    return {
        "parameters": parameters,
        "rows": {name: len(labels) for name, (_, labels) in parts.items()},
        "rounds": 1,
        "history": {name: [value] for name, value in final.items()},
        "final": final,
    }


def parser() -> argparse.ArgumentParser:
    """Return what reads the hyperparameters; the defaults are scikit-learn's, but for max_iter."""
    arguments = argparse.ArgumentParser(description="Train a logistic regression")
    # SageMaker's toolkit passes a name of one letter with one dash.
    arguments.add_argument("-C", "--C", type=float, default=1, help="inverse of the penalty")
    arguments.add_argument("--max_iter", type=int, default=1000)
    arguments.add_argument("--class_weight", choices=("none", packing.BALANCED), default="none")
    arguments.add_argument("--seed", type=int, default=0)
    return arguments


def main() -> None:
    """Read hyperparameters and directories, train, write the metrics."""
    packing.run(parser(), train)
