"""The split of a dataset into training, validation and test part, as the use case declares it.

Seeded and taken of rows in the order of their record ids, so that the order in which they were read
changes nothing. Rows that are too few are refused here, with their counts.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from labels import Label, text_of  # type: ignore[import-not-found]
from sklearn.model_selection import train_test_split

PARTS = ("train", "validation", "test")
#: A label of numbers is stratified by its quantiles.
QUANTILES = 10


def split(rows: pd.DataFrame, how: dict[str, Any], label: Label) -> dict[str, pd.DataFrame]:
    """Return the parts `train`, `validation` and `test` of rows that are ordered by record id.

    `published`: shuffled with the seed, without strata. `stratified`: the same, each part with the
    label's shares. `by_time`: nothing is shuffled, the latest rows are the test part.

    Raises:
        SystemExit: the rows, or those of a class, are too few.
    """
    method = how.get("method", "published")
    try:
        parts = _by_time(rows, how) if method == "by_time" else _shuffled(rows, how, label, method)
    except ValueError as error:
        raise SystemExit(f"{_counted(rows, label)} cannot be split ({method}): {error}") from error
    _refuse_absent(parts, label, method)
    return parts


def _shuffled(
    rows: pd.DataFrame, how: dict[str, Any], label: Label, method: str
) -> dict[str, pd.DataFrame]:
    state = how["random_state"]
    strata = strata_of(rows[label.name], classes=label.is_class) if method == "stratified" else None
    train, rest = train_test_split(
        rows, test_size=how["test_size"], random_state=state, stratify=strata
    )
    validation, test = train_test_split(
        rest,
        test_size=how["holdout_test_size"],
        random_state=state,
        stratify=None if strata is None else strata.loc[rest.index],
    )
    return {"train": train, "validation": validation, "test": test}


def strata_of(labels: pd.Series[Any], *, classes: bool) -> pd.Series[Any]:
    """Return what a stratified split keeps the shares of: the classes, or the label's quantiles."""
    if classes:
        return labels
    return pd.qcut(labels.rank(method="first"), QUANTILES, labels=False)


def _refuse_absent(parts: dict[str, pd.DataFrame], label: Label, method: str) -> None:
    """Stop where a part lacks a class: of two, each part needs both; of more, training all."""
    if not label.is_class:
        return
    present = {name: set(part[label.name].map(text_of)) for name, part in parts.items()}
    needed = PARTS if len(label.classes) == 2 else PARTS[:1]
    if any(set(label.classes) - present[name] for name in needed):
        counted = "; ".join(f"{name}: {_counted(part, label)}" for name, part in parts.items())
        advice = "" if method == "stratified" else ", or split `stratified`"
        raise SystemExit(
            f"too few rows of a class for {'every part' if len(needed) > 1 else 'the training'} "
            f"({counted}): hand in more rows{advice}"
        )


def _counted(rows: pd.DataFrame, label: Label) -> str:
    """Say how many rows there are, and how many of each class."""
    if not label.is_class:
        return f"{len(rows)} rows"
    counts = rows[label.name].map(text_of).value_counts()
    of = ", ".join(f"{counts.get(name, 0)} of {label.name} {name}" for name in label.classes)
    return f"{len(rows)} rows, {of}"


def _moments(times: pd.Series[Any]) -> pd.Series[Any]:
    """Return times as instants, whatever their zones; numbers stay as they are."""
    if pd.api.types.is_numeric_dtype(times) or pd.api.types.is_datetime64_any_dtype(times):
        return times
    try:
        return pd.to_datetime(times, utc=True, format="ISO8601")
    except ValueError as error:
        raise SystemExit(f"{times.name} holds what is no instant: {error}") from error


def _by_time(rows: pd.DataFrame, how: dict[str, Any]) -> dict[str, pd.DataFrame]:
    # A stable sort: rows of one time stay in the order of their record ids.
    ordered = rows.sort_values(how["time_column"], kind="stable", key=_moments)
    rest = math.ceil(len(ordered) * how["test_size"])
    test = math.ceil(rest * how["holdout_test_size"])
    bounds = (0, len(ordered) - rest, len(ordered) - test, len(ordered))
    if len(set(bounds)) < len(bounds):
        raise ValueError("they are too few for three parts")
    return {
        name: ordered.iloc[start:end]
        for name, start, end in zip(PARTS, bounds[:-1], bounds[1:], strict=True)
    }
