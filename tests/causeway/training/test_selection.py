"""The best candidate is the one whose own job measured the best."""

import pytest

from causeway.errors import NotFound
from causeway.training.selection import best_of

AUC = "validation_auc"


def test_the_best_has_the_metric_as_a_finite_number_and_the_first_of_equal_names() -> None:
    measured = {
        "job-b": {AUC: 0.82},
        "job-c": {AUC: 0.79},
        "job-a": {AUC: 0.82},
        "job-nan": {AUC: float("nan")},
        "job-inf": {AUC: float("inf")},
        "job-none": {"another": 0.99},
    }
    assert best_of(measured, AUC, maximise=True) == "job-a"
    assert best_of(measured, AUC, maximise=False) == "job-c"


@pytest.mark.parametrize("measured", [{}, {"job": {AUC: float("nan")}}, {"job": {}}])
def test_candidates_without_the_metric_have_no_best(measured: dict[str, dict[str, float]]) -> None:
    with pytest.raises(NotFound, match=f"none of {len(measured)} candidates has the metric"):
        best_of(measured, AUC, maximise=True)
