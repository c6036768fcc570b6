"""A card says what is known, says it in the right card, and keeps what people wrote."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from causeway.model_cards.content import (
    LIVE_TEST,
    card_content,
    described_version,
    live_test,
    merged,
    package_content,
    with_evaluation,
)
from causeway.model_cards.fields import FIELDS, HELD_OUT, Facts
from causeway.model_cards.schema import checked
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import Candidate, RegistryVersion

#: Fields whose value is a structure that the table has as one row.
WHOLE = {
    f.path for f in FIELDS if f.path.split(".")[-1] in ("objective_function", "evaluation_details")
}


def leaves(content: Mapping[str, Any], way: str = "") -> Iterator[str]:
    for name, value in content.items():
        path = f"{way}.{name}" if way else name
        if isinstance(value, Mapping) and path not in WHOLE:
            yield from leaves(value, path)
        else:
            yield path


def full(case: UseCase, model: ModelSpec, version: RegistryVersion) -> dict[str, Any]:
    return card_content(Facts(case, model, version=version), json.loads(version.card))


def test_the_table_lists_exactly_what_the_cards_hold(
    case: UseCase, model: ModelSpec, candidate: Candidate, registered: RegistryVersion
) -> None:
    assert set(leaves(full(case, model, registered))) == {field.path for field in FIELDS}
    package = package_content(Facts(case, model, candidate))
    assert set(leaves(package)) == {field.path for field in FIELDS if field.in_package}


def test_both_cards_keep_their_schemas(
    case: UseCase, model: ModelSpec, candidate: Candidate, registered: RegistryVersion
) -> None:
    assert checked(package_content(Facts(case, model, candidate)), "package")
    assert checked(full(case, model, registered))


def test_before_the_first_training_a_card_says_what_the_use_case_says(
    case: UseCase, model: ModelSpec
) -> None:
    draft = card_content(Facts(case, model))
    assert checked(draft)
    assert draft["intended_uses"]["risk_rating"] == "High"
    assert draft["model_overview"]["model_owner"] == "model-owner"
    assert draft["additional_information"]["custom_details"]["UseCaseId"] == "credit_risk"
    assert described_version(draft) is None
    assert "evaluation_details" not in draft


def test_what_the_candidate_was_is_copied_from_the_package(
    case: UseCase, model: ModelSpec, registered: RegistryVersion
) -> None:
    content = full(case, model, registered)
    package = json.loads(registered.card)
    assert content["training_details"] == package["training_details"]
    assert content["evaluation_details"][0]["name"] == HELD_OUT
    assert content["model_package_details"]["model_package_version"] == 2
    assert described_version(content) == str(registered.arn)


def test_what_people_wrote_stays_when_a_version_is_registered(
    case: UseCase, model: ModelSpec, registered: RegistryVersion
) -> None:
    card = card_content(Facts(case, model))
    card["additional_information"]["ethical_considerations"] = "Looked at with the works council."
    card["additional_information"]["custom_details"]["Ticket"] = "R-17"
    card["intended_uses"]["intended_uses"] = "Private loans up to 20,000."
    card = with_evaluation(card, {"name": "by the validation unit"})
    content = merged(card, full(case, model, registered))
    assert content["additional_information"]["ethical_considerations"].startswith("Looked at")
    assert content["additional_information"]["custom_details"]["Ticket"] == "R-17"
    assert content["intended_uses"]["intended_uses"] == "Private loans up to 20,000."
    assert [e["name"] for e in content["evaluation_details"]] == [
        HELD_OUT,
        "by the validation unit",
    ]
    assert checked(content)


def test_the_test_of_an_endpoint_is_gone_with_its_version(
    case: UseCase, model: ModelSpec, registered: RegistryVersion, make_version: Any
) -> None:
    entry = live_test({"auc": 0.8}, "credit-risk", "555555555555")
    card = with_evaluation(full(case, model, registered), entry)
    again = merged(card, full(case, model, registered))
    assert [e["name"] for e in again["evaluation_details"]] == [HELD_OUT, LIVE_TEST]
    later = make_version(3, card=registered.card)
    content = merged(card, full(case, model, later))
    assert [e["name"] for e in content["evaluation_details"]] == [HELD_OUT]


def test_an_evaluation_of_the_same_name_is_replaced() -> None:
    once = with_evaluation({}, live_test({"auc": 0.7}, "credit-risk", "5"))
    twice = with_evaluation(once, live_test({"auc": 0.8}, "credit-risk", "5"))
    (entry,) = twice["evaluation_details"]
    assert entry["metric_groups"][0]["metric_data"][0]["value"] == 0.8


@given(
    notes=st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=50), max_size=5),
    ethics=st.text(min_size=1, max_size=100),
)
def test_merging_twice_is_merging_once(
    case: UseCase, model: ModelSpec, notes: dict[str, str], ethics: str
) -> None:
    content = card_content(Facts(case, model))
    existing = copy.deepcopy(content)
    existing["additional_information"]["custom_details"] |= notes
    existing["additional_information"]["ethical_considerations"] = ethics
    existing["business_details"]["line_of_business"] = "another"
    once = merged(existing, content)
    assert merged(once, content) == once
    assert once["business_details"] == content["business_details"]
    assert once["additional_information"]["ethical_considerations"] == ethics
    assert {k: v for k, v in notes.items() if not k.startswith("UseCase") and v}.items() <= (
        once["additional_information"]["custom_details"].items()
    )
