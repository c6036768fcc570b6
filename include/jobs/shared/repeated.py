"""How far a model's metrics vary with the split: it is trained again on many of them.

One split of a small table says little. Each repetition is stratified, fits its encoder on its own
training part alone, trains with the best candidate's parameters and is measured on its own test
part; none of these models is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from encoding import Encoder, Feature  # type: ignore[import-not-found]
from splitting import split  # type: ignore[import-not-found]

Measure = Callable[[np.ndarray[Any, Any], np.ndarray[Any, Any]], dict[str, Any]]


def repeat(
    rows: pd.DataFrame,
    document: dict[str, Any],
    trained: dict[str, Any],
    measure: Measure,
    *,
    classes: bool,
) -> dict[str, Any]:
    """Return mean and standard deviation of each metric over the splits of the document.

    Args:
        rows: every row of the dataset, ordered by record id.
        document: what the preprocessing reads, and how many splits (`repeated_splits`).
        trained: the best candidate's parameters and rounds (`training.json` of its model).
        measure: from labels and predictions to `{"metrics": …}`.
        classes: whether the label is one of two classes.
    """
    results = [
        measure(*_once(rows, document, trained, seed, classes=classes))["metrics"]
        for seed in range(document["repeated_splits"])
    ]
    values = {name: [result[name] for result in results] for name in results[0]}
    return {
        "splits": len(results),
        "metrics": {
            name: {
                "mean": float(np.mean(each)),
                "deviation": float(np.std(each, ddof=1)) if len(each) > 1 else 0.0,
            }
            for name, each in values.items()
        },
    }


def _once(
    rows: pd.DataFrame,
    document: dict[str, Any],
    trained: dict[str, Any],
    seed: int,
    *,
    classes: bool,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Train on one split; return the labels of its test part and what was predicted for them."""
    how = {**document["split"], "method": "stratified", "random_state": seed}
    label = document["label"]
    parts = split(rows, how, label, classes=classes)
    features = [
        Feature(feature["name"], tuple(feature["codes"])) for feature in document["features"]
    ]
    encoder = Encoder.fit(parts["train"], features, document["one_hot"], label)
    train, test = (
        xgboost.DMatrix(encoder.encode(parts[name]), label=parts[name][label], nthread=1)
        for name in ("train", "test")
    )
    booster = xgboost.train(trained["parameters"], train, num_boost_round=trained["rounds"])
    return parts["test"][label].to_numpy(dtype=float), booster.predict(test)
