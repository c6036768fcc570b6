"""Cards of other accounts add people's words to the central one, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from causeway.model_cards.content import LIVE_TEST, card_content, live_test
from causeway.model_cards.fields import HELD_OUT, Facts
from causeway.model_cards.lifecycle import Card, CardStatus
from causeway.model_cards.spokes import aggregated, plan_hub
from causeway.use_cases.use_case import ModelSpec, UseCase

LATER = {"intended_uses": {"intended_uses": "Loans below 20,000."}}


@pytest.fixture
def hub(case: UseCase, model: ModelSpec) -> Card:
    return Card("arn", 1, CardStatus.DRAFT, card_content(Facts(case, model)))


def spoke(**more: Any) -> dict[str, Any]:
    return {
        "model_overview": {"model_owner": "somebody else"},
        "intended_uses": {"intended_uses": "Loans.", "factors_affecting_model_efficiency": "Age."},
        "additional_information": {"custom_details": {"Ticket": "R-17", "UseCaseId": "another"}},
        "evaluation_details": [
            {"name": "by the validation unit"},
            {"name": HELD_OUT},
            live_test({"auc": 0.1}, "e", "1"),
        ],
        **more,
    }


def test_what_people_wrote_is_taken_and_nothing_that_causeway_writes(hub: Card) -> None:
    content = aggregated(hub.content, [spoke()])
    assert content["intended_uses"]["factors_affecting_model_efficiency"] == "Age."
    details = content["additional_information"]["custom_details"]
    ours = hub.content["additional_information"]["custom_details"]
    assert details == {**ours, "Ticket": "R-17"}
    assert content["model_overview"] == hub.content["model_overview"]
    names = [entry["name"] for entry in content["evaluation_details"]]
    assert names == ["by the validation unit"] and LIVE_TEST not in names


def test_the_later_spokes_word_counts(hub: Card) -> None:
    content = aggregated(hub.content, [spoke(), LATER])
    assert content["intended_uses"]["intended_uses"] == "Loans below 20,000."
    assert content["intended_uses"]["factors_affecting_model_efficiency"] == "Age."


def test_planning_again_after_a_plan_is_quiet(hub: Card) -> None:
    (change,) = plan_hub(hub, [spoke()])
    assert change.content is not None
    after = replace(hub, content=aggregated(hub.content, [spoke()]))
    assert plan_hub(after, [spoke()]) == ()
    assert plan_hub(hub, []) == ()


@pytest.mark.parametrize("status", CardStatus)
def test_a_card_that_was_decided_stays(hub: Card, status: CardStatus) -> None:
    decided = status in (CardStatus.APPROVED, CardStatus.ARCHIVED)
    assert (plan_hub(replace(hub, status=status), [spoke()]) == ()) is decided
