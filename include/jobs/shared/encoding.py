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
from labels import Label, text_of  # type: ignore[import-not-found]

ENCODER_FILE = "encoder.json"
#: Categories of a text without codes: the most frequent of those that stand in two rows or more.
MOST_COLUMNS, MOST_CODES, FEWEST_ROWS = 100, 1000, 2

Numbers = np.ndarray[Any, Any]


class BadRowsError(ValueError):
    """Rows that cannot be encoded; names the column and the value."""


@dataclass(frozen=True)
class Feature:
    """One raw column a model reads.

    `codes` are the values the contract allows (empty: any). `categories` are those of the training
    part: of a `one_hot` feature each has a column, another text has its position among them. `type`
    is the contract's. A missing value of a `nullable` feature is NaN, or `fill`.
    """

    name: str
    codes: tuple[int | str, ...] = ()
    categories: tuple[int | str, ...] = ()
    type: str = ""
    nullable: bool = False
    one_hot: bool = False
    fill: float | None = None

    @property
    def is_text(self) -> bool:
        """Whether its values are texts, not numbers."""
        return self.type == "String"

    def fitted(self, values: pd.Series[Any], *, one_hot: bool, fill: str | None) -> Feature:
        """Return the feature as the training part has it; a type that is not known is seen here."""
        kind, nullable = self.type, self.nullable
        if not kind:
            kind, nullable = _type_of(values), bool(values.isna().any())
        feature = replace(self, type=kind, nullable=nullable, one_hot=one_hot)
        if feature.is_text:
            return replace(feature, categories=feature._texts_of(values))
        numbers = pd.to_numeric(values, errors="coerce").dropna()
        if one_hot:
            feature = replace(feature, categories=tuple(sorted({int(n) for n in numbers})))
        if fill is not None and len(numbers):
            statistic = numbers.median() if fill == "median" else numbers.mean()
            feature = replace(feature, fill=float(statistic))
        return feature

    def _texts_of(self, values: pd.Series[Any]) -> tuple[str, ...]:
        """Return the categories of texts: the codes that were seen, else the frequent texts."""
        texts = values.map(text_of)
        counts = texts[texts != ""].value_counts()
        if self.codes:
            return tuple(str(code) for code in self.codes if str(code) in counts)
        ranked = sorted(counts[counts >= FEWEST_ROWS].items(), key=lambda pair: (-pair[1], pair[0]))
        most = MOST_COLUMNS if self.one_hot else MOST_CODES
        return tuple(sorted(str(text) for text, _ in ranked[:most]))

    def columns(self) -> list[str]:
        """Return the names of the encoded columns."""
        if not self.one_hot:
            return [self.name]
        if self.is_text:
            # xgboost's names of features may not hold all that a text may.
            numbers = range(1, len(self.categories) + 1)
            return [*(f"{self.name}={number}" for number in numbers), f"{self.name}=other"]
        return [f"{self.name}_{code}" for code in self.categories]

    def encode(self, values: pd.Series[Any]) -> Numbers:
        """Return the encoded columns of this feature, shape (rows, columns), float64.

        Raises:
            BadRowsError: a value is missing, is no number, or is not among the codes.
        """
        return self._encode_texts(values) if self.is_text else self._encode_numbers(values)

    def _encode_numbers(self, values: pd.Series[Any]) -> Numbers:
        numbers: Numbers = pd.to_numeric(values, errors="coerce").to_numpy(
            dtype=float, na_value=np.nan, copy=True
        )
        empty = (values.isna() | (values == "")).to_numpy(dtype=bool) & self.nullable
        self._refuse(values, ~np.isfinite(numbers) & ~empty, "is not a number")
        if self.codes:
            self._refuse_unknown(values, ~np.isin(numbers, self.codes) & ~empty)
        if self.one_hot:
            matches: Numbers = numbers[:, None] == np.array(self.categories, dtype=float)
            return matches.astype(float)
        numbers[empty] = np.nan if self.fill is None else self.fill
        return numbers[:, None]

    def _encode_texts(self, values: pd.Series[Any]) -> Numbers:
        texts = values.map(text_of)
        empty = (texts == "").to_numpy(dtype=bool)
        if not self.nullable:
            self._refuse(values, empty, "is empty")
        if self.codes:
            allowed = [str(code) for code in self.codes]
            self._refuse_unknown(values, (~texts.isin(allowed)).to_numpy(dtype=bool) & ~empty)
        other = len(self.categories)
        position = {text: number for number, text in enumerate(self.categories)}
        positions = texts.map(lambda text: position.get(text, other)).to_numpy(dtype=float)
        if self.one_hot:
            matches: Numbers = positions[:, None] == np.arange(other + 1)
            return (matches & ~empty[:, None]).astype(float)
        positions[empty] = np.nan
        return positions[:, None]

    def _refuse_unknown(self, values: pd.Series[Any], unknown: Numbers) -> None:
        allowed = ", ".join(map(str, self.codes))
        self._refuse(values, unknown, f"is an unknown code; allowed are {allowed}")

    def _refuse(self, values: pd.Series[Any], bad: Numbers, why: str) -> None:
        if bad.any():
            row = int(bad.argmax())
            text = text_of(values.iloc[row])
            raise BadRowsError(f"row {row + 1}, column {self.name!r}: {text!r} {why}")


