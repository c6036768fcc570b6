"""Every kind of gate gives its three answers, and what is missing never passes."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import TypeAdapter

from causeway.features.origins import UNKNOWN, DataOrigin, Synthetic
from causeway.gates.judges import GateReport, GateVerdict, evaluate
from causeway.use_cases.gate_specs import AnyGate, with_source

PASS, FAIL, OPEN = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE
LIVE = "b" * 64


def gate(**declared: Any) -> Any:
    return TypeAdapter(AnyGate).validate_python(declared)


def judge(declared: dict[str, Any], metrics: dict[str, Any], **evaluation: Any) -> GateReport:
    in_production = evaluation.pop("in_production", "")
    origin = evaluation.pop("origin", UNKNOWN)
    return evaluate(
        [gate(**declared)],
        metrics,
        model="m",
        artifact_sha256="a" * 64,
        dataset_digest="d",
        evaluation=evaluation,
        in_production=in_production,
        origin=origin,
    )


AUC, MSE = {"metric": "auc", "min": 0.7}, {"metric": "mse", "max": 0.75}


@pytest.mark.parametrize(
    ("declared", "metrics", "verdict"),
    [
        (AUC, {"auc": 0.7}, PASS),
        (AUC, {"auc": 0.69}, FAIL),
        (AUC, {"auc": None}, OPEN),
        (AUC, {"auc": math.nan}, OPEN),
        (AUC, {"auc": math.inf}, OPEN),
        (AUC, {"auc": "0.9"}, OPEN),
        (AUC, {"auc": True}, OPEN),
        (AUC, {}, OPEN),
        (MSE, {"mse": 0.75}, PASS),
        (MSE, {"mse": 0.76}, FAIL),
        ({**AUC, "max": 0.9}, {"auc": 0.95}, FAIL),
    ],
)
def test_only_a_finite_metric_within_its_bounds_passes(
    declared: dict[str, Any], metrics: dict[str, Any], verdict: GateVerdict
) -> None:
    assert judge(declared, metrics).verdict is verdict


NOT_WORSE = {"kind": "production", "metric": "auc", "margin": 0.02}


def beside(live: Any = 0.8, *, rows: int = 150, digest: str = LIVE, **more: Any) -> dict[str, Any]:
    production = {"artifact_sha256": digest, "rows": rows, "metrics": {"auc": live}}
    return {"rows": 150, "production": production, "in_production": LIVE, **more}


@pytest.mark.parametrize(
    ("declared", "ours", "evaluation", "verdict"),
    [
        (NOT_WORSE, 0.80, beside(), PASS),
        (NOT_WORSE, 0.781, beside(), PASS),
        (NOT_WORSE, 0.77, beside(), FAIL),
        (NOT_WORSE, None, beside(), OPEN),
        (NOT_WORSE, 0.80, beside(None), OPEN),
        (NOT_WORSE, 0.80, beside(rows=149), OPEN),
        (NOT_WORSE, 0.80, beside(digest="c" * 64), OPEN),
        (NOT_WORSE, 0.80, {"rows": 150, "in_production": LIVE}, OPEN),
    ],
)
def test_a_model_worse_than_production_does_not_pass(
    declared: dict[str, Any], ours: float | None, evaluation: dict[str, Any], verdict: GateVerdict
) -> None:
    assert judge(declared, {"auc": ours}, **evaluation).verdict is verdict


@pytest.mark.parametrize(("ours", "verdict"), [(0.77, PASS), (0.83, FAIL)])
def test_less_of_an_error_is_better(ours: float, verdict: GateVerdict) -> None:
    production = beside()
    production["production"]["metrics"] = {"mse": 0.8}
    gate = {**NOT_WORSE, "metric": "mse"}
    assert judge(gate, {"mse": ours}, **production).verdict is verdict


def test_without_a_version_in_production_the_gate_passes_and_says_as_what() -> None:
    report = judge(NOT_WORSE, {"auc": 0.5})
    assert report.verdict is PASS
    assert "passes as the first version" in report.text()


def test_an_unmeasured_metric_is_no_pass_of_the_first_version_and_what_was_measured_is_said() -> (
    None
):
    for declared in (NOT_WORSE, {"metric": "auc", "min": 0.7}):
        report = judge(declared, {"within_one": 0.9, "cost": 1, "auc": None})
        assert report.verdict is OPEN
        assert "missing; measured: cost, within_one" in report.text()


def test_a_small_group_is_said_with_the_rows_that_its_measure_counts() -> None:
    fairness = {"sex": {"no value": people(50, 40, 12, 12), "male": people(50, 40)}}
    said = judge(EQUAL, {}, fairness=fairness).text()
    assert "no value has 12 rows with the favourable label of 20" in said
    small = {"sex": {"no value": people(12, 4), "male": people(50, 40)}}
    assert "no value has 12 rows of 20" in judge(FAIR, {}, fairness=small).text()


CALIBRATED = {"kind": "calibration", "max_ece": 0.1, "max_brier": 0.2}


@pytest.mark.parametrize(
    ("ece", "brier", "verdict"),
    [
        (0.1, 0.2, PASS),
        (0.11, 0.1, FAIL),
        (0.05, 0.21, FAIL),
        (None, 0.21, FAIL),  # one bound is broken, whatever the other says
        (None, 0.1, OPEN),
        (0.05, None, OPEN),
    ],
)
def test_calibration_needs_each_number_it_is_bound_by(
    ece: float | None, brier: float | None, verdict: GateVerdict
) -> None:
    assert judge(CALIBRATED, {"brier": brier}, calibration={"ece": ece}).verdict is verdict


FAIR = {
    "kind": "fairness",
    "attribute": "sex",
    "measure": "demographic_parity",
    "max_difference": 0.2,
    "min_rows": 20,
}
EQUAL = {**FAIR, "measure": "equal_opportunity"}


def people(rows: int, selected: int, positives: int = 20, hits: int = 20) -> dict[str, int]:
    return {"rows": rows, "selected": selected, "positives": positives, "true_positives": hits}


@pytest.mark.parametrize(
    ("declared", "groups", "verdict"),
    [
        (FAIR, {"male": people(50, 40), "female": people(50, 30)}, PASS),
        (FAIR, {"male": people(50, 40), "female": people(50, 29)}, FAIL),
        (FAIR, {"male": people(50, 40), "female": people(19, 0)}, OPEN),
        (FAIR, {"a": people(50, 40), "b": people(50, 10), "c": people(3, 0)}, FAIL),
        (FAIR, {"a": people(50, 40), "b": people(50, 40), "c": people(3, 0)}, OPEN),
        (FAIR, {"male": people(50, 40)}, OPEN),
        (FAIR, {}, OPEN),
        (EQUAL, {"male": people(50, 0, 20, 18), "female": people(50, 50, 20, 16)}, PASS),
        (EQUAL, {"male": people(50, 0, 20, 18), "female": people(50, 0, 20, 10)}, FAIL),
        (EQUAL, {"male": people(50, 0, 20, 18), "female": people(50, 0, 12, 0)}, OPEN),
    ],
)
def test_groups_may_not_lie_apart_and_small_ones_say_nothing(
    declared: dict[str, Any], groups: dict[str, Any], verdict: GateVerdict
) -> None:
    assert judge(declared, {}, fairness={"sex": groups}).verdict is verdict


STABLE = {"kind": "drift", "statistic": "psi", "max": 0.2, "min_rows": 100}
CLOSE = {"kind": "drift", "statistic": "ks", "max": 0.15, "min_rows": 100}


@pytest.mark.parametrize(
    ("declared", "rows", "features", "verdict"),
    [
        (STABLE, 150, {"age": {"psi": 0.1}, "job": {"psi": 0.2}}, PASS),
        (STABLE, 150, {"age": {"psi": 0.1}, "job": {"psi": 0.21}}, FAIL),
        (STABLE, 99, {"age": {"psi": 0.1}}, OPEN),
        (STABLE, None, {"age": {"psi": 0.1}}, OPEN),
        (STABLE, 150, {}, OPEN),
        ({**STABLE, "features": ["age", "job"]}, 150, {"age": {"psi": 0.1}}, OPEN),
        ({**STABLE, "features": ["age", "job"]}, 150, {"age": {"psi": 0.3}}, FAIL),
        (CLOSE, 150, {"age": {"psi": 9, "ks": 0.1}, "job": {"psi": 9}}, PASS),
        (CLOSE, 150, {"age": {"psi": 0, "ks": 0.2}}, FAIL),
    ],
)
def test_drift_is_judged_by_the_feature_that_moved_most(
    declared: dict[str, Any], rows: int | None, features: dict[str, Any], verdict: GateVerdict
) -> None:
    assert judge(declared, {}, drift={"rows": rows, "features": features}).verdict is verdict


ENOUGH = {"kind": "sample", "min_rows": 100, "min_of_each_class": 30}


@pytest.mark.parametrize(
    ("rows", "positives", "verdict"),
    [
        (150, 105, PASS),
        (99, 60, FAIL),
        (150, 125, FAIL),
        (150, 20, FAIL),
        (150, None, OPEN),
        (None, 50, OPEN),
    ],
)
def test_the_sample_has_enough_rows_of_each_class(
    rows: int | None, positives: int | None, verdict: GateVerdict
) -> None:
    counted = positives is not None and rows is not None
    classes = {"bad": rows - positives, "good": positives} if counted else None  # type: ignore[operator]
    assert judge(ENOUGH, {}, rows=rows, classes=classes).verdict is verdict


def test_a_regression_counts_rows_alone() -> None:
    assert judge({"kind": "sample", "min_rows": 10}, {}, rows=10).verdict is PASS


def test_an_evaluation_of_another_shape_is_inconclusive() -> None:
    for declared in (CALIBRATED, FAIR, STABLE, ENOUGH):
        parts = {"calibration": [], "fairness": "", "drift": 1, "rows": "many"}
        assert judge(declared, {}, **parts).verdict is OPEN
    assert judge(NOT_WORSE, {"auc": 1}, in_production=LIVE, production=None).verdict is OPEN


def test_rows_that_no_group_names_leave_a_fairness_gate_open() -> None:
    gate = {
        "kind": "fairness",
        "attribute": "sex",
        "measure": "demographic_parity",
        "max_difference": 0.2,
        "min_rows": 10,
    }
    counted = {"rows": 100, "positives": 50, "selected": 50, "true_positives": 40}
    groups = {"male": counted, "female": counted, "in no group": {**counted, "rows": 40}}
    report = judge(gate, {"auc": 0.8}, fairness={"sex": groups})
    assert report.verdict is OPEN
    assert "40 rows are in no group" in report.text()


@pytest.mark.parametrize(
    ("synthetic", "refused", "allowed"),
    [
        (Synthetic.NO, PASS, PASS),
        (Synthetic.YES, FAIL, PASS),
        (Synthetic.PARTLY, FAIL, PASS),
        (Synthetic.UNKNOWN, OPEN, PASS),
    ],
)
def test_invented_rows_pass_only_where_that_is_declared(
    synthetic: Synthetic, refused: GateVerdict, allowed: GateVerdict
) -> None:
    origin = DataOrigin(("a.csv, 3 rows",), synthetic)
    assert judge({"kind": "source"}, {}, origin=origin).verdict is refused
    report = judge({"kind": "source", "synthetic": "allow"}, {}, origin=origin)
    assert report.verdict is allowed
    said = f"synthetic: {synthetic.value} (declared: allow), from a.csv, 3 rows"
    assert report.results[0].wording == said


def test_the_gate_on_the_source_holds_where_none_is_declared() -> None:
    auc, allow = gate(**AUC), gate(kind="source", synthetic="allow")
    assert with_source([auc])[1].kind == "source"
    assert with_source([auc])[1].synthetic == "refuse"
    assert with_source([allow, auc]) == (allow, auc)
