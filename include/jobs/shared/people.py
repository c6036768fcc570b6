"""Calibration of a classifier's answers, and how they differ between groups of people."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from labels import text_of  # type: ignore[import-not-found]

Numbers = np.ndarray[Any, Any]
BINS = 10
#: Groups that a use case does not name: rows without a value, and rows whose code is in no group.
NO_VALUE, NO_GROUP = "no value", "in no group"


def calibration(labels: Numbers, scores: Numbers) -> dict[str, Any]:
    """Return the expected calibration error over ten equally wide bins, and the bins.

    The error is the mean distance between score and share of positives in a bin, weighted by the
    bin's rows (Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning").
    """
    positions = np.minimum((scores * BINS).astype(int), BINS - 1)
    bins = []
    for number in range(BINS):
        inside = positions == number
        if inside.any():
            bins.append(
                {
                    "low": number / BINS,
                    "rows": int(inside.sum()),
                    "score": float(scores[inside].mean()),
                    "positive": float(labels[inside].mean()),
                }
            )
    distance = sum(bin_["rows"] * abs(bin_["score"] - bin_["positive"]) for bin_ in bins)
    return {"ece": distance / len(labels), "bins": bins}


def fairness(
    rows: pd.DataFrame, protected: dict[str, Any], favourable: Numbers, selected: Numbers
) -> dict[str, Any]:
    """Count by group of each protected attribute: rows, positives, and the favourable answers.

    `favourable` tells whose label is the favourable class, `selected` who is answered so.
    """
    counts: dict[str, Any] = {}
    for attribute, declared in protected.items():
        counts[attribute] = {
            group: {
                "rows": int(inside.sum()),
                "positives": int(favourable[inside].sum()),
                "selected": int(selected[inside].sum()),
                "true_positives": int((selected & favourable)[inside].sum()),
            }
            for group, inside in groups(rows[declared["feature"]], declared).items()
        }
    return counts


def groups(column: pd.Series[Any], declared: dict[str, Any]) -> dict[str, Numbers]:
    """Return who belongs to each group of a protected attribute: by codes, or by bands.

    Rows without a value, or with a code of no group, are groups of their own where there are any.
    """
    if declared["codes"]:
        texts = column.map(text_of).to_numpy(dtype=object)
        if all(isinstance(code, int) for codes in declared["codes"].values() for code in codes):
            # A whole number that may be missing is read as `3.0`.
            numbers = pd.to_numeric(column, errors="coerce")
            texts = np.where(numbers.isna(), texts, numbers.map(text_of))
        empty = texts == ""
        inside = {
            name: np.isin(texts, [str(code) for code in codes])
            for name, codes in declared["codes"].items()
        }
        outside = ~np.any(list(inside.values()), axis=0) & ~empty
        return inside | _where({NO_VALUE: empty, NO_GROUP: outside})
    values: Numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    empty = np.isnan(values)
    bands = declared["bands"]
    names = [f"below {bands[0]:g}"]
    names += [f"{low:g} to {high:g}" for low, high in pairwise(bands)]
    names.append(f"{bands[-1]:g} and more")
    positions = np.searchsorted(bands, values, side="right")
    inside = {name: (positions == number) & ~empty for number, name in enumerate(names)}
    return inside | _where({NO_VALUE: empty})


def _where(groups_: dict[str, Numbers]) -> dict[str, Numbers]:
    """Return the groups that have rows: those that the use case did not name."""
    return {name: inside for name, inside in groups_.items() if inside.any()}
