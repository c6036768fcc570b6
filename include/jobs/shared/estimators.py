"""The two kinds of trained model, each read from its own plain JSON; which, its file says.

Packages are imported where they are needed: an image has those of its own kind alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xgboost

TREES_FILE, LINEAR_FILE = "xgboost-model.json", "linear-model.json"
Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Trees:
    """Gradient-boosted trees."""

    booster: xgboost.Booster
    file = TREES_FILE

    @classmethod
    def load(cls, path: Path) -> Trees:
        """Read the trees."""
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(str(path))
        return cls(booster)

    def save(self, folder: Path) -> None:
        """Write the trees."""
        self.booster.save_model(str(folder / self.file))

    def predict(self, encoded: Numbers, columns: list[str]) -> Numbers:
        """Return a number a row, or of more than two classes a probability for each."""
        import xgboost

        matrix = xgboost.DMatrix(encoded, feature_names=columns, nthread=1)
        answers: Numbers = self.booster.predict(matrix)
        return answers

    def weights(self, columns: list[str]) -> dict[str, float]:
        """Return the gain of each encoded column that a tree splits by."""
        scores = self.booster.get_score(importance_type="total_gain")
        return {name: float(np.sum(gain)) for name, gain in scores.items()}


@dataclass(frozen=True)
class Linear:
    """A logistic regression on standardised columns; a row of coefficients for each class."""

    coefficients: Numbers
    intercepts: Numbers
    means: Numbers
    deviations: Numbers
    file = LINEAR_FILE

    @classmethod
    def load(cls, path: Path) -> Linear:
        """Read the coefficients."""
        document = json.loads(path.read_text(encoding="utf-8"))
        names = ("coefficients", "intercepts", "means", "deviations")
        return cls(*(np.array(document[name], dtype=float) for name in names))

    def save(self, folder: Path) -> None:
        """Write the coefficients."""
        document = {
            "coefficients": self.coefficients.tolist(),
            "intercepts": self.intercepts.tolist(),
            "means": self.means.tolist(),
            "deviations": self.deviations.tolist(),
        }
        (folder / self.file).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    def predict(self, encoded: Numbers, columns: list[str]) -> Numbers:
        """Return a probability a row, or of more than two classes one for each."""
        scaled = (encoded - self.means) / self.deviations
        scores = scaled @ self.coefficients.T + self.intercepts
        if scores.shape[1] == 1:
            # The logistic function without an overflow.
            return np.exp(-np.logaddexp(0, -scores[:, 0]))
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def weights(self, columns: list[str]) -> dict[str, float]:
        """Return how much each standardised column counts, whatever the sign."""
        sizes = np.abs(self.coefficients).sum(axis=0)
        return dict(zip(columns, map(float, sizes), strict=True))


Trained = Trees | Linear
KINDS: dict[str, type[Trees] | type[Linear]] = {TREES_FILE: Trees, LINEAR_FILE: Linear}


def load(folder: Path) -> Trained:
    """Read the model that a folder holds.

    Raises:
        FileNotFoundError: it holds none.
    """
    for name, kind in KINDS.items():
        if (folder / name).exists():
            return kind.load(folder / name)
    raise FileNotFoundError(f"{folder.name} has no {' and no '.join(KINDS)}")
