"""Metrics of a model, computed without a library: an endpoint gives few answers.

Of classes: labels are 0 and 1 (1 is the positive class), scores are probabilities of the positive
class. Of a regression: labels and predictions are numbers of one unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from causeway.errors import BadInput
from causeway.use_cases.use_case import ProblemType


def auc(labels: Sequence[int], scores: Sequence[float]) -> float:
    """Return the area under the ROC curve by ranks; equal scores share their average rank.

    Raises:
        BadInput: lengths differ, or one of the classes is absent.
    """
    _check(labels, scores)
    positives = sum(labels)
    negatives = len(labels) - positives
    if not positives or not negatives:
        raise BadInput(
            "AUC needs both classes among the labels",
            next_step="Use more held-out rows.",
        )
    order = sorted(range(len(scores)), key=scores.__getitem__)
    rank_sum, start = 0.0, 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and scores[order[end + 1]] == scores[order[start]]:
            end += 1
        average = (start + end) / 2 + 1
        rank_sum += average * sum(labels[order[i]] for i in range(start, end + 1))
        start = end + 1
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def accuracy(labels: Sequence[int], scores: Sequence[float], threshold: float = 0.5) -> float:
    """Return the share of rows whose score is on the right side of the threshold."""
    _check(labels, scores)
    right = sum((s >= threshold) == bool(y) for y, s in zip(labels, scores, strict=True))
    return right / len(labels)


def log_loss(labels: Sequence[int], scores: Sequence[float]) -> float:
    """Return the mean negative log-likelihood; scores are kept away from 0 and 1 by 1e-15."""
    _check(labels, scores)
    total = 0.0
    for label, score in zip(labels, scores, strict=True):
        probability = min(max(score, 1e-15), 1 - 1e-15)
        total -= math.log(probability if label else 1 - probability)
    return total / len(labels)


def brier(labels: Sequence[int], scores: Sequence[float]) -> float:
    """Return the mean squared difference between score and label."""
    _check(labels, scores)
    return sum((s - y) ** 2 for y, s in zip(labels, scores, strict=True)) / len(labels)


def measured(
    problem: ProblemType, labels: Sequence[float], answers: Sequence[float]
) -> dict[str, float]:
    """Return the metrics that a stage record holds, by the kind of problem."""
    if problem == "regression":
        return regression_metrics(labels, answers)
    return binary_metrics([int(label) for label in labels], answers)


def regression_metrics(labels: Sequence[float], predictions: Sequence[float]) -> dict[str, float]:
    """Return the errors of predicted numbers, with the number of rows; r2 is 0 without spread.

    Raises:
        BadInput: lengths differ, there are none, or one is no finite number.
    """
    _check_lengths(labels, predictions)
    for row, pair in enumerate(zip(labels, predictions, strict=True), start=1):
        if not all(map(math.isfinite, pair)):
            raise BadInput(
                f"row {row}: label {pair[0]!r}, prediction {pair[1]!r}: both must be finite",
                next_step="Look at the endpoint's answer for that row.",
            )
    errors = [p - y for y, p in zip(labels, predictions, strict=True)]
    mse = math.fsum(e * e for e in errors) / len(errors)
    mean = math.fsum(labels) / len(labels)
    spread = math.fsum((y - mean) ** 2 for y in labels) / len(labels)
    return {
        "mse": mse,
        "rmse": math.sqrt(mse),
        "mae": math.fsum(map(abs, errors)) / len(errors),
        "r2": 1 - mse / spread if spread else 0.0,
        "rows": float(len(labels)),
    }


def binary_metrics(labels: Sequence[int], scores: Sequence[float]) -> dict[str, float]:
    """Return the metrics that a stage record holds, with the number of rows."""
    return {
        "auc": auc(labels, scores),
        "accuracy": accuracy(labels, scores),
        "log_loss": log_loss(labels, scores),
        "brier": brier(labels, scores),
        "rows": float(len(labels)),
    }


def _check_lengths(labels: Sequence[float], scores: Sequence[float]) -> None:
    if len(labels) != len(scores) or not labels:
        raise BadInput(
            f"{len(labels)} labels and {len(scores)} scores do not belong together",
            next_step="Compare the rows sent to the endpoint with its answer.",
        )


def _check(labels: Sequence[int], scores: Sequence[float]) -> None:
    _check_lengths(labels, scores)
    for row, (label, score) in enumerate(zip(labels, scores, strict=True), start=1):
        if label not in (0, 1) or not math.isfinite(score):
            raise BadInput(
                f"row {row}: label {label!r}, score {score!r}: labels are 0 or 1, scores finite",
                next_step="Look at the endpoint's answer for that row.",
            )