@dataclass(frozen=True)
class Encoder:
    """The features of a model in their order, and what it predicts.

    `beside` are the other columns of the held-out rows, which a request may have: the record id,
    what the evaluation reads.
    """

    features: tuple[Feature, ...]
    label: Label
    beside: tuple[str, ...] = ()

    @classmethod
    def fit(cls, rows: pd.DataFrame, document: dict[str, Any]) -> Encoder:
        """Learn categories and fillings from the training rows only.

        `document` is what the preprocessing reads.

        Raises:
            SystemExit: two encoded columns have one name.
        """
        fills = document.get("impute", {})
        features = tuple(
            Feature(
                entry["name"],
                tuple(entry["codes"]),
                type=entry.get("type") or "",
                nullable=entry.get("nullable", False),
            ).fitted(
                rows[entry["name"]],
                one_hot=entry["name"] in document["one_hot"],
                fill=fills.get(entry["name"]),
            )
            for entry in document["features"]
        )
        beside = (document["record_identifier"], *document["also"])
        encoder = cls(features, Label.of(document), beside)
        columns = encoder.columns
        if twice := sorted({name for name in columns if columns.count(name) > 1}):
            raise SystemExit(f"two encoded columns are called {', '.join(twice)}; rename a feature")
        return encoder

    @property
    def columns(self) -> list[str]:
        """The names of the encoded columns, in order."""
        return [column for feature in self.features for column in feature.columns()]

    def require_known(self, columns: Iterable[str]) -> None:
        """Raise BadRowsError for a column that is neither a feature nor one beside them."""
        names = [feature.name for feature in self.features]
        readable = {*names, *self.beside, self.label.name}
        if unknown := [repr(name) for name in columns if name not in readable]:
            raise BadRowsError(
                f"unknown column(s): {', '.join(unknown)}; the model reads {', '.join(names)}"
            )

    def encode(self, rows: pd.DataFrame) -> Numbers:
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
        """Read an encoder that `save` wrote; earlier ones had fewer keys."""
        document = json.loads(path.read_text(encoding="utf-8"))
        features = tuple(
            Feature(
                entry["name"],
                tuple(entry["codes"]),
                tuple(entry["categories"]),
                entry.get("type", "Fractional"),
                entry.get("nullable", False),
                entry.get("one_hot", bool(entry["categories"])),
                entry.get("fill"),
            )
            for entry in document["features"]
        )
        return cls(features, Label.read(document["label"]), tuple(document["beside"]))


def _type_of(values: pd.Series[Any]) -> str:
    """Return the type of a column that no contract describes: one of the consumer's own table."""
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return "String"
    return "Integral" if pd.api.types.is_integer_dtype(values) else "Fractional"
