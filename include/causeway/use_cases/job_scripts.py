"""The folders of `include/jobs` that every use case may train with, and what their scripts take.

A use case's own folder is its own affair; of these it is known before a job runs what they can do.
A test compares this table with the scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from causeway.use_cases.training_specs import HyperParameter

BINARY: Final = "binary classification"
MULTI_CLASS: Final = "multi-class classification"
REGRESSION: Final = "regression"

#: What the shipped `evaluate.py` measures (`include/jobs/shared/measures.py`).
MEASURED: Final[Mapping[str, tuple[str, ...]]] = {
    BINARY: ("auc", "pr_auc", "accuracy", "log_loss", "brier", "precision", "recall", "f1"),
    MULTI_CLASS: ("accuracy", "log_loss", "macro_f1", "macro_precision", "macro_recall", "auc"),
    REGRESSION: ("mse", "rmse", "mae", "r2"),
}
_OF_CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    BINARY: ("error", "logloss", "aucpr", "auc"),
    MULTI_CLASS: ("merror", "mlogloss"),
}
_BALANCED: Final = ("none", "balanced")


@dataclass(frozen=True)
class JobScripts:
    """What a folder's `train.py` takes: hyperparameters with their type or their choices.

    `watched` are the metrics that it writes of each kind of problem, for `select_by`. `only` are
    the hyperparameters of some kinds of problem alone. `any_column`: it takes a missing number, and
    the code of a category as a number.
    """

    hyperparameters: Mapping[str, type[int] | type[float] | tuple[str, ...]]
    watched: Mapping[str, tuple[str, ...]]
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    any_column: bool = True

    def fault_of(self, name: str, value: HyperParameter, problem: str) -> str | None:
        """Say what is wrong with a hyperparameter, or None."""
        if name not in self.hyperparameters:
            return f"{name} is no argument of train.py; allowed: {', '.join(self.hyperparameters)}"
        if problem not in self.only.get(name, (problem,)):
            return f"{name} is of a {' and a '.join(self.only[name])}, not of a {problem}"
        kind = self.hyperparameters[name]
        if isinstance(kind, tuple):
            choices = kind or self.watched[problem]
            return None if value in choices else f"{name} is one of {', '.join(choices)}"
        numbers = (int,) if kind is int else (int, float)
        if isinstance(value, numbers) and not isinstance(value, bool):
            return None
        return f"{name}: {value!r} is no {'whole ' if kind is int else ''}number"


SHIPPED: Final[Mapping[str, JobScripts]] = {
    "boosted_trees": JobScripts(
        {
            "max_depth": int,
            "eta": float,
            "gamma": float,
            "min_child_weight": float,
            "subsample": float,
            "colsample_bytree": float,
            "reg_lambda": float,
            "reg_alpha": float,
            "scale_pos_weight": float,
            "class_weight": _BALANCED,
            "num_boost_round": int,
            "early_stopping_rounds": int,
            "eval_metric": (),  # one of the watched
            "seed": int,
        },
        {**_OF_CLASSES, REGRESSION: ("mae", "rmse", "mse")},
        {"scale_pos_weight": (BINARY,), "class_weight": (BINARY, MULTI_CLASS)},
    ),
    "logistic_regression": JobScripts(
        {"C": float, "max_iter": int, "class_weight": _BALANCED, "seed": int},
        _OF_CLASSES,
        any_column=False,
    ),
}
