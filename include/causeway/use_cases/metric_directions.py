"""Which way a metric is better: known by its name, or declared for one of a model's own."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import StringConstraints

#: What names a metric wherever it goes: job documents, MLflow, CloudWatch, metadata of a version.
MetricName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]

_MORE: Final = frozenset(
    [
        "accuracy",
        "auc",
        "aucpr",
        "average_precision",
        "balanced_accuracy",
        "f1",
        "gini",
        "macro_f1",
        "macro_precision",
        "macro_recall",
        "map",
        "ndcg",
        "ndcg_at_k",
        "pr_auc",
        "precision",
        "r2",
        "recall",
        "roc_auc",
        "sensitivity",
        "specificity",
    ]
)
_LESS: Final = frozenset(
    [
        "brier",
        "cross_entropy",
        "ece",
        "error",
        "hinge",
        "log_loss",
        "logloss",
        "loss",
        "mae",
        "mape",
        "max_error",
        "merror",
        "mlogloss",
        "mpe",
        "mse",
        "msle",
        "rmse",
        "rmsle",
    ]
)


def known_direction(metric: str) -> bool | None:
    """Return whether more of a metric is better, by its name; None for one that is not known.

    `validation_`, `train_` and `test_` before it do not count.
    """
    plain = metric
    for prefix in ("validation_", "train_", "test_"):
        plain = plain.removeprefix(prefix)
    return True if plain in _MORE else False if plain in _LESS else None


def is_more_better(metric: str, declared: bool | None, key: str) -> bool:
    """Return whether more of a metric is better.

    Args:
        metric: its name.
        declared: what the use case says, if anything.
        key: the key that says it.

    Raises:
        ValueError: the use case contradicts what the metric is, or it is not known and not said.
    """
    direction = known_direction(metric)
    if direction is None and declared is None:
        raise ValueError(
            f"{metric}: whether more of it is better is not known; say `{key}: true` or `false`"
        )
    if direction is not None and declared is not None and direction is not declared:
        better = "more" if direction else "less"
        raise ValueError(f"{metric}: {better} of it is better; take `{key}: {declared}` out")
    return bool(direction if declared is None else declared)
