"""The test of a live endpoint: held-out rows, its answers, and whether they may pass.

The endpoint must answer as the artifact did when the gate judged it. Other metrics mean that
something else is served, or that requests are encoded differently.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from causeway.errors import BadInput, DeploymentFailed
from causeway.use_cases.use_case import ProblemType

#: How far a metric of the live endpoint may lie from the gate report's: rounding, no more.
TOLERANCE: Final = 0.005


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows as an endpoint is asked about them (CSV), and the labels kept back."""

    header: str
    rows: tuple[str, ...]
    labels: tuple[float, ...]


def read_held_out(text: str, label: str, problem: ProblemType) -> HeldOut:
    """Read the held-out CSV (header, record id first, label among the columns).

    Raises:
        BadInput: there is no label column, no row, or a label that is no class (0, 1) where
            classes are told apart, or no number.
    """
    table = list(csv.reader(io.StringIO(text, newline="")))
    if len(table) < 2 or label not in table[0]:
        raise BadInput(
            f"the held-out rows have no column {label!r} or no rows",
            next_step="Register the model again through the training DAG.",
        )
    position = table[0].index(label)
    labels = [row[position].strip() for row in table[1:]]
    wrong = [value for value in labels if not _is_label(value, problem)]
    if wrong:
        allowed = "numbers" if problem == "regression" else "0, 1"
        raise BadInput(
            f"the held-out label {label} is {wrong[0]!r}; allowed: {allowed}",
            next_step="Register the model again through the training DAG.",
        )
    lines = [_line(row[:position] + row[position + 1 :]) for row in table]
    return HeldOut(lines[0], tuple(lines[1:]), tuple(map(float, labels)))


def _line(values: Sequence[str]) -> str:
    """Write a row as CSV; a value with a comma or a line break is quoted."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(values)
    return out.getvalue()


def require_agreement(
    reported: Mapping[str, float], live: Mapping[str, float], *, endpoint: str
) -> None:
    """Raise unless the endpoint's metrics are those that the gate was given.

    Raises:
        DeploymentFailed: naming each metric that differs by more than `TOLERANCE`.
    """
    apart = [
        f"{name} {live[name]:.4f} (gate: {value:.4f})"
        for name, value in sorted(reported.items())
        if name in live and not abs(live[name] - value) <= TOLERANCE
    ]
    if apart:
        raise DeploymentFailed(
            f"endpoint {endpoint} answers other than the evaluated artifact: {'; '.join(apart)}",
            next_step="Compare the endpoint's model with the registered one and its encoder.",
        )


def require_answers(values: Sequence[float], problem: ProblemType, *, endpoint: str) -> None:
    """Raise unless every answer is a probability, or for a regression a finite number.

    Raises:
        DeploymentFailed: naming the first answer that is none.
    """
    for number, value in enumerate(values, start=1):
        probability = 0 <= value <= 1 or problem == "regression"
        if not math.isfinite(value) or not probability:
            kind = "finite number" if problem == "regression" else "probability"
            raise DeploymentFailed(
                f"endpoint {endpoint}: answer {number} is {value!r}, no {kind}",
                next_step="Look at output_fn of its inference.py.",
            )


def _is_label(text: str, problem: ProblemType) -> bool:
    if problem != "regression":
        return text in ("0", "1")
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
