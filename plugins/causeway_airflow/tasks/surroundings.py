"""Look at what lies around an account: quotas, images, the organisation's policies."""

from __future__ import annotations

import logging

from causeway.access.surroundings import (
    STARTED,
    State,
    Surrounding,
    instances_needed,
    judge_image,
    judge_organisation,
    judge_quotas,
)
from causeway.errors import UnexpectedState
from causeway.topology.account_roles import AccountRole
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.surroundings import ImagesHook, QuotasHook, SimulationHook
from causeway_airflow.tasks.acting import Hooks

log = logging.getLogger(__name__)


def look_around(hook: Hooks, role: AccountRole) -> dict[str, list[str]]:
    """Return what was looked at, by its state.

    Raises:
        UnexpectedState: something is short; what cannot be seen is no fault.
    """
    seen = [*_quotas(hook, role), *_images(hook, role), *_organisation(hook, role)]
    for one in seen:
        log.log(logging.WARNING if one.state is State.SHORT else logging.INFO, "%s", one)
    short = [str(one) for one in seen if one.state is State.SHORT]
    if short:
        raise UnexpectedState(
            "jobs or endpoints will not start:\n- " + "\n- ".join(short),
            account=topology().account(role),
            next_step="Request a larger quota, correct image_digests of the topology, or ask "
            "those who keep the organisation's policies; then run again.",
        )
    return {state.value: [one.subject for one in seen if one.state is state] for state in State}


def _quotas(hook: Hooks, role: AccountRole) -> list[Surrounding]:
    needed = instances_needed(role, use_cases())
    return judge_quotas(role, needed, hook(QuotasHook).quotas())


def _images(hook: Hooks, role: AccountRole) -> list[Surrounding]:
    accounts, images = topology(), hook(ImagesHook)
    return [
        judge_image(role, uri, accounts.image_digests.get(name), images.digest(uri))
        for name, uri in sorted(accounts.images.items())
        if "@" not in uri
    ]


def _organisation(hook: Hooks, role: AccountRole) -> list[Surrounding]:
    duty, actions = STARTED[role]
    arn = topology().role_arn(role, duty)
    answers = hook(SimulationHook).allowed_by_organisation(arn, actions)
    return [judge_organisation(role, action, answers[action]) for action in actions]
