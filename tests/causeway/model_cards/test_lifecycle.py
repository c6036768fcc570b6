"""A card follows its model: one update a change, none when there is nothing to change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.errors import UnexpectedState
from causeway.model_cards.content import Content, card_content, described_version
from causeway.model_cards.fields import Facts
from causeway.model_cards.lifecycle import (
    STATUS_AFTER,
    Card,
    CardChange,
    CardStatus,
    HandOver,
    card_of,
    changes,
    plan_card,
)
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from tests.causeway.values import CARD as ARN
from tests.causeway.values import VERSIONS as GROUP


def about(number: int, note: str = "") -> Content:
    """Return what Causeway says about a version."""
    arn = f"{GROUP}/{number}"
    return {
        "model_package_details": {"model_package_arn": arn, "model_package_version": number},
        "business_details": {"business_problem": f"problem {note}"},
    }


def applied(card: Card, planned: tuple[CardChange, ...]) -> Card:
    for change in planned:
        card = Card(
            card.arn,
            card.version + 1,
            change.status or card.status,
            card.content if change.content is None else json.loads(change.content),
        )
    return card


def handed(card: Card, hand_over: HandOver, number: int, note: str = "") -> Card:
    version = ModelPackageArn.parse(f"{GROUP}/{number}")
    return applied(card, plan_card(card, about(number, note), hand_over, version))


@pytest.fixture
def draft() -> Card:
    return Card(ARN, 1, CardStatus.DRAFT, {"business_details": {"business_problem": "problem"}})


def test_statuses_are_those_of_the_service() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert [str(s) for s in CardStatus] == list(model.shape_for("ModelCardStatus").enum)
    assert set(STATUS_AFTER) == set(HandOver)


def test_the_status_follows_the_version_to_production_and_out_of_it(draft: Card) -> None:
    cards = [card := draft]
    for hand_over in HandOver:
        cards.append(card := handed(card, hand_over, 1))
    assert [state.status for state in cards] == [
        "Draft",
        "Draft",
        "PendingReview",
        "Approved",
        "Archived",
    ]
    assert [state.version for state in cards] == [1, 2, 3, 4, 5]


def test_content_and_status_change_in_separate_calls_with_the_whole_content(draft: Card) -> None:
    version = ModelPackageArn.parse(f"{GROUP}/1")
    planned = plan_card(draft, about(1), HandOver.TEST, version)
    assert [sorted(change.request(ARN)) for change in planned] == [
        ["Content", "ModelCardName"],
        ["ModelCardName", "ModelCardStatus"],
    ]
    assert json.loads(planned[0].request(ARN)["Content"]) == about(1)


def test_an_approval_never_stands_over_another_content(draft: Card) -> None:
    approved = handed(draft, HandOver.PRODUCTION, 1)
    version = ModelPackageArn.parse(f"{GROUP}/2")
    planned = plan_card(approved, about(2), HandOver.REGISTRATION, version)
    assert [change.status for change in planned] == [CardStatus.DRAFT, None]


def test_registering_the_same_version_again_takes_nothing_back(draft: Card) -> None:
    approved = handed(draft, HandOver.PRODUCTION, 1)
    assert handed(approved, HandOver.REGISTRATION, 1) == approved
    assert handed(approved, HandOver.TEST, 1) == approved


def test_an_older_version_does_not_take_the_card_of_a_newer_one(draft: Card) -> None:
    newer = handed(draft, HandOver.REGISTRATION, 2)
    for hand_over in (HandOver.REGISTRATION, HandOver.TEST, HandOver.RETIREMENT):
        assert handed(newer, hand_over, 1) == newer


def test_the_version_that_goes_live_takes_the_card(draft: Card) -> None:
    newer = handed(draft, HandOver.REGISTRATION, 2)
    live = handed(newer, HandOver.PRODUCTION, 1)
    assert described_version(live.content) == f"{GROUP}/1"
    assert live.status is CardStatus.APPROVED


def test_a_version_that_the_card_does_not_describe_does_not_archive_it(draft: Card) -> None:
    live = handed(draft, HandOver.PRODUCTION, 1)
    assert handed(live, HandOver.RETIREMENT, 2) == live


def test_an_archived_cards_content_stays(draft: Card) -> None:
    archived = handed(handed(draft, HandOver.PRODUCTION, 1), HandOver.RETIREMENT, 1)
    with pytest.raises(UnexpectedState, match="archived"):
        handed(archived, HandOver.REGISTRATION, 2)
    with pytest.raises(UnexpectedState, match="archived"):
        changes(archived, about(2), CardStatus.DRAFT)


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([HandOver.REGISTRATION, HandOver.TEST, HandOver.PRODUCTION]),
            st.integers(1, 4),
            st.sampled_from(["", "other"]),
        ),
        max_size=8,
    )
)
def test_planning_again_after_a_plan_is_quiet(steps: Any) -> None:
    card = Card(ARN, 1, CardStatus.DRAFT, {})
    for hand_over, number, note in steps:
        card = handed(card, hand_over, number, note)
        assert handed(card, hand_over, number, note) == card
        assert (card.status is CardStatus.APPROVED) <= (described_version(card.content) is not None)


def test_a_description_becomes_a_card(case: UseCase, model: ModelSpec) -> None:
    content = card_content(Facts(case, model))
    described = {
        "ModelCardArn": ARN,
        "ModelCardVersion": 3,
        "ModelCardStatus": "PendingReview",
        "Content": json.dumps(content),
    }
    card = card_of(described)
    assert card == Card(ARN, 3, CardStatus.PENDING_REVIEW, content)
    assert changes(card, content, CardStatus.PENDING_REVIEW) == ()
    assert changes(replace(card, version=9), content, CardStatus.APPROVED) == (
        CardChange(status=CardStatus.APPROVED),
    )
    with pytest.raises(UnexpectedState, match="Deprecated"):
        card_of({**described, "ModelCardStatus": "Deprecated"})
