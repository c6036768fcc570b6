"""The bounds that a monitor checks a live model against, with what was measured at registration.

One document a kind, in the manner of Model Monitor's `constraints.json`: its `version`, thresholds
and comparison operators (SageMaker developer guide, "Schema for Constraints"). The statistics that
they are about lie beside them: the training snapshot, the bias report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from causeway.use_cases.gate_specs import Gate

_OVER = "GreaterThanThreshold"
_UNDER = "LessThanThreshold"


def constraints(
    gates: Sequence[Gate], problem_type: str, report: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the constraints by the names of `causeway.registration.request.DOCUMENTS`.

    `gates` are those on metrics, `report` is the gate report that a version is registered with.
    What no gate is about has no document.
    """
    judged = report.get("gates", [])
    documents = {
        "quality-constraints": quality_constraints(gates, problem_type),
        "data-constraints": _of(judged, "drift", "drift_constraints", _drift),
        "bias-constraints": _of(judged, "fairness", "bias_constraints", _bias),
    }
    return {name: document for name, document in documents.items() if document}


def quality_constraints(gates: Sequence[Gate], problem_type: str) -> dict[str, Any]:
    """Return the gates' bounds as Model Monitor writes constraints on a model's quality."""
    kind = problem_type.replace("-", "").replace(" ", "_")
    bounds = {
        gate.metric: {
            "threshold": gate.min if gate.min is not None else gate.max,
            "comparison_operator": _UNDER if gate.min is not None else _OVER,
        }
        for gate in gates
    }
    return {"version": 0.0, f"{kind}_constraints": bounds}


def _of(
    judged: Sequence[Mapping[str, Any]],
    kind: str,
    name: str,
    read: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    entries = [
        {**read(gate), "comparison_operator": _OVER, "measured": gate["value"]}
        for gate in judged
        if gate["kind"] == kind
    ]
    return {"version": 0.0, name: entries} if entries else {}


def _drift(gate: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "statistic": gate["statistic"],
        "features": list(gate["features"]) or "all that were measured",
        "min_rows": gate["min_rows"],
        "threshold": gate["max"],
    }


def _bias(gate: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "attribute": gate["attribute"],
        "measure": gate["measure"],
        "min_rows": gate["min_rows"],
        "threshold": gate["max_difference"],
    }
