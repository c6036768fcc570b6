"""How raw feature rows become the numbers a model is trained on, and back again at inference.

Fitted once on the training part, saved as `encoder.json`, and packed into the model with the code:
training, evaluation and the endpoint apply the same encoding. Plain JSON, never a pickle.

The scripts of this folder import each other as top-level modules, because that is how they lie in
a container; mypy, which sees a package, is told to let those imports be.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ENCODER_FILE = "encoder.json"


class BadRowsError(ValueError):
    """Rows that cannot be encoded; names the column and the value."""


@dataclass(frozen=True)
class Feature:
    """One raw column a model reads.

    `codes` are the values the contract allows (empty: any number). `categories` are those a
    one-hot feature had in the training part, one column each; a code that is allowed but was not
    seen there becomes zeros in all of them. Empty for a column that is used as it is. `type` is
    the contract's: whole numbers are `Integral`.
    """

    name: str
    codes: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    type: str = "Fractional"

    def columns(self) -> list[str]:
        """Return the names of the encoded columns."""
        return [f"{self.name}_{code}" for code in self.categories] or [self.name]

    def encode(self, values: pd.Series[Any]) -> np.ndarray[Any, Any]:
        """Return the encoded columns of this feature, shape (rows, columns), float64.

        Raises:
            BadRowsError: a value is missing, is no number, or is not among the codes.
        """
        numbers: np.ndarray[Any, Any] = pd.to_numeric(values, errors="coerce").to_numpy(
            dtype=float, na_value=np.nan
        )
        self._refuse(values, ~np.isfinite(numbers), "is not a number")
        if self.codes:
            allowed = ", ".join(map(str, self.codes))
            unknown = ~np.isin(numbers, self.codes)
            self._refuse(values, unknown, f"is an unknown code; allowed are {allowed}")
        if not self.categories:
            return numbers[:, None]
        matches: np.ndarray[Any, Any] = numbers[:, None] == np.array(self.categories, dtype=float)
        return matches.astype(float)

    def _refuse(self, values: pd.Series[Any], bad: np.ndarray[Any, Any], why: str) -> None:
        if bad.any():
            row = int(bad.argmax())
            value = values.iloc[row]
            text = "" if pd.isna(value) else str(value)
            raise BadRowsError(f"row {row + 1}, column {self.name!r}: {text!r} {why}")


@dataclass(frozen=True)
class Encoder:
    """The features of a model in their order, and the name of what it predicts.

    `beside` are the other columns of the held-out rows, which a request may have: the record id,
    what the evaluation reads.
    """

    features: tuple[Feature, ...]
    label: str
    beside: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        rows: pd.DataFrame,
        features: list[Feature],
        one_hot: list[str],
        label: str,
        beside: tuple[str, ...] = (),
    ) -> Encoder:
        """Learn the categories of the one-hot features from the training rows only."""
        fitted = []
        for feature in features:
            whole = pd.api.types.is_integer_dtype(rows[feature.name])
            categories = (
                sorted(int(c) for c in rows[feature.name].unique())
                if feature.name in one_hot
                else ()
            )
            kind = "Integral" if whole else "Fractional"
            fitted.append(replace(feature, categories=tuple(categories), type=kind))
        return cls(tuple(fitted), label, beside)

    @property
    def columns(self) -> list[str]:
        """The names of the encoded columns, in order."""
        return [column for feature in self.features for column in feature.columns()]

    def require_known(self, columns: Iterable[str]) -> None:
        """Raise BadRowsError for a column that is neither a feature nor one beside them."""
        names = [feature.name for feature in self.features]
        readable = {*names, *self.beside, self.label}
        if unknown := [repr(name) for name in columns if name not in readable]:
            raise BadRowsError(
                f"unknown column(s): {', '.join(unknown)}; the model reads {', '.join(names)}"
            )

    def encode(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Return the encoded rows, shape (rows, len(columns)), float64; more columns are ignored.

        Raises:
            BadRowsError: a column is missing, or a value cannot be encoded.
        """
        missing = [feature.name for feature in self.features if feature.name not in rows.columns]
        if missing:
            raise BadRowsError(f"missing column(s): {', '.join(missing)}")
        return np.hstack([feature.encode(rows[feature.name]) for feature in self.features])

    def save(self, path: Path) -> None:
        """Write the encoder as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Encoder:
        """Read an encoder that `save` wrote."""
        document = json.loads(path.read_text(encoding="utf-8"))
        features = tuple(
            Feature(
                entry["name"],
                tuple(entry["codes"]),
                tuple(entry["categories"]),
                entry.get("type", "Fractional"),
            )
            for entry in document["features"]
        )
        return cls(features, document["label"], tuple(document["beside"]))
