"""Calibration of a classifier's answers, and how they differ between groups of people.

A score of 0.5 and more is the favourable answer; label 1 is the favourable outcome.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

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
    rows: pd.DataFrame, protected: dict[str, Any], labels: Numbers, scores: Numbers
) -> dict[str, Any]:
    """Count by group of each protected attribute: rows, positives, and the favourable answers."""
    selected = scores >= 0.5
    counts: dict[str, Any] = {}
    for attribute, declared in protected.items():
        values = rows[declared["feature"]].to_numpy(dtype=float)
        counts[attribute] = {
            group: {
                "rows": int(inside.sum()),
                "positives": int(labels[inside].sum()),
                "selected": int(selected[inside].sum()),
                "true_positives": int((selected & (labels == 1))[inside].sum()),
            }
            for group, inside in groups(values, declared).items()
        }
    return counts


def groups(values: Numbers, declared: dict[str, Any]) -> dict[str, Numbers]:
    """Return who belongs to each group of a protected attribute: by codes, or by bands.

    Rows without a value, or with a code of no group, are groups of their own where there are any.
    """
    empty = np.isnan(values)
    if declared["codes"]:
        inside = {name: np.isin(values, codes) for name, codes in declared["codes"].items()}
        outside = ~np.any(list(inside.values()), axis=0) & ~empty
        return inside | _where({NO_VALUE: empty, NO_GROUP: outside})
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
