"""A gate is declared with its bounds; a wrong declaration is refused with the reason."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from causeway.errors import ConfigError
from causeway.use_cases.gate_specs import AnyGate, Gate, Protected
from causeway.use_cases.use_case import ModelSpec


def test_a_gate_without_a_kind_is_a_bound_on_a_metric() -> None:
    gate = TypeAdapter(AnyGate).validate_python({"metric": "auc", "min": 0.7})
    assert gate == Gate(metric="auc", min=0.7)
    assert gate.inconclusive == "block"


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"metric": "auc"}, "give `min`, `max` or both"),
        ({"kind": "calibration"}, "give `max_ece`, `max_brier` or both"),
        ({"kind": "production", "metric": "auc", "margin": -1}, "greater than or equal to 0"),
        ({"kind": "drift", "statistic": "psi"}, "max"),
        ({"kind": "sample", "min_rows": 0}, "greater than or equal to 1"),
        ({"kind": "luck"}, "luck"),
        ({"metric": "auc", "min": 0.7, "inconclusive": "ignore"}, "'block' or 'pass'"),
    ],
)
def test_a_wrong_gate_is_refused(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(AnyGate).validate_python(declared)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({}, "either `codes` or `bands`"),
        ({"codes": {"a": [1], "b": [2]}, "bands": [3]}, "either `codes` or `bands`"),
        ({"codes": {"a": [1, 2], "b": [2]}}, "no code in two"),
        ({"codes": {"a": [1, 2]}}, "two groups or more"),
        ({"bands": [30, 20]}, "bands must rise"),
    ],
)
def test_groups_of_people_do_not_overlap(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Protected.model_validate({"feature": "age", **declared})


def changed(model: ModelSpec, **changes: Any) -> ModelSpec:
    changed = ModelSpec.model_validate({**model.model_dump(), **changes})
    changed.check()
    return changed


def test_fairness_is_of_a_declared_attribute(model: ModelSpec) -> None:
    fair = {
        "kind": "fairness",
        "attribute": "height",
        "measure": "equal_opportunity",
        "max_difference": 0.1,
    }
    with pytest.raises((ValueError, ConfigError), match="height"):
        changed(model, gates=[fair])


def test_a_regression_has_no_gates_of_classes(model: ModelSpec) -> None:
    with pytest.raises((ValueError, ConfigError), match="calibration is of a binary"):
        changed(
            model,
            problem_type="regression",
            protected={},
            gates=[{"kind": "calibration", "max_ece": 0.1}],
        )


def test_an_endpoint_is_held_against_the_bounds_on_metrics_alone(model: ModelSpec) -> None:
    mixed = changed(model, gates=[{"metric": "auc", "min": 0.7}, {"kind": "sample", "min_rows": 9}])
    assert [gate.metric for gate in mixed.metric_gates] == ["auc"]


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        ({"metric": "auc", "min": float("nan")}, "finite number"),
        ({"metric": "auc", "min": 0.7, "max": float("inf")}, "finite number"),
        ({"kind": "production", "metric": "auc", "margin": float("inf")}, "finite number"),
        ({"metric": "auc", "min": 0.9, "max": 0.1}, "nothing passes"),
        ({"metric": "auc", "max": 0.9}, "more of it is better, so a gate needs `min`"),
        ({"metric": "mse", "min": 0.1}, "less of it is better, so a gate needs `max`"),
        ({"kind": "production", "metric": "mse", "higher_is_better": True}, "less of it is better"),
        ({"kind": "production", "metric": "profit"}, "say `higher_is_better: true` or `false`"),
        ({"metric": "a{b}", "min": 1}, "should match pattern"),
    ],
)
def test_a_gate_that_would_pass_anything_is_refused_when_it_is_read(
    model: ModelSpec, gate: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        changed(model, gates=[gate])


def test_the_direction_of_a_metric_is_known_by_its_name_or_declared(model: ModelSpec) -> None:
    gates = [
        {"kind": "production", "metric": "mse"},
        {"kind": "production", "metric": "auc"},
        {"kind": "production", "metric": "profit", "higher_is_better": True},
    ]
    read = changed(model, gates=gates).gates
    assert [gate.more_is_better for gate in read] == [False, True, True]
