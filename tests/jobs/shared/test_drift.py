"""The statistics of drift, against their definitions in scipy."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from causeway.training.jobs import JOBS_DIR
from tests.jobs.scripts import Load

NUMBERS = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60)
COUNTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=12)


def loaded() -> dict[str, object]:
    """Return the module's names: a property takes no fixture of a function's scope."""
    names: dict[str, object] = {}
    text = (JOBS_DIR / "shared" / "drift.py").read_text()
    exec(re.sub("^from labels .*$", "text_of = str", text, flags=re.MULTILINE), names)
    return names


def number(script: Load, name: str = "x", codes: tuple[int, ...] = ()) -> object:
    """Return a feature of an encoder."""
    return script("encoding").Feature(name, codes, type="Fractional")


DRIFT = loaded()


@given(NUMBERS, NUMBERS)
def test_the_distance_is_that_of_kolmogorov_and_smirnov(
    first: list[float], second: list[float]
) -> None:
    expected = stats.ks_2samp(first, second, method="asymp").statistic
    assert DRIFT["ks"](np.array(first), np.array(second)) == pytest.approx(expected)


@given(COUNTS)
def test_the_index_is_the_relative_entropy_both_ways(pairs: list[tuple[int, int]]) -> None:
    expected, actual = (np.array(counts) for counts in zip(*pairs, strict=True))
    smooth = [counts + 0.5 for counts in (expected, actual)]
    both = stats.entropy(smooth[1], smooth[0]) + stats.entropy(smooth[0], smooth[1])
    assert DRIFT["psi"](expected, actual) == pytest.approx(both, abs=1e-9)
    assert DRIFT["psi"](expected, actual) >= -1e-12
    assert DRIFT["psi"](expected, expected) == pytest.approx(0, abs=1e-12)


@given(NUMBERS)
@settings(max_examples=50)
def test_every_row_falls_into_one_bin(values: list[float]) -> None:
    array = np.array(values)
    bins = {"edges": DRIFT["deciles"](array)}
    assert DRIFT["binned"](pd.Series(array), bins).sum() == len(values)
    outside = np.array([-1e9, 1e9])
    assert DRIFT["binned"](pd.Series(outside), bins).sum() == 2


def test_rows_of_the_same_kind_do_not_drift_and_shifted_ones_do(script: Load) -> None:
    drift, draw = script("drift"), np.random.default_rng(0)
    train = pd.DataFrame({"age": draw.normal(40, 10, 2000), "job": draw.integers(1, 5, 2000)})
    same = pd.DataFrame({"age": draw.normal(40, 10, 1000), "job": draw.integers(1, 5, 1000)})
    moved = pd.DataFrame({"age": draw.normal(48, 10, 1000), "job": np.full(1000, 4)})
    snapshot = drift.snapshot(train, [number(script, "age"), number(script, "job", (1, 2, 3, 4))])
    steady = drift.drift(snapshot, train, same)["features"]
    assert max(steady[name]["psi"] for name in steady) < 0.05
    assert "ks" not in steady["job"]
    shifted = drift.drift(snapshot, train, moved)["features"]
    assert shifted["age"]["psi"] > 0.25 and shifted["age"]["ks"] > 0.2
    assert shifted["job"]["psi"] > 1


def test_a_value_that_most_rows_have_has_a_bin_of_its_own(script: Load) -> None:
    """19 zeros in 20 at first, 3 in 20 later: one bin of "zero and more" would see nothing."""
    drift = script("drift")
    rng = np.random.default_rng(0)
    trained = np.where(rng.random(1000) < 0.95, 0.0, rng.random(1000))
    later = np.where(rng.random(1000) < 0.15, 0.0, rng.random(1000))
    drifted = drift.drift(
        drift.snapshot(pd.DataFrame({"x": trained}), [number(script)]),
        pd.DataFrame({"x": trained}),
        pd.DataFrame({"x": later}),
    )
    assert drifted["features"]["x"]["psi"] > 1


@pytest.mark.parametrize("moved", [-1.0, 1e-9, 5.0])
def test_a_constant_that_moves_is_seen(script: Load, moved: float) -> None:
    drift = script("drift")
    trained, later = pd.DataFrame({"x": [3.0] * 200}), pd.DataFrame({"x": [3.0 + moved] * 200})
    drifted = drift.drift(drift.snapshot(trained, [number(script)]), trained, later)
    assert drifted["features"]["x"]["psi"] > 1
    same = drift.drift(drift.snapshot(trained, [number(script)]), trained, trained)
    assert same["features"]["x"]["psi"] == pytest.approx(0)


def test_texts_and_missing_values_drift_too(script: Load) -> None:
    drift, feature = script("drift"), script("encoding").Feature
    country = feature("c", categories=("DE", "NA"), type="String", nullable=True)
    income = feature("i", type="Fractional", nullable=True)
    trained = pd.DataFrame({"c": ["DE", "NA"] * 100, "i": ["1", "2"] * 100})
    snapshot = drift.snapshot(trained, [country, income])
    assert snapshot["c"]["counts"] == [100, 100, 0, 0]
    same = drift.drift(snapshot, trained, trained)["features"]
    assert same["c"]["psi"] == same["i"]["psi"] == pytest.approx(0)
    assert "ks" not in same["c"]
    other = pd.DataFrame({"c": ["FR", ""] * 100, "i": ["", ""] * 100})
    moved = drift.drift(snapshot, trained, other)["features"]
    assert moved["c"]["psi"] > 1 and moved["i"]["psi"] > 1 and "ks" not in moved["i"]
    texts, numbers = drift.statistics(snapshot)["features"]
    assert texts["string_statistics"]["distinct_count"] == 2
    assert numbers["numerical_statistics"]["common"] == {"num_present": 200, "num_missing": 0}
