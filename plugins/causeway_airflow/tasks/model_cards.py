"""Standalone model cards: created as drafts, and brought to each hand-over of a version."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Final

from causeway.model_cards.content import Content, card_content, live_test_of, with_evaluation
from causeway.model_cards.fields import Facts
from causeway.model_cards.lifecycle import HandOver, plan_card
from causeway.topology.arns import ModelCardArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import RegistryVersion, version_of
from causeway.versions.stages import Stage
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.model_cards import ModelCardsHook
from causeway_airflow.hooks.registry import RegistryHook
from causeway_airflow.results import Receiver
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.promotion import Subject
from causeway_airflow.tasks.sharing import owner_sharing, planned_share
from causeway_airflow.tasks.sharing_runs import receiving_roles
from causeway_airflow.tasks.stage_records import stage_table
from causeway_airflow.tasks.use_case_records import stage_word

log = logging.getLogger(__name__)

#: The duty that keeps the central cards.
OWNER: Final = "registry-owner"


def drafts() -> Iterator[tuple[ModelSpec, Content]]:
    """Yield every model with the first content of its card, which its use case says."""
    for case in use_cases():
        for model in case.models:
            yield model, card_content(Facts(case, model))


def ensure_cards(hook: Hooks) -> list[str]:
    """Create the card of every model that has none, as a draft; return which those were."""
    cards = hook(ModelCardsHook)
    created = [model.group for model, draft in drafts() if cards.ensure(model.group, draft)]
    log.info("model cards made: %s", created or "none")
    return created


def hand_over(hook: Hooks, subject: Subject, stage: str) -> list[Receiver]:
    """Bring the model's card and its shares to a hand-over; return who has to accept them.

    The content has what the test of the live endpoint answered, once that is recorded.
    """
    registry = hook(RegistryHook, subject.role, "registry-sync")
    version = version_of(registry.describe(str(subject.version)))
    log.info("compare before deciding: %s", version.metadata.get("comparison", "nothing"))
    cards = hook(ModelCardsHook)
    test = stage_table(hook).state(version.arn).records.get(Stage.TEST)
    updates = hand_over_card(
        cards,
        subject.case,
        subject.model,
        version,
        HandOver(stage),
        stage_word(stage_table(hook), subject.case),
        live_test=live_test_of(test) if test else None,
    )
    log.info("%s: %s updates of the card", subject.model.group, updates)
    return share_card(hook, subject)


def hand_over_card(
    cards: ModelCardsHook,
    case: UseCase,
    model: ModelSpec,
    version: RegistryVersion,
    stage: HandOver,
    use_case_stage: str,
    live_test: Content | None = None,
) -> int:
    """Bring a model's card to a hand-over of a version and return how many updates that took.

    `use_case_stage` is the one of its record; `live_test` is the evaluation of the version's
    endpoint in test, when there was one.
    """
    cards.ensure(model.group, card_content(Facts(case, model)))
    card = cards.find(model.group)
    assert card is not None  # it was there or made just now
    try:
        package = json.loads(version.card)
    except (RecursionError, ValueError):
        package = {}
    content = card_content(
        Facts(case, model, version=version, use_case_stage=use_case_stage), package
    )
    if live_test is not None:
        content = with_evaluation(content, live_test)
    changes = plan_card(card, content, stage, version.arn)
    cards.apply(model.group, changes)
    return len(changes)


def share_card(hook: Hooks, subject: Subject) -> list[Receiver]:
    """Bring the card's shares to what the declared access says of its status."""
    accounts, role = topology(), subject.role
    sharing = owner_sharing(hook, role)
    card = ModelCardArn.of(accounts, role, subject.model.group)
    names = {grant.share for grant in sharing.grants if grant.resource == card}
    plans = [plan for plan in sharing.plans() if plan.name in names]
    for plan in plans:
        if not plan.is_quiet:
            for action in sharing.converge(plan.name)[0]:
                log.info("%s: %s", plan.name, action)
    return receiving_roles([[planned_share(plan, role) for plan in plans]])
