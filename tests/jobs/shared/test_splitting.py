"""The three ways to split, and what each keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from tests.jobs.scripts import Load

HOW = {"test_size": 0.3, "holdout_test_size": 0.5, "random_state": 0}


@pytest.fixture
def rows() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    label = (draw.random(1000) < 0.3).astype(int)
    return pd.DataFrame({"record_id": range(1000), "when": draw.permutation(1000), "label": label})


def parts(script: Load, rows: pd.DataFrame, **how: Any) -> dict[str, pd.DataFrame]:
    label = script("labels").Label("label", classes=("0", "1"))
    split = script("splitting").split(rows, {**HOW, **how}, label)
    together = pd.concat(list(split.values()))
    assert sorted(together["record_id"]) == sorted(rows["record_id"])
    return dict(split)


def test_the_published_split_is_that_of_scikit_learn(script: Load, rows: pd.DataFrame) -> None:
    _, rest = train_test_split(rows, test_size=0.3, random_state=0)
    _, test = train_test_split(rest, test_size=0.5, random_state=0)
    assert list(parts(script, rows)["test"]["record_id"]) == list(test["record_id"])


def test_a_stratified_split_keeps_the_shares(script: Load, rows: pd.DataFrame) -> None:
    share = rows["label"].mean()
    for part in parts(script, rows, method="stratified").values():
        assert part["label"].mean() == pytest.approx(share, abs=0.005)


def test_numbers_are_stratified_by_their_quantiles(script: Load, rows: pd.DataFrame) -> None:
    rows = rows.assign(label=np.random.default_rng(1).lognormal(size=1000))
    how = {**HOW, "method": "stratified"}
    split = script("splitting").split(rows, how, script("labels").Label("label", "regression"))
    medians = [part["label"].median() for part in split.values()]
    assert max(medians) - min(medians) < 0.15


def test_by_time_the_latest_rows_are_the_test_part(script: Load, rows: pd.DataFrame) -> None:
    split = parts(script, rows, method="by_time", time_column="when")
    assert [len(part) for part in split.values()] == [700, 150, 150]
    assert split["train"]["when"].max() < split["validation"]["when"].min()
    assert split["validation"]["when"].max() < split["test"]["when"].min()
    with pytest.raises(SystemExit, match="too few"):
        parts(script, rows.head(2), method="by_time", time_column="when")
    with pytest.raises(SystemExit, match="too few rows of a class for every part"):
        parts(script, rows.head(5), method="by_time", time_column="when")


def test_times_are_ordered_as_instants_and_not_as_texts(script: Load, rows: pd.DataFrame) -> None:
    moments = pd.date_range("2024-01-01", periods=1000, freq="h", tz="UTC")[rows["when"]]
    zones = ["UTC", "Pacific/Auckland", "America/Los_Angeles"]
    texts = [m.tz_convert(zones[n % 3]).isoformat() for n, m in enumerate(moments)]
    split = parts(script, rows.assign(at=texts), method="by_time", time_column="at")
    assert split["train"]["when"].max() < split["validation"]["when"].min()
    assert split["validation"]["when"].max() < split["test"]["when"].min()
    with pytest.raises(SystemExit, match="at holds what is no instant"):
        parts(script, rows.assign(at="soon"), method="by_time", time_column="at")
