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

from causeway.digests import canonical_json
from causeway.errors import BadInput, DeploymentFailed
from causeway.use_cases.job_scripts import REGRESSION
from causeway.use_cases.use_case import ProblemType

#: What an endpoint answers to a row: a number, or of more than two classes one for each.
Answer = Sequence[float]

#: How far a metric of the live endpoint may lie from the gate report's: rounding, no more.
TOLERANCE: Final = 0.005


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows as an endpoint is asked about them (CSV), and the labels kept back."""

    header: str
    rows: tuple[str, ...]
    labels: tuple[str, ...]

    def with_answers(self, answers: Sequence[Answer]) -> str:
        """Return labels and answers as the evaluation job reads them."""
        return canonical_json({"labels": list(self.labels), "answers": [list(a) for a in answers]})


def read_held_out(text: str, label: str, classes: Sequence[str]) -> HeldOut:
    """Read the held-out CSV (header, record id first, label among the columns).

    Raises:
        BadInput: there is no label column, no row, or a label that is none of the classes, or no
            number where there are none.
    """
    table = list(csv.reader(io.StringIO(text, newline="")))
    if len(table) < 2 or label not in table[0]:
        raise BadInput(
            f"the held-out rows have no column {label!r} or no rows",
            next_step="Register the model again through the training DAG.",
        )
    position = table[0].index(label)
    labels = tuple(row[position] for row in table[1:])
    wrong = [value for value in labels if not _is_label(value, classes)]
    if wrong:
        allowed = ", ".join(classes) or "numbers"
        raise BadInput(
            f"the held-out label {label} is {wrong[0]!r}; allowed: {allowed}",
            next_step="Register the model again through the training DAG.",
        )
    lines = [_line(row[:position] + row[position + 1 :]) for row in table]
    return HeldOut(lines[0], tuple(lines[1:]), labels)


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
            next_step="Compare the endpoint's model with the registered one and its encoder. An "
            "evaluate.py that measures otherwise by now makes other figures, too.",
        )


def require_answers(
    answers: Sequence[Answer], problem: ProblemType, classes: Sequence[str], *, endpoint: str
) -> None:
    """Raise unless every answer is a probability (of each class), or a regression's finite number.

    Raises:
        DeploymentFailed: naming the first answer that is none.
    """
    length = len(classes) if len(classes) > 2 else 1
    kind = "finite number" if problem == REGRESSION else "probability"
    for number, answer in enumerate(answers, start=1):
        if len(answer) != length:
            raise _nonsense(
                f"endpoint {endpoint}: answer {number} has {len(answer)} numbers, not {length}"
            )
        for value in answer:
            if not math.isfinite(value) or not (problem == REGRESSION or 0 <= value <= 1):
                raise _nonsense(f"endpoint {endpoint}: answer {number} is {value!r}, no {kind}")


def _nonsense(text: str) -> DeploymentFailed:
    return DeploymentFailed(text, next_step="Look at what its inference.py answers.")


def _is_label(text: str, classes: Sequence[str]) -> bool:
    if classes:
        return text in classes
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
