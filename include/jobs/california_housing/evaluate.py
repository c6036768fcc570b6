"""Processing job: measure the regressor on the held-out part; see `evaluation.py`.

`regression_metrics` is what the pipeline's condition reads (a property file, as SageMaker's model
quality documents have it); `metrics` are the same figures for the gates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from evaluation import main  # type: ignore[import-not-found]
from sklearn import metrics


def measure(labels: np.ndarray[Any, Any], predictions: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return the metrics of predicted values, in the label's unit."""
    mse = float(metrics.mean_squared_error(labels, predictions))
    figures = {
        "mse": mse,
        "rmse": mse**0.5,
        "mae": float(metrics.mean_absolute_error(labels, predictions)),
        "r2": float(metrics.r2_score(labels, predictions)),
    }
    spread = float(np.std((labels - predictions) ** 2))
    return {
        "metrics": figures,
        "regression_metrics": {
            "mse": {"value": mse, "standard_deviation": spread},
            **{name: {"value": figures[name]} for name in ("rmse", "mae", "r2")},
        },
    }


if __name__ == "__main__":
    main(measure)
