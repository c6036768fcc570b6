"""What the demonstration says of an endpoint's answer."""

from __future__ import annotations

import pytest

from causeway.documents import parse
from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import USE_CASES_DIR, ModelSpec, UseCase
from stack.outcome import said


def test_a_probability_is_that_of_the_class_in_the_use_cases_words() -> None:
    case = use_case("credit_risk")
    told = said(case, case.models[0], [0.83], "0")
    assert told["words"] == "credit_risk good, with probability 0.830"
    assert (told["label"], told["probability"]) == ("bad", 0.83)
    assert said(case, case.models[0], [0.2], "1")["words"] == (
        "credit_risk bad, with probability 0.800"
    )


def test_the_class_that_is_said_follows_threshold_and_favourable_class() -> None:
    case = use_case("credit_risk")
    training = case.models[0].training.model_copy(update={"favourable": 0, "threshold": 0.1})
    model = case.models[0].model_copy(update={"training": training})
    assert said(case, model, [0.2], "1")["words"] == "credit_risk bad, with probability 0.200"


def test_a_value_is_in_the_unit_of_the_label() -> None:
    case = use_case("california_housing")
    told = said(case, case.models[0], [2.125], "2.4")
    assert told == {
        "value": 2.125,
        "label": 2.4,
        "words": "median_house_value 212,500 USD",
        "label_words": "240,000 USD",
    }


@pytest.mark.parametrize(
    ("answer", "name"), [([0.7, 0.2, 0.1], "a ship"), ([0.1, 0.1, 0.8], "none")]
)
def test_of_several_classes_the_likeliest_is_said(
    answer: list[float], name: str, several: tuple[UseCase, ModelSpec]
) -> None:
    told = said(*several, answer, "plane")
    assert told["words"] == f"kind {name}, with probability {max(answer):.3f}"
    assert told["label"] == "a plane"
    assert told["probabilities"]["a plane"] == answer[1]


@pytest.fixture
def several() -> tuple[UseCase, ModelSpec]:
    text = (USE_CASES_DIR / "credit_risk.yaml").read_text()
    text = text.replace(
        "{name: credit_risk, source: kredit, type: Integral, description: The label, "
        "codes: {0: bad, 1: good}}",
        "{name: kind, source: kredit, type: String, "
        "codes: {ship: a ship, plane: a plane, none: none}}",
    )
    text = text.replace("label: credit_risk", "label: kind")
    text = text.replace("binary classification", "multi-class classification")
    text = text.replace("validation_auc", "validation_mlogloss")
    head, rest = text.split("    protected:")
    gates = "    gates: [{metric: accuracy, min: 0.5}]\n    deployment:"
    case = parse(head + gates + rest.split("deployment:")[1], UseCase, "several")
    return case, case.models[0]
