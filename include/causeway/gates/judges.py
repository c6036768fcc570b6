"""The quality gates: the measurements on the held-out part against the use case's demands.

Each kind of gate has one judge. A judge that lacks a number says inconclusive, never pass; the gate
declares what an inconclusive answer does (`causeway.use_cases.gate_specs`). Only a pass lets a
model go on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from causeway.features.origins import UNKNOWN, DataOrigin, Synthetic
from causeway.gates.report import GateReport, GateResult, GateVerdict
from causeway.use_cases.gate_specs import (
    AnyGate,
    CalibrationGate,
    DriftGate,
    FairnessGate,
    Gate,
    ProductionGate,
    SampleGate,
    SourceGate,
)

__all__ = ["Evidence", "GateReport", "GateResult", "GateVerdict", "evaluate"]

#: What the evaluation calls rows whose code no group names (`include/jobs/shared/people.py`).
NO_GROUP: Final = "in no group"

PASS, FAIL, INCONCLUSIVE = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE


@dataclass(frozen=True)
class Evidence:
    """What the judges look at.

    `evaluation` is the document of the evaluation job beyond its metrics; `in_production` is the
    digest of the artifact now in production, empty when there is none; `origin` is where the
    dataset's rows come from.
    """

    metrics: Mapping[str, float]
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    in_production: str = ""
    origin: DataOrigin = UNKNOWN

    def part(self, name: str) -> Mapping[str, Any]:
        """Return a part of the evaluation; one that is missing or of another shape is empty."""
        content = self.evaluation.get(name)
        return content if isinstance(content, Mapping) else {}


def evaluate(
    gates: Sequence[AnyGate],
    metrics: Mapping[str, Any],
    *,
    model: str,
    artifact_sha256: str,
    dataset_digest: str,
    evaluation: Mapping[str, Any] | None = None,
    in_production: str = "",
    origin: DataOrigin = UNKNOWN,
) -> GateReport:
    """Compare the metrics with the gates; metrics that are no finite numbers are left out."""
    numbers = _numbers(metrics)
    evidence = Evidence(numbers, evaluation or {}, in_production, origin)
    return GateReport(
        model=model,
        artifact_sha256=artifact_sha256,
        dataset_digest=dataset_digest,
        results=tuple(_judge(gate, evidence) for gate in gates),
        metrics=numbers,
        repeated=evidence.part("repeated_splits"),
    )


def _judge(gate: AnyGate, evidence: Evidence) -> GateResult:
    match gate:
        case Gate():
            return _metric(gate, evidence)
        case ProductionGate():
            return _production(gate, evidence)
        case CalibrationGate():
            return _calibration(gate, evidence)
        case FairnessGate():
            return _fairness(gate, evidence)
        case DriftGate():
            return _drift(gate, evidence)
        case SampleGate():
            return _sample(gate, evidence)
        case SourceGate():
            return _source(gate, evidence)


def _metric(gate: Gate, evidence: Evidence) -> GateResult:
    bounds = [f"at least {gate.min:g}"] if gate.min is not None else []
    bounds += [f"at most {gate.max:g}"] if gate.max is not None else []
    value = evidence.metrics.get(gate.metric)
    said = _unmeasured(evidence) if value is None else f"{value:g}"
    text = f"{said} ({' and '.join(bounds)})"
    if value is None:
        return GateResult(gate, gate.metric, text, INCONCLUSIVE)
    low = gate.min is not None and value < gate.min
    high = gate.max is not None and value > gate.max
    return GateResult(gate, gate.metric, text, FAIL if low or high else PASS, value)


def _production(gate: ProductionGate, evidence: Evidence) -> GateResult:
    subject = f"{gate.metric} beside production"
    ours = evidence.metrics.get(gate.metric)
    if ours is None:
        return GateResult(gate, subject, _unmeasured(evidence), INCONCLUSIVE)
    if not evidence.in_production:
        text = "no version is in production: passes as the first version"
        return GateResult(gate, subject, text, PASS)
    theirs = evidence.part("production")
    live = _numbers(theirs.get("metrics", {})).get(gate.metric)
    same_rows = theirs.get("rows") == evidence.evaluation.get("rows")
    if theirs.get("artifact_sha256") != evidence.in_production or not same_rows:
        text = "the artifact in production was not evaluated on the same held-out rows"
        return GateResult(gate, subject, text, INCONCLUSIVE)
    if live is None:
        return GateResult(gate, subject, "missing of the version in production", INCONCLUSIVE)
    better_by = _apart(ours, live) if gate.more_is_better else _apart(live, ours)
    text = f"{ours:g}, in production {live:g} (at most {gate.margin:g} worse)"
    return GateResult(gate, subject, text, PASS if better_by >= -gate.margin else FAIL, better_by)


def _unmeasured(evidence: Evidence) -> str:
    return f"missing; measured: {', '.join(sorted(evidence.metrics)) or 'nothing'}"


def _calibration(gate: CalibrationGate, evidence: Evidence) -> GateResult:
    measures = {
        "ECE": (_number(evidence.part("calibration").get("ece")), gate.max_ece),
        "Brier score": (evidence.metrics.get("brier"), gate.max_brier),
    }
    limits = {name: pair for name, pair in measures.items() if pair[1] is not None}
    text = ", ".join(
        f"{name} {'missing' if value is None else f'{value:.4g}'} (at most {bound:g})"
        for name, (value, bound) in limits.items()
    )
    values = [value for value, _ in limits.values()]
    wrong = any(v is not None and b is not None and v > b for v, b in limits.values())
    verdict = FAIL if wrong else INCONCLUSIVE if None in values else PASS
    return GateResult(gate, "calibration", text, verdict, values[0])


def _fairness(gate: FairnessGate, evidence: Evidence) -> GateResult:
    subject = f"{gate.measure.replace('_', ' ')} of {gate.attribute}"
    counted, hits, words = (
        ("rows", "selected", "rows")
        if gate.measure == "demographic_parity"
        else ("positives", "true_positives", "rows with the favourable label")
    )
    rates, small = {}, []
    for name, group in evidence.part("fairness").get(gate.attribute, {}).items():
        if name == NO_GROUP:
            small.append(f"{_number(group.get('rows')) or 0:g} rows are {NO_GROUP}")
            continue
        rows, selected = _number(group.get(counted)), _number(group.get(hits))
        if rows is None or selected is None or rows < gate.min_rows:
            small.append(f"{name} has {rows or 0:g} {words} of {gate.min_rows}")
        else:
            rates[name] = selected / rows
    shares = rates.values()
    difference = _apart(max(shares), min(shares)) if len(shares) > 1 else None
    parts = [f"{name} {rate:.3f}" for name, rate in rates.items()] + small
    text = f"{', '.join(parts) or 'missing'} (at most {gate.max_difference:g} apart)"
    if difference is not None and difference > gate.max_difference:
        return GateResult(gate, subject, text, FAIL, difference)
    verdict = INCONCLUSIVE if difference is None or small else PASS
    return GateResult(gate, subject, text, verdict, difference)


def _drift(gate: DriftGate, evidence: Evidence) -> GateResult:
    subject = f"drift of the held-out rows ({gate.statistic})"
    drift = evidence.part("drift")
    measured = drift.get("features", {})
    rows = _number(drift.get("rows"))
    # A coded feature has no distance of numbers: it is measured where it is asked for by name.
    names = gate.features or tuple(
        name for name, statistics in measured.items() if gate.statistic in statistics
    )
    values = {name: _number(measured.get(name, {}).get(gate.statistic)) for name in names}
    missing = [name for name, value in values.items() if value is None]
    numbers = {name: value for name, value in values.items() if value is not None}
    if rows is None or rows < gate.min_rows or not numbers:
        text = f"{rows or 0:g} rows of {gate.min_rows}, {len(numbers)} features measured"
        return GateResult(gate, subject, text, INCONCLUSIVE)
    worst = max(numbers, key=lambda name: numbers[name])
    text = f"most in {worst}: {numbers[worst]:.4g} (at most {gate.max:g})"
    if numbers[worst] > gate.max:
        return GateResult(gate, subject, text, FAIL, numbers[worst])
    if missing:
        text = f"not measured: {', '.join(missing)}; {text}"
        return GateResult(gate, subject, text, INCONCLUSIVE, numbers[worst])
    return GateResult(gate, subject, text, PASS, numbers[worst])


def _sample(gate: SampleGate, evidence: Evidence) -> GateResult:
    rows = _number(evidence.evaluation.get("rows"))
    counts = _numbers(evidence.part("classes"))
    classes = gate.min_of_each_class
    if rows is None or (classes and not counts):
        return GateResult(gate, "held-out sample", "the rows were not counted", INCONCLUSIVE)
    rarest = min(counts, key=lambda name: counts[name]) if counts else ""
    text = f"{rows:g} rows (at least {gate.min_rows})"
    if classes:
        text += f", {counts[rarest]:g} of class {rarest} (at least {classes})"
    enough = rows >= gate.min_rows and (not counts or counts[rarest] >= classes)
    return GateResult(gate, "held-out sample", text, PASS if enough else FAIL, rows)


def _source(gate: SourceGate, evidence: Evidence) -> GateResult:
    origin = evidence.origin
    text = f"synthetic: {origin.synthetic.value} (declared: {gate.synthetic}), from {origin}"
    if gate.synthetic == "allow" or origin.synthetic is Synthetic.NO:
        return GateResult(gate, "rows", text, PASS)
    unknown = origin.synthetic is Synthetic.UNKNOWN
    return GateResult(gate, "rows", text, INCONCLUSIVE if unknown else FAIL)


def _apart(first: float, second: float) -> float:
    """Return a difference without the noise of binary fractions: 0.8 - 0.6 keeps a bound of 0.2."""
    return round(first - second, 12)


def _numbers(values: Any) -> dict[str, float]:
    if not isinstance(values, Mapping):
        return {}
    numbers = {str(name): _number(value) for name, value in values.items()}
    return {name: value for name, value in numbers.items() if value is not None}


def _number(value: Any) -> float | None:
    """Return a finite number, or None: a flag or a text is none."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and math.isfinite(value) else None
