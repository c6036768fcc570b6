"""The central model cards, brought up to those that accounts keep of their own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from causeway.model_cards.spokes import plan_hub
from causeway.topology.account_roles import AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.model_cards import ModelCardsHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.model_cards import drafts

log = logging.getLogger(__name__)

#: Who keeps the cards of an account that has its own.
SPOKE_DUTY: Final[Mapping[AccountRole, str]] = {
    AccountRole.DATA_SCIENCE: "trainer",
    AccountRole.TEST: "deployer",
    AccountRole.PROD: "deployer",
}


def aggregate_cards(hook: Hooks, *, only_plan: bool) -> list[str]:
    """Bring each central card up to its spokes; return the ones that changed, or would.

    A spoke that has no card of a model yet gets a draft of what the use case says.
    """
    hub = hook(ModelCardsHook)
    spokes = [
        hook(ModelCardsHook, role, SPOKE_DUTY[AccountRole(role)])
        for role in topology().model_cards.spokes
    ]
    changed = []
    for model, draft in drafts():
        if not only_plan:
            for cards in (hub, *spokes):
                cards.ensure(model.group, draft)
        central, *others = (cards.find(model.group) for cards in (hub, *spokes))
        if central is None:
            continue
        changes = plan_hub(central, [card.content for card in others if card is not None])
        if changes:
            changed.append(model.group)
            log.info("model card %s: %s", central.arn, changes)
        if not only_plan:
            hub.apply(model.group, changes)
    return changed
