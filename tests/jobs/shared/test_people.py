"""Calibration by its definition, and groups that everybody belongs to once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.jobs.scripts import Load


def test_scores_that_mean_what_they_say_have_no_error(script: Load) -> None:
    labels = np.array([0, 0, 0, 1] * 25 + [1, 1, 1, 0] * 25)
    scores = np.array([0.25] * 100 + [0.75] * 100)
    result = script("people").calibration(labels, scores)
    assert result["ece"] == pytest.approx(0)
    assert [bin_["rows"] for bin_ in result["bins"]] == [100, 100]
    assert script("people").calibration(labels, np.full(200, 1.0))["ece"] == pytest.approx(0.5)
    assert script("people").calibration(labels, scores + 0.1)["ece"] == pytest.approx(0.1)


def test_groups_are_counted_by_codes_and_by_bands(script: Load) -> None:
    rows = pd.DataFrame({"sex": [1, 2, 1, 2], "age": [20, 25, 40, 70]})
    protected = {
        "sex": {"feature": "sex", "codes": {"male": [1], "female": [2]}, "bands": []},
        "age": {"feature": "age", "codes": {}, "bands": [25, 60]},
    }
    labels, scores = np.array([1, 1, 0, 0]), np.array([0.9, 0.2, 0.5, 0.1])
    counts = script("people").fairness(rows, protected, labels == 1, scores >= 0.5)
    assert counts["sex"]["male"] == {"rows": 2, "positives": 1, "selected": 2, "true_positives": 1}
    assert counts["sex"]["female"]["true_positives"] == 0
    ages = {name: group["rows"] for name, group in counts["age"].items()}
    assert ages == {"below 25": 1, "25 to 60": 2, "60 and more": 1}


def test_rows_without_a_value_or_a_group_are_counted_as_such(script: Load) -> None:
    rows = pd.DataFrame({"sex": [1, 2, 3, None], "age": [20, 25, None, 70]})
    protected = {
        "sex": {"feature": "sex", "codes": {"male": [1], "female": [2]}, "bands": []},
        "age": {"feature": "age", "codes": {}, "bands": [25]},
    }
    counts = script("people").fairness(rows, protected, np.ones(4, bool), np.ones(4, bool))
    sexes = {name: group["rows"] for name, group in counts["sex"].items()}
    assert sexes == {"male": 1, "female": 1, "no value": 1, "in no group": 1}
    ages = {name: group["rows"] for name, group in counts["age"].items()}
    assert ages == {"below 25": 1, "25 and more": 2, "no value": 1}


def test_groups_may_be_texts_and_an_empty_one_is_a_group_of_its_own(script: Load) -> None:
    rows = pd.DataFrame({"country": ["NA", "DE", "", "FR", "NA"]})
    protected = {
        "origin": {
            "feature": "country",
            "codes": {"namibian": ["NA"], "european": ["DE"]},
            "bands": [],
        }
    }
    everybody = np.ones(5, bool)
    counts = script("people").fairness(rows, protected, everybody, everybody)["origin"]
    assert {name: group["rows"] for name, group in counts.items()} == {
        "namibian": 2,
        "european": 1,
        "no value": 1,
        "in no group": 1,
    }
