"""What a model's answers are worth: the metrics of each kind of problem.

A use case with metrics of its own hands a `measure` of its own to `evaluation.main`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from labels import MULTI_CLASS, Label  # type: ignore[import-not-found]
from sklearn import metrics

Numbers = np.ndarray[Any, Any]
#: From encoded labels and answers to the document; it has at least `metrics`.
Measure = Callable[[Numbers, Numbers], dict[str, Any]]


def measure_of(label: Label) -> Measure:
    """Return what measures the answers of a model, by what it predicts."""
    if not label.is_class:
        return regression
    several = label.problem == MULTI_CLASS
    return lambda labels, answers: (classes if several else binary)(labels, answers, label)


def binary(labels: Numbers, scores: Numbers, label: Label) -> dict[str, Any]:
    """Return the metrics of probabilities of the favourable class.

    Raises:
        SystemExit: one of the classes is absent.
    """
    counts = label.counts(labels)
    if not all(counts.values()):
        raise SystemExit(f"the part has one class only, so that there is no AUC: {counts}")
    predicted = label.predicted(scores)
    return _document(
        {
            "auc": metrics.roc_auc_score(labels, scores),
            "pr_auc": metrics.average_precision_score(labels, scores),
            "accuracy": metrics.accuracy_score(labels, predicted),
            "log_loss": metrics.log_loss(labels, scores),
            "brier": metrics.brier_score_loss(labels, scores),
            "precision": metrics.precision_score(labels, predicted, zero_division=0),
            "recall": metrics.recall_score(labels, predicted, zero_division=0),
            "f1": metrics.f1_score(labels, predicted, zero_division=0),
        }
    )


def classes(labels: Numbers, answers: Numbers, label: Label) -> dict[str, Any]:
    """Return the metrics of the probabilities of several classes; `macro` weighs each the same.

    The AUC (one class against the others, macro) is measured where every class has rows.
    """
    numbers = list(range(len(label.classes)))
    shares = answers.astype(float) / answers.sum(axis=1, keepdims=True, dtype=float)
    predicted = label.predicted(answers)
    macro: dict[str, Any] = {"labels": numbers, "average": "macro", "zero_division": 0}
    measured = {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "log_loss": metrics.log_loss(labels, shares, labels=numbers),
        "macro_f1": metrics.f1_score(labels, predicted, **macro),
        "macro_precision": metrics.precision_score(labels, predicted, **macro),
        "macro_recall": metrics.recall_score(labels, predicted, **macro),
    }
    if all(label.counts(labels).values()):
        measured["auc"] = metrics.roc_auc_score(labels, shares, multi_class="ovr", labels=numbers)
    return _document(measured)


def regression(labels: Numbers, predictions: Numbers) -> dict[str, Any]:
    """Return the metrics of predicted values, in the label's unit.

    `regression_metrics` are the same as SageMaker's model quality documents have them.
    """
    mse = float(metrics.mean_squared_error(labels, predictions))
    figures = {
        "mse": mse,
        "rmse": mse**0.5,
        "mae": float(metrics.mean_absolute_error(labels, predictions)),
        "r2": float(metrics.r2_score(labels, predictions)),
    }
    document = _document(figures)
    values = {name: {"value": value} for name, value in document["metrics"].items()}
    values["mse"]["standard_deviation"] = float(np.std((labels - predictions) ** 2))
    return {**document, "regression_metrics": values}


def _document(measured: dict[str, Any]) -> dict[str, Any]:
    values = {name: float(value) for name, value in measured.items()}
    return {"metrics": {name: value for name, value in values.items() if math.isfinite(value)}}
