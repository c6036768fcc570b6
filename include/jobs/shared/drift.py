"""How far rows lie from the training snapshot, feature by feature.

The population stability index over the bins of the snapshot (Siddiqi, "Credit Risk Scorecards",
2006: below 0.1 stable, above 0.25 shifted) and, for numbers, the two-sample Kolmogorov-Smirnov
distance. The snapshot's bins are the deciles of the training part, the codes of a coded feature, or
the categories of a text. A value that is repeated so often that it fills a decile has a bin of its
own, and so have the missing values of a feature that may be empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from labels import text_of  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from encoding import Feature  # type: ignore[import-not-found]

Numbers = np.ndarray[Any, Any]
BINS = 10


def snapshot(rows: pd.DataFrame, features: Iterable[Feature]) -> dict[str, Any]:
    """Return what later rows are compared with: bins, their counts, and of numbers their moments.

    `features` are those of the model's encoder.
    """
    return {feature.name: _bins(feature, rows[feature.name]) for feature in features}


def _bins(feature: Feature, column: pd.Series[Any]) -> dict[str, Any]:
    empty = {"empty": True} if feature.nullable else {}
    if feature.is_text:
        codes = [str(code) for code in feature.codes] or list(feature.categories)
        bins: dict[str, Any] = {"texts": codes, **empty}
        return {**bins, "counts": binned(column, bins).tolist(), "rows": len(column)}
    values = numbers_of(column)
    values = values[~np.isnan(values)]
    bins = {"codes": list(feature.codes)} if feature.codes else {"edges": deciles(values)}
    bins |= empty
    moments = (
        {
            "mean": float(values.mean()),
            "deviation": float(values.std()),
            "min": float(values.min()),
            "max": float(values.max()),
        }
        if len(values)
        else {}
    )
    counts = binned(column, bins).tolist()
    return {**bins, "counts": counts, "rows": len(column), **moments}


def numbers_of(column: pd.Series[Any]) -> Numbers:
    """Return a column as numbers, a missing one as NaN."""
    numbers: Numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return numbers


def deciles(values: Numbers) -> list[float]:
    """Return the inner edges of ten bins of equal share; fewer where values repeat.

    An edge that stands twice is a value that fills a bin: it gets one, up to the next number.
    """
    if not len(values):
        return []
    inner = [float(edge) for edge in np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1])]
    repeated = {edge for edge in inner if inner.count(edge) > 1}
    return sorted({*inner, *(float(np.nextafter(edge, np.inf)) for edge in repeated)})


def binned(column: pd.Series[Any], bins: dict[str, Any]) -> Numbers:
    """Count the values in each bin of a snapshot; an edge belongs to the bin above it.

    Texts of no bin are counted together, and missing values last.
    """
    if "texts" in bins:
        texts = column.map(text_of)
        seen = texts[texts != ""]
        counts = [int((seen == text).sum()) for text in bins["texts"]]
        counts.append(len(seen) - sum(counts))
        missing = len(texts) - len(seen)
    else:
        values = numbers_of(column)
        present = values[~np.isnan(values)]
        missing = len(values) - len(present)
        if "codes" in bins:
            counts = [int((present == code).sum()) for code in bins["codes"]]
        else:
            positions = np.searchsorted(bins["edges"], present, side="right")
            counts = np.bincount(positions, minlength=len(bins["edges"]) + 1).tolist()
    return np.array([*counts, missing] if bins.get("empty") else counts)


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
        features[name] = {"psi": psi(np.array(bins["counts"]), binned(rows[name], bins))}
        if "edges" in bins:
            samples = [numbers_of(each[name]) for each in (trained, rows)]
            first, second = (sample[~np.isnan(sample)] for sample in samples)
            if len(first) and len(second):
                features[name]["ks"] = ks(first, second)
    return {"rows": len(rows), "features": features}


def statistics(snapshot_: dict[str, Any]) -> dict[str, Any]:
    """Return the snapshot as Model Monitor writes the statistics of a baseline.

    (SageMaker developer guide, "Schema for Statistics".)
    """
    features = [_statistics_of(name, bins) for name, bins in snapshot_.items()]
    rows = max((bins["rows"] for bins in snapshot_.values()), default=0)
    return {"version": 0.0, "dataset": {"item_count": rows}, "features": features}


def _statistics_of(name: str, bins: dict[str, Any]) -> dict[str, Any]:
    counts = bins["counts"][:-1] if bins.get("empty") else bins["counts"]
    missing = bins["counts"][-1] if bins.get("empty") else 0
    common = {"num_present": bins["rows"] - missing, "num_missing": missing}
    if "texts" in bins:
        values = [*bins["texts"], "other"]
        buckets = [
            {"value": value, "count": count}
            for value, count in zip(values, counts, strict=True)
            if count
        ]
        statistics_ = {
            "common": common,
            "distinct_count": len(buckets),
            "distribution": {"categorical": {"buckets": buckets}},
        }
        return {"name": name, "inferred_type": "String", "string_statistics": statistics_}
    numbers: dict[str, Any] = {"common": common}
    if "mean" in bins:
        numbers |= {
            "mean": bins["mean"],
            "std_dev": bins["deviation"],
            "min": bins["min"],
            "max": bins["max"],
            "distribution": {"kll": {"buckets": _buckets(bins, counts)}},
        }
    kind = "Integral" if "codes" in bins else "Fractional"
    return {"name": name, "inferred_type": kind, "numerical_statistics": numbers}


def _buckets(bins: dict[str, Any], counts: list[int]) -> list[dict[str, float]]:
    if "codes" in bins:
        bounds = [(code, code) for code in bins["codes"]]
    else:
        edges = [bins["min"], *bins["edges"], bins["max"]]
        bounds = list(pairwise(edges))
    return [
        {"lower_bound": low, "upper_bound": high, "count": count}
        for (low, high), count in zip(bounds, counts, strict=True)
    ]
