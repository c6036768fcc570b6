import json
import math

import pytest

from causeway.config import Gate
from causeway.documents import sha256
from causeway.errors import GateFailed
from causeway.gates import GateReport, GateVerdict, evaluate

LOW, HIGH = Gate(metric="auc", min=0.7), Gate(metric="mse", max=0.75)


def report(metrics: dict[str, object], *gates: Gate) -> GateReport:
    return evaluate(
        gates or (LOW,), metrics, model="m", artifact_sha256="a" * 64, dataset_digest="d"
    )


@pytest.mark.parametrize(
    ("metrics", "gates", "verdict"),
    [
        ({"auc": 0.7}, (LOW,), GateVerdict.PASS),
        ({"auc": 0.69}, (LOW,), GateVerdict.FAIL),
        ({"auc": None}, (LOW,), GateVerdict.INCONCLUSIVE),
        ({"auc": math.nan}, (LOW,), GateVerdict.INCONCLUSIVE),
        ({"auc": "0.9"}, (LOW,), GateVerdict.INCONCLUSIVE),
        ({"auc": True}, (LOW,), GateVerdict.INCONCLUSIVE),
        ({}, (LOW,), GateVerdict.INCONCLUSIVE),
        ({"auc": 0.9, "mse": 0.75}, (LOW, HIGH), GateVerdict.PASS),
        ({"auc": 0.9, "mse": 0.76}, (LOW, HIGH), GateVerdict.FAIL),
        ({"mse": 0.9}, (LOW, HIGH), GateVerdict.FAIL),
        ({"mse": 0.1}, (LOW, HIGH), GateVerdict.INCONCLUSIVE),
    ],
)
def test_only_a_finite_metric_within_its_bounds_passes(
    metrics: dict[str, object], gates: tuple[Gate, ...], verdict: GateVerdict
) -> None:
    made = report(metrics, *gates)
    assert made.verdict is verdict
    if verdict is GateVerdict.PASS:
        made.require_pass()
    else:
        with pytest.raises(GateFailed, match=verdict.value):
            made.require_pass()


def test_the_digest_is_of_the_stored_text() -> None:
    made = report({"auc": 0.8, "other": 1})
    assert made.digest == sha256(made.text())
    assert json.loads(made.text())["metrics"] == {"auc": 0.8, "other": 1.0}
    assert report({"other": 1, "auc": 0.8}).digest == made.digest
    assert report({"auc": 0.81, "other": 1}).digest != made.digest
