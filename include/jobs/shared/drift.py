"""How far rows lie from the training snapshot, feature by feature.

The population stability index over the bins of the snapshot (Siddiqi, "Credit Risk Scorecards",
2006: below 0.1 stable, above 0.25 shifted) and, for numbers, the two-sample Kolmogorov-Smirnov
distance. The snapshot's bins are the deciles of the training part, or the codes of a coded feature.
A value that is repeated so often that it fills a decile has a bin of its own.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

Numbers = np.ndarray[Any, Any]
BINS = 10


def snapshot(rows: pd.DataFrame, features: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Return what later rows are compared with: bins, their counts, mean and deviation.

    `features` has the allowed codes of each feature, none for a number.
    """
    summary: dict[str, Any] = {}
    for name, codes in features.items():
        values = rows[name].to_numpy(dtype=float)
        bins = {"codes": list(codes)} if codes else {"edges": deciles(values)}
        summary[name] = {
            **bins,
            "counts": binned(values, bins).tolist(),
            "rows": len(values),
            "mean": float(values.mean()),
            "deviation": float(values.std()),
            "min": float(values.min()),
            "max": float(values.max()),
        }
    return summary


def deciles(values: Numbers) -> list[float]:
    """Return the inner edges of ten bins of equal share; fewer where values repeat.

    An edge that stands twice is a value that fills a bin: it gets one, up to the next number.
    """
    inner = [float(edge) for edge in np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1])]
    repeated = {edge for edge in inner if inner.count(edge) > 1}
    return sorted({*inner, *(float(np.nextafter(edge, np.inf)) for edge in repeated)})


def binned(values: Numbers, bins: dict[str, Any]) -> Numbers:
    """Count the values in each bin of a snapshot; an edge belongs to the bin above it."""
    if "codes" in bins:
        return np.array([int((values == code).sum()) for code in bins["codes"]])
    positions = np.searchsorted(bins["edges"], values, side="right")
    return np.bincount(positions, minlength=len(bins["edges"]) + 1)


def psi(expected: Numbers, actual: Numbers) -> float:
    """Return the population stability index of two counts over the same bins.

    Half a row is added to each bin, so that an empty one gives a number.
    """
    shares = [(counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (expected, actual)]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def ks(first: Numbers, second: Numbers) -> float:
    """Return the largest distance between two samples' distribution functions."""
    points = np.concatenate([first, second])
    steps = [
        np.searchsorted(np.sort(sample), points, side="right") / len(sample)
        for sample in (first, second)
    ]
    return float(np.abs(steps[0] - steps[1]).max())


def drift(snapshot_: dict[str, Any], trained: pd.DataFrame, rows: pd.DataFrame) -> dict[str, Any]:
    """Return the drift of rows from the snapshot that was made of the training rows."""
    features: dict[str, dict[str, float]] = {}
    for name, bins in snapshot_.items():
        values = rows[name].to_numpy(dtype=float)
        features[name] = {"psi": psi(np.array(bins["counts"]), binned(values, bins))}
        if "edges" in bins:
            features[name]["ks"] = ks(trained[name].to_numpy(dtype=float), values)
    return {"rows": len(rows), "features": features}


def statistics(snapshot_: dict[str, Any]) -> dict[str, Any]:
    """Return the snapshot as Model Monitor writes the statistics of a baseline.

    (SageMaker developer guide, "Schema for Statistics".)
    """
    features = [
        {
            "name": name,
            "inferred_type": "Integral" if "codes" in bins else "Fractional",
            "numerical_statistics": {
                "common": {"num_present": bins["rows"], "num_missing": 0},
                "mean": bins["mean"],
                "std_dev": bins["deviation"],
                "min": bins["min"],
                "max": bins["max"],
                "distribution": {"kll": {"buckets": _buckets(bins)}},
            },
        }
        for name, bins in snapshot_.items()
    ]
    rows = max((bins["rows"] for bins in snapshot_.values()), default=0)
    return {"version": 0.0, "dataset": {"item_count": rows}, "features": features}


def _buckets(bins: dict[str, Any]) -> list[dict[str, float]]:
    if "codes" in bins:
        bounds = [(code, code) for code in bins["codes"]]
    else:
        edges = [bins["min"], *bins["edges"], bins["max"]]
        bounds = list(pairwise(edges))
    return [
        {"lower_bound": low, "upper_bound": high, "count": count}
        for (low, high), count in zip(bounds, bins["counts"], strict=True)
    ]
