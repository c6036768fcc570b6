"""Which of a training's candidates is the best: by what their own jobs measured."""

from __future__ import annotations

import math
from collections.abc import Mapping

from causeway.errors import NotFound


def best_of(measured: Mapping[str, Mapping[str, float]], metric: str, *, maximise: bool) -> str:
    """Return the name of the best; ties go to the first name.

    Args:
        measured: the final metrics of each candidate, by the name of its job.
        metric: what they are compared by.
        maximise: whether more is better.

    Raises:
        NotFound: none of them has the metric as a finite number.
    """
    values = {
        name: float(metrics[metric])
        for name, metrics in measured.items()
        if metric in metrics and math.isfinite(metrics[metric])
    }
    if not values:
        raise NotFound(
            f"none of {len(measured)} candidates has the metric {metric} as a finite number",
            next_step="Read the training jobs' logs: what did they write into metrics.json?",
        )
    sign = -1 if maximise else 1
    return min(values, key=lambda name: (sign * values[name], name))
