"""The test of a live endpoint: what it is asked, and what it may not answer."""

from __future__ import annotations

import math

import pytest

from causeway.deployment.serving import read_held_out, require_agreement, require_answers
from causeway.errors import BadInput, DeploymentFailed

BINARY, CLASSES = "binary classification", ("0", "1")
TEXT = "record_id,status,credit_risk\nsgc-1,1,0\nsgc-2,2,1\n"


def test_the_label_is_kept_back_from_the_endpoint() -> None:
    held_out = read_held_out(TEXT, "credit_risk", CLASSES)
    assert held_out.header == "record_id,status"
    assert held_out.rows == ("sgc-1,1", "sgc-2,2")
    assert held_out.labels == ("0", "1")


def test_an_id_with_a_comma_or_a_quotation_mark_stays_one_value() -> None:
    text = 'record_id,status,credit_risk\n"a, ""b""",1,0\n'
    assert read_held_out(text, "credit_risk", CLASSES).rows == ('"a, ""b""",1',)


@pytest.mark.parametrize("text", ["", "record_id,status\nsgc-1,1\n", "record_id,credit_risk\n"])
def test_rows_without_label_and_a_label_without_rows_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no column 'credit_risk' or no rows"):
        read_held_out(text, "credit_risk", CLASSES)


def test_a_label_that_is_neither_0_nor_1_is_refused() -> None:
    with pytest.raises(BadInput, match="is '2'"):
        read_held_out("record_id,credit_risk\nsgc-1,2\n", "credit_risk", CLASSES)


def test_an_endpoint_answers_as_the_artifact_did() -> None:
    require_agreement({"auc": 0.8, "f1": 0.7}, {"auc": 0.8001, "rows": 150.0}, endpoint="x")
    with pytest.raises(DeploymentFailed, match=r"auc 0.7000 \(gate: 0.8000\)"):
        require_agreement({"auc": 0.8}, {"auc": 0.7}, endpoint="x")
    with pytest.raises(DeploymentFailed):
        require_agreement({"auc": 0.8}, {"auc": math.nan}, endpoint="x")


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_an_answer_that_is_no_probability_is_named(value: float) -> None:
    with pytest.raises(DeploymentFailed, match="answer 2 is"):
        require_answers([[0.5], [value]], BINARY, CLASSES, endpoint="x")


def test_numbers_are_labels_and_answers_of_a_regression() -> None:
    assert read_held_out("record_id,a,value\nc-1,1,4.526\n", "value", ()).labels == ("4.526",)
    with pytest.raises(BadInput, match="is 'dear'; allowed: numbers"):
        read_held_out("record_id,value\nc-1,dear\n", "value", ())
    require_answers([[-0.2], [4.5]], "regression", (), endpoint="x")
    with pytest.raises(DeploymentFailed, match="answer 1 is nan, no finite number"):
        require_answers([[math.nan]], "regression", (), endpoint="x")


def test_several_classes_have_a_probability_each() -> None:
    kinds = ("multi-class classification", ("a", "b", "c"))
    require_answers([[0.2, 0.3, 0.5]], *kinds, endpoint="x")
    with pytest.raises(DeploymentFailed, match="answer 2 has 1 numbers, not 3"):
        require_answers([[0.2, 0.3, 0.5], [0.5]], *kinds, endpoint="x")
    rows = read_held_out("record_id,size,room\nv1,3,a\n", "room", kinds[1])
    assert rows.with_answers([[0.2, 0.3, 0.5]]) == '{"answers":[[0.2,0.3,0.5]],"labels":["a"]}'
