"""Processing job: measure the classifier on the held-out part; see `evaluation.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from evaluation import main  # type: ignore[import-not-found]
from sklearn import metrics


def measure(labels: np.ndarray[Any, Any], scores: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return the metrics of predicted probabilities; a score of 0.5 and more counts as good.

    Raises:
        SystemExit: one of the classes is absent.
    """
    if len(set(labels.tolist())) < 2:
        raise SystemExit("the part has one class only: no AUC can be computed")
    predicted = scores >= 0.5
    measured = {
        "auc": metrics.roc_auc_score(labels, scores),
        "accuracy": metrics.accuracy_score(labels, predicted),
        "log_loss": metrics.log_loss(labels, scores),
        "brier": metrics.brier_score_loss(labels, scores),
        "precision": metrics.precision_score(labels, predicted, zero_division=0),
        "recall": metrics.recall_score(labels, predicted, zero_division=0),
        "f1": metrics.f1_score(labels, predicted, zero_division=0),
    }
    return {
        "metrics": {name: float(value) for name, value in measured.items()},
        "positives": int(labels.sum()),
    }


if __name__ == "__main__":
    main(measure, classes=True)
