"""Brings the standalone card of a model to a version's hand-over."""

from __future__ import annotations

import json
from typing import Final

from causeway.model_cards.content import Content, card_content, with_evaluation
from causeway.model_cards.fields import Facts
from causeway.model_cards.lifecycle import HandOver, plan_card
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import RegistryVersion
from causeway_airflow.hooks.model_cards import ModelCardsHook

#: The duty that keeps the cards in the shared services account.
OWNER: Final = "registry-owner"


def hand_over_card(
    hook: ModelCardsHook,
    case: UseCase,
    model: ModelSpec,
    version: RegistryVersion,
    hand_over: HandOver,
    live_test: Content | None = None,
) -> int:
    """Bring a model's card to a hand-over of a version and return how many updates that took.

    `live_test` is the evaluation of the version's endpoint in test, when there was one.
    """
    hook.ensure(model.group, card_content(Facts(case, model)))
    card = hook.find(model.group)
    assert card is not None  # it was there or made just now
    try:
        package = json.loads(version.card)
    except ValueError:
        package = {}
    content = card_content(Facts(case, model, version=version), package)
    if live_test is not None:
        content = with_evaluation(content, live_test)
    changes = plan_card(card, content, hand_over, version.arn)
    hook.apply(model.group, changes)
    return len(changes)
