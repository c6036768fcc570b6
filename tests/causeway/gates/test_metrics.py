import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.errors import BadInput
from causeway.gates import metrics

rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda n: n / 20)), min_size=2, max_size=60
).filter(lambda pairs: 0 < sum(label for label, _ in pairs) < len(pairs))


@given(rows)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[int, float]]) -> None:
    good = [score for label, score in pairs if label]
    bad = [score for label, score in pairs if not label]
    wins = sum((g > b) + (g == b) / 2 for g in good for b in bad)
    labels, scores = zip(*pairs, strict=True)
    assert math.isclose(metrics.auc(labels, scores), wins / (len(good) * len(bad)))


@given(rows)
def test_metrics_agree_with_scikit_learn(pairs: list[tuple[int, float]]) -> None:
    peer = pytest.importorskip("sklearn.metrics")
    labels, scores = zip(*pairs, strict=True)
    clipped = [min(max(s, 0.01), 0.99) for s in scores]
    values = metrics.binary_metrics(labels, clipped)
    assert math.isclose(values["auc"], peer.roc_auc_score(labels, clipped))
    assert math.isclose(values["log_loss"], peer.log_loss(labels, clipped))
    assert math.isclose(values["brier"], peer.brier_score_loss(labels, clipped), abs_tol=1e-12)
    assert values["accuracy"] == peer.accuracy_score(labels, [s >= 0.5 for s in clipped])


@given(st.lists(st.tuples(*[st.floats(-100, 100)] * 2), min_size=2, max_size=40))
def test_errors_of_a_regression_agree_with_scikit_learn(pairs: list[tuple[float, float]]) -> None:
    peer = pytest.importorskip("sklearn.metrics")
    labels, predictions = zip(*pairs, strict=True)
    values = metrics.measured("regression", labels, predictions)
    assert values["rows"] == len(pairs)
    assert math.isclose(values["mse"], peer.mean_squared_error(labels, predictions), abs_tol=1e-9)
    assert math.isclose(values["mae"], peer.mean_absolute_error(labels, predictions), abs_tol=1e-9)
    assert math.isclose(values["rmse"], math.sqrt(values["mse"]))
    if max(labels) - min(labels) > 1e-3:
        assert math.isclose(values["r2"], peer.r2_score(labels, predictions), rel_tol=1e-6)


@pytest.mark.parametrize(("labels", "predictions"), [([], []), ([1.0], []), ([1.0], [math.nan])])
def test_a_regression_that_cannot_be_measured_is_refused(
    labels: list[float], predictions: list[float]
) -> None:
    with pytest.raises(BadInput):
        metrics.measured("regression", labels, predictions)


@pytest.mark.parametrize(
    ("labels", "scores"),
    [
        ([], []),
        ([1], [0.5, 0.6]),
        ([1, 1], [0.5, 0.6]),
        ([1, 2], [0.5, 0.6]),
        ([1, 0], [1, math.nan]),
    ],
)
def test_what_cannot_be_measured_is_refused(labels: list[int], scores: list[float]) -> None:
    with pytest.raises(BadInput):
        metrics.auc(labels, scores)
