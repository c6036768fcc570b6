"""How far a model's metrics vary with the split: it is trained again on many of them.

One split of a small table says little. Each repetition is stratified, fits its encoder on its own
training part alone, trains with the best candidate's parameters and is measured on its own test
part; none of these models is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from encoding import Encoder  # type: ignore[import-not-found]
from labels import Label  # type: ignore[import-not-found]
from splitting import split  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from measures import Measure  # type: ignore[import-not-found]


def repeat(
    rows: pd.DataFrame, document: dict[str, Any], trained: dict[str, Any], measure: Measure
) -> dict[str, Any]:
    """Return mean and standard deviation of each metric over the splits of the document.

    Args:
        rows: every row of the dataset, ordered by record id.
        document: what the preprocessing reads, and how many splits (`repeated_splits`).
        trained: how the best candidate was trained (`training.json` of its model).
        measure: from encoded labels and answers to `{"metrics": …}`.
    """
    results = [
        measure(*_once(rows, document, trained, seed))["metrics"]
        for seed in range(document["repeated_splits"])
    ]
    measured = {name for result in results for name in result}
    values = {
        name: [result[name] for result in results if name in result] for name in sorted(measured)
    }
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
    rows: pd.DataFrame, document: dict[str, Any], trained: dict[str, Any], seed: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Train on one split; return the labels of its test part and the answers to it."""
    how = {**document["split"], "method": "stratified", "random_state": seed}
    label = Label.of(document)
    parts = split(rows, how, label)
    encoder = Encoder.fit(parts["train"], document)
    table, test = (encoder.encode(parts[name]) for name in ("train", "test"))
    labels, held_out = (label.encode(parts[name][label.name]) for name in ("train", "test"))
    model = _fit_again(trained, table, labels, encoder)
    return held_out, model.predict(test, encoder.columns)


def _fit_again(
    trained: dict[str, Any], table: np.ndarray[Any, Any], labels: Any, encoder: Encoder
) -> Any:
    """Train as the script did that left `training.json`; an earlier one did not name itself."""
    if trained.get("kind") == "logistic_regression":
        import linear  # type: ignore[import-not-found]

        return linear.fit_again(trained, table, labels, encoder)
    import boosting  # type: ignore[import-not-found]

    return boosting.fit_again(trained, table, labels, encoder)
