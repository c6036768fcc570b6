"""What the gates say of one artifact: the results, and the report that decisions are bound to.

Three answers: pass, fail, and inconclusive when what a gate needs is missing or no number. The
report is written beside the artifact as JSON, whose digest decisions name, and as Markdown for
people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from causeway.digests import canonical_json, sha256
from causeway.errors import GateFailed, UnexpectedState
from causeway.pages import markdown_table, markdown_text
from causeway.use_cases.gate_specs import AnyGate, Gate

NOT_REGISTERED: Final = "Nothing was registered. Improve the model, or fix its evaluation."


class GateVerdict(StrEnum):
    """What a gate, or all of them together, says."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class GateResult:
    """One gate's answer.

    `subject` is what was judged, `wording` compares it with the bound, `value` is the number
    that was compared (None: there was none).
    """

    gate: AnyGate
    subject: str
    wording: str
    verdict: GateVerdict
    value: float | None = None

    @property
    def blocks(self) -> bool:
        """Whether this answer alone keeps a model from being registered."""
        if self.verdict is GateVerdict.INCONCLUSIVE:
            return self.gate.inconclusive == "block"
        return self.verdict is GateVerdict.FAIL

    def __str__(self) -> str:
        return f"{self.subject} {self.wording}: {self.verdict.value}"


@dataclass(frozen=True)
class GateReport:
    """All gates of one artifact on one dataset, and the digest that decisions are bound to."""

    model: str
    artifact_sha256: str
    dataset_digest: str
    results: tuple[GateResult, ...]
    metrics: Mapping[str, float]
    repeated: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> GateVerdict:
        """The worst result that blocks: a failure outranks an inconclusive one."""
        blocking = {result.verdict for result in self.results if result.blocks}
        if GateVerdict.FAIL in blocking:
            return GateVerdict.FAIL
        if blocking or not self.results:
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
            **({"repeated_splits": dict(self.repeated)} if self.repeated else {}),
            "gates": [
                {
                    **result.gate.model_dump(mode="json", exclude_none=True),
                    "subject": result.subject,
                    "said": result.wording,
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

    def markdown(self) -> str:
        """The report for people; it names the digest of the JSON it was made from."""
        lines = [
            f"# Gate report: {markdown_text(self.model)}, {self.verdict.value}",
            "",
            f"Artifact `{self.artifact_sha256}`, dataset `{self.dataset_digest}`.",
            f"SHA-256 of this report as JSON: `{self.digest}`.",
            "",
            markdown_table(
                ("gate", "judged", "measured", "verdict"),
                [(r.gate.kind, r.subject, r.wording, self._verdict(r)) for r in self.results],
            ),
            "",
            markdown_table(
                ("metric", "value"),
                [(name, f"{value:.5g}") for name, value in sorted(self.metrics.items())],
            ),
        ]
        if self.repeated:
            figures = sorted(self.repeated["metrics"].items())
            lines += [
                "",
                f"Trained again on {self.repeated['splits']} stratified splits:",
                "",
                markdown_table(
                    ("metric", "mean", "standard deviation"),
                    [(name, f"{f['mean']:.5g}", f"{f['deviation']:.3g}") for name, f in figures],
                ),
            ]
        return "\n".join(lines) + "\n"

    @staticmethod
    def _verdict(result: GateResult) -> str:
        passed_over = result.verdict is GateVerdict.INCONCLUSIVE and not result.blocks
        return f"{result.verdict.value}{' (declared not to block)' if passed_over else ''}"

    def require_pass(self, next_step: str = NOT_REGISTERED) -> None:
        """Raise unless every gate passed, or was declared not to block.

        Args:
            next_step: what to do about it, at this stage.

        Raises:
            GateFailed: naming each gate that did not pass, with value and bounds.
        """
        if self.verdict is not GateVerdict.PASS:
            wrong = [str(result) for result in self.results if result.blocks]
            raise GateFailed(
                f"model {self.model}, artifact {self.artifact_sha256[:12]}: the gate says "
                f"{self.verdict.value}: {'; '.join(wrong) or 'no gates'}",
                next_step=next_step,
            )


def read_report(content: bytes | str, digest: str, *, where: str) -> dict[str, Any]:
    """Return the document of a report that was stored; `where` is its URI, for messages.

    Raises:
        UnexpectedState: the content is not the one that the digest is of, or no JSON in UTF-8.
    """
    if (actual := sha256(content)) != digest:
        raise UnexpectedState(
            f"the gate report {where} has the SHA-256 {actual}, judged was {digest}",
            next_step="Find out who wrote over it; clear the gate's task to judge again.",
        )
    try:
        text = content if isinstance(content, str) else content.decode()
        document: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise UnexpectedState(
            f"the gate report {where} is no JSON in UTF-8: {error}",
            next_step="Train and register the version again.",
        ) from error
    return document


#: How the names begin of metrics that a training writes of its own parts.
OF_TRAINING: Final = ("train_", "validation_")


def metric_gates_of(report: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Return the bounds on metrics that a live endpoint can be held against.

    They are those of a stored report, which people approved. What the training watched on its own
    parts is left out: the endpoint is asked about the held-out rows.
    """
    keys = ("kind", "metric", "min", "max", "inconclusive")
    return tuple(
        Gate(**{key: gate[key] for key in keys if key in gate})
        for gate in report.get("gates", ())
        if gate["kind"] == "metric" and not gate["metric"].startswith(OF_TRAINING)
    )
