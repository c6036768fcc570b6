"""What the gates demanded and found is what a monitor holds a live model against."""

from __future__ import annotations

from typing import Any

from causeway.gates.baselines import constraints, quality_constraints
from causeway.gates.judges import evaluate
from causeway.use_cases.use_case import ModelSpec

EVALUATION: dict[str, Any] = {
    "rows": 300,
    "fairness": {
        "sex": {
            "women": {"rows": 100, "positives": 80, "true_positives": 72, "selected": 80},
            "men": {"rows": 200, "positives": 100, "true_positives": 80, "selected": 120},
        }
    },
    "drift": {"rows": 300, "features": {"age": {"psi": 0.04, "ks": 0.02}}},
}


def report(model: ModelSpec, evaluation: dict[str, Any]) -> dict[str, Any]:
    gate_report = evaluate(
        model.gates,
        {"auc": 0.8},
        model=model.name,
        artifact_sha256="a" * 64,
        dataset_digest="d" * 64,
        evaluation=evaluation,
    )
    return gate_report.document()


def test_gates_are_written_as_constraints(model: ModelSpec) -> None:
    assert quality_constraints(model.metric_gates, model.problem_type) == {
        "version": 0.0,
        "binary_classification_constraints": {
            "auc": {"threshold": 0.7, "comparison_operator": "LessThanThreshold"}
        },
    }
    regression = quality_constraints(model.metric_gates, "regression")
    assert "regression_constraints" in regression
    classes = quality_constraints(model.metric_gates, "multi-class classification")
    assert "multiclass_classification_constraints" in classes


def test_bias_and_drift_are_bounded_with_what_was_measured(model: ModelSpec) -> None:
    documents = constraints(model.metric_gates, model.problem_type, report(model, EVALUATION))
    sex = documents["bias-constraints"]["bias_constraints"][0]
    assert sex == {
        "attribute": "sex",
        "measure": "equal_opportunity",
        "min_rows": 20,
        "threshold": 0.2,
        "comparison_operator": "GreaterThanThreshold",
        "measured": 0.1,
    }
    by_statistic = {
        entry["statistic"]: entry for entry in documents["data-constraints"]["drift_constraints"]
    }
    assert {
        name: (entry["threshold"], entry["measured"]) for name, entry in by_statistic.items()
    } == {
        "psi": (0.25, 0.04),
        "ks": (0.15, 0.02),
    }


def test_what_was_not_measured_is_bounded_all_the_same(model: ModelSpec) -> None:
    documents = constraints(model.metric_gates, model.problem_type, report(model, {}))
    assert {entry["measured"] for entry in documents["bias-constraints"]["bias_constraints"]} == {
        None
    }


def test_what_no_gate_is_about_has_no_document(model: ModelSpec) -> None:
    documents = constraints(model.metric_gates, model.problem_type, {"gates": []})
    assert set(documents) == {"quality-constraints"}
