"""The quality gate: metrics of the held-out part against the bounds of the use case.

Three answers: pass, fail, and inconclusive when a metric is missing or no number. Only a pass
goes on. The report is written beside the artifact, and decisions are bound to its digest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from causeway.config import Gate
from causeway.documents import canonical_json, sha256
from causeway.errors import GateFailed


class GateVerdict(StrEnum):
    """What a gate, or all of them together, says."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class GateResult:
    """One gate's answer, with the value it was given (None: missing or no number)."""

    gate: Gate
    value: float | None
    verdict: GateVerdict

    def __str__(self) -> str:
        bounds = [f"at least {self.gate.min:g}"] if self.gate.min is not None else []
        bounds += [f"at most {self.gate.max:g}"] if self.gate.max is not None else []
        value = "missing" if self.value is None else f"{self.value:g}"
        return f"{self.gate.metric} {value} ({' and '.join(bounds)}): {self.verdict.value}"


@dataclass(frozen=True)
class GateReport:
    """All gates of one artifact on one dataset, and the digest that decisions are bound to."""

    model: str
    artifact_sha256: str
    dataset_digest: str
    results: tuple[GateResult, ...]
    metrics: Mapping[str, float]

    @property
    def verdict(self) -> GateVerdict:
        """The worst of all: a failure outweighs an inconclusive one, which outweighs passes."""
        verdicts = {result.verdict for result in self.results}
        if GateVerdict.FAIL in verdicts:
            return GateVerdict.FAIL
        if GateVerdict.INCONCLUSIVE in verdicts or not verdicts:
            return GateVerdict.INCONCLUSIVE
        return GateVerdict.PASS

    def document(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "model": self.model,
            "artifact_sha256": self.artifact_sha256,
            "dataset_digest": self.dataset_digest,
            "verdict": self.verdict.value,
            "metrics": dict(sorted(self.metrics.items())),
            "gates": [
                {
                    "metric": result.gate.metric,
                    "min": result.gate.min,
                    "max": result.gate.max,
                    "value": result.value,
                    "verdict": result.verdict.value,
                }
                for result in self.results
            ],
        }

    def text(self) -> str:
        """The report as the very text that is stored and digested."""
        return canonical_json(self.document())

    @property
    def digest(self) -> str:
        """The SHA-256 of the text."""
        return sha256(self.text())

    def require_pass(self) -> None:
        """Raise unless every gate passed.

        Raises:
            GateFailed: naming each gate that did not pass, with value and bounds.
        """
        if self.verdict is not GateVerdict.PASS:
            wrong = [str(r) for r in self.results if r.verdict is not GateVerdict.PASS]
            raise GateFailed(
                f"model {self.model}, artifact {self.artifact_sha256[:12]}: the gate says "
                f"{self.verdict.value}: {'; '.join(wrong) or 'no gates'}",
                next_step="Nothing was registered. Improve the model, or mend its evaluation.",
            )


def evaluate(
    gates: Sequence[Gate],
    metrics: Mapping[str, Any],
    *,
    model: str,
    artifact_sha256: str,
    dataset_digest: str,
) -> GateReport:
    """Hold the metrics against the gates; metrics that are no finite numbers are left out."""
    numbers = {
        name: float(value)
        for name, value in metrics.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
    return GateReport(
        model=model,
        artifact_sha256=artifact_sha256,
        dataset_digest=dataset_digest,
        results=tuple(_judge(gate, numbers.get(gate.metric)) for gate in gates),
        metrics=numbers,
    )


def _judge(gate: Gate, value: float | None) -> GateResult:
    if value is None:
        return GateResult(gate, None, GateVerdict.INCONCLUSIVE)
    low = gate.min is not None and value < gate.min
    high = gate.max is not None and value > gate.max
    return GateResult(gate, value, GateVerdict.FAIL if low or high else GateVerdict.PASS)
