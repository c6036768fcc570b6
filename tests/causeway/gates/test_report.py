"""The report is worth its worst gate, and decisions are bound to its digest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from causeway.digests import sha256
from causeway.errors import GateFailed, UnexpectedState
from causeway.gates.judges import evaluate
from causeway.gates.report import GateReport, GateVerdict, metric_gates_of, read_report
from causeway.use_cases.gate_specs import Gate
from causeway.use_cases.use_case import ModelSpec

AUC, MSE = Gate(metric="auc", min=0.7), Gate(metric="mse", max=0.75)


def report(metrics: dict[str, Any], *gates: Gate, **evaluation: Any) -> GateReport:
    return evaluate(
        gates,
        metrics,
        model="m",
        artifact_sha256="a" * 64,
        dataset_digest="d",
        evaluation=evaluation,
    )


@pytest.mark.parametrize(
    ("metrics", "verdict"),
    [
        ({"auc": 0.9, "mse": 0.75}, GateVerdict.PASS),
        ({"auc": 0.9, "mse": 0.76}, GateVerdict.FAIL),
        ({"mse": 0.9}, GateVerdict.FAIL),
        ({"mse": 0.1}, GateVerdict.INCONCLUSIVE),
    ],
)
def test_a_failure_outweighs_what_is_inconclusive(
    metrics: dict[str, Any], verdict: GateVerdict
) -> None:
    gate_report = report(metrics, AUC, MSE)
    assert gate_report.verdict is verdict
    if verdict is GateVerdict.PASS:
        gate_report.require_pass()
    else:
        with pytest.raises(GateFailed, match=verdict.value):
            gate_report.require_pass()


def test_what_an_inconclusive_gate_does_is_declared() -> None:
    tolerant = AUC.model_copy(update={"inconclusive": "pass"})
    gate_report = report({"mse": 0.1}, tolerant, MSE)
    assert gate_report.verdict is GateVerdict.PASS
    assert "inconclusive (declared not to block)" in gate_report.markdown()
    assert json.loads(gate_report.text())["gates"][0]["verdict"] == "inconclusive"
    assert report({"auc": 0.1, "mse": 0.1}, tolerant, MSE).verdict is GateVerdict.FAIL


def test_no_gates_are_no_pass() -> None:
    with pytest.raises(GateFailed, match="no gates"):
        report({"auc": 0.9}).require_pass()


def test_the_reason_names_the_gates_that_block_and_no_others() -> None:
    with pytest.raises(GateFailed) as raised:
        report({"auc": 0.6, "mse": 0.1}, AUC, MSE).require_pass()
    assert "auc 0.6 (at least 0.7): fail" in str(raised.value)
    assert "mse" not in str(raised.value)


def test_the_digest_is_of_the_stored_text() -> None:
    gate_report = report({"auc": 0.8, "other": 1}, AUC)
    assert gate_report.digest == sha256(gate_report.text())
    assert json.loads(gate_report.text())["metrics"] == {"auc": 0.8, "other": 1.0}
    assert report({"other": 1, "auc": 0.8}, AUC).digest == gate_report.digest
    assert report({"auc": 0.81, "other": 1}, AUC).digest != gate_report.digest


def test_the_page_for_people_names_digest_verdicts_and_how_far_metrics_vary() -> None:
    repeated = {"splits": 20, "metrics": {"auc": {"mean": 0.79, "deviation": 0.021}}}
    gate_report = report({"auc": 0.8}, AUC, repeated_splits=repeated)
    page = gate_report.markdown()
    assert gate_report.digest in page
    assert "| metric | auc | 0.8 (at least 0.7) | pass |" in page
    assert "| auc | 0.79 | 0.021 |" in page
    assert json.loads(gate_report.text())["repeated_splits"] == repeated


def test_the_shipped_gates_pass_nothing_that_was_not_measured(model: ModelSpec) -> None:
    gate_report = evaluate(model.gates, {}, model="m", artifact_sha256="a" * 64, dataset_digest="d")
    assert gate_report.verdict is GateVerdict.INCONCLUSIVE


def test_a_stored_report_is_read_only_when_it_is_the_one_that_was_judged() -> None:
    judged = report({"auc": 0.9}, AUC)
    assert read_report(judged.text(), judged.digest, where="uri") == judged.document()
    with pytest.raises(
        UnexpectedState, match=f"uri has the SHA-256 .*, judged was {judged.digest}"
    ):
        read_report(judged.text() + " ", judged.digest, where="uri")
    with pytest.raises(UnexpectedState, match="uri has the SHA-256"):
        read_report(b"\xff", judged.digest, where="uri")
    for content in (b"\xff", b"no JSON"):
        with pytest.raises(UnexpectedState, match="uri is no JSON in UTF-8"):
            read_report(content, sha256(content), where="uri")


def test_a_live_endpoint_is_held_against_what_was_approved_but_not_against_the_training() -> None:
    watched = Gate(metric="validation_auc", min=0.6)
    judged = report({"auc": 0.9, "mse": 0.1, "validation_auc": 0.8}, AUC, MSE, watched)
    assert metric_gates_of(judged.document()) == (AUC, MSE)
