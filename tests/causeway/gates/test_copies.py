"""The copy of a gate report: shown where it is the very report that was judged."""

from __future__ import annotations

from causeway.digests import sha256
from causeway.gates.copies import gate_rows, write_copy
from causeway.gates.judges import evaluate
from causeway.use_cases.gate_specs import FairnessGate, Gate


def report() -> str:
    gates = [
        Gate(metric="auc", min=0.7),
        FairnessGate(
            kind="fairness",
            attribute="sex",
            measure="equal_opportunity",
            max_difference=0.2,
            inconclusive="pass",
        ),
    ]
    about = {"model": "m", "artifact_sha256": "a" * 64, "dataset_digest": "d"}
    return evaluate(gates, {"auc": 0.65}, **about).text()


def test_each_gate_is_a_row_with_judge_bound_measure_and_verdict(make_version) -> None:
    text = report()
    update = write_copy(make_version(1).arn, text)
    rows = gate_rows(update.item, sha256(text))
    assert rows is not None
    metric, fairness = rows
    assert (metric.kind, metric.subject, metric.verdict) == ("metric", "auc", "fail")
    assert (metric.declared, metric.measured) == (
        "min 0.7",
        "0.65 (at least 0.7)",
    )
    assert fairness.verdict == "inconclusive"
    assert fairness.declared == "max difference 0.2, min rows 30, passes when inconclusive"


def test_a_copy_that_says_something_else_than_what_was_judged_is_not_shown(make_version) -> None:
    text = report()
    item = write_copy(make_version(1).arn, text.replace("fail", "pass")).item
    assert gate_rows(item, sha256(text)) is None
    assert gate_rows(None, sha256(text)) is None
    assert gate_rows(item, None) is None


def test_a_copy_is_written_again_where_it_says_something_else(make_version) -> None:
    update = write_copy(make_version(1).arn, report())
    assert update.condition == "attribute_not_exists(pk) OR #text <> :text"
    assert update.values[":text"] == update.item["text"]
