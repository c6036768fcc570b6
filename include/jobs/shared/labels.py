"""What a model predicts: a number, or one of the classes of the contract.

A class is a text as the data have it, such as `good` or `1`. Encoded it is its position among the
classes. Of two classes the second is the favourable one, and a score is its probability; the answer
of a model of more classes has a probability for each, in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

BINARY, MULTI_CLASS = "binary classification", "multi-class classification"
Numbers = np.ndarray[Any, Any]


def text_of(value: Any) -> str:
    """Return a value as the contract writes it; a missing one is empty, whole numbers are plain."""
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


@dataclass(frozen=True)
class Label:
    """The label: its column, the kind of problem, and of classes which they are.

    `scale` is what numbers were divided by. An answer of `threshold` or more counts as the
    favourable class; of more classes the likeliest does.
    """

    name: str
    problem: str = BINARY
    classes: tuple[str, ...] = ()
    favourable: str = ""
    threshold: float = 0.5

    @classmethod
    def of(cls, document: dict[str, Any]) -> Label:
        """Return the label of a preprocessing document."""
        return cls(
            document["label"],
            document["problem_type"],
            tuple(document.get("classes", ())),
            document.get("favourable") or "",
            document.get("threshold", 0.5),
        )

    @classmethod
    def read(cls, document: Any) -> Label:
        """Return the label that an encoder was saved with; an earlier one was a name alone."""
        if isinstance(document, str):
            return cls(document)
        return cls(**{**document, "classes": tuple(document["classes"])})

    @property
    def is_class(self) -> bool:
        """Whether it is one of some classes."""
        return self.problem in (BINARY, MULTI_CLASS)

    def encode(self, values: pd.Series[Any]) -> Numbers:
        """Return the labels as numbers: positions of classes, or the numbers themselves.

        Raises:
            SystemExit: a value is none of the classes, or no number.
        """
        if not self.is_class:
            numbers: Numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
            if not np.isfinite(numbers).all():
                raise SystemExit(f"the label {self.name} holds what is no finite number")
            return numbers
        position = {text: number for number, text in enumerate(self.classes)}
        positions = values.map(text_of).map(position)
        if positions.isna().any():
            odd = text_of(values[positions.isna()].iloc[0])
            raise SystemExit(
                f"the label {self.name} holds {odd!r}; its classes are {', '.join(self.classes)}"
            )
        return positions.to_numpy(dtype=float)

    def predicted(self, answers: Numbers) -> Numbers:
        """Return the position of the class that each answer of a classifier stands for."""
        if answers.ndim == 2:
            return np.asarray(answers.argmax(axis=1))
        return (answers >= self.threshold).astype(int)

    def counts(self, labels: Numbers) -> dict[str, int]:
        """Count encoded labels by class."""
        return {name: int((labels == number).sum()) for number, name in enumerate(self.classes)}

    def is_favourable(self, positions: Numbers) -> Numbers:
        """Tell which positions are those of the favourable class."""
        favourable: Numbers = positions == self.classes.index(self.favourable)
        return favourable
