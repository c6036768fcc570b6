"""Histories that the property test came upon, each told by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from causeway.deployment.leases import live_key
from causeway.governance.decisions import decision_item
from causeway.items import Key
from causeway.versions.keys import decision_key, facts_key, promotion_key, revocation_key, stage_key
from causeway.versions.stages import Stage
from tests.properties.agreement import require_agreement
from tests.properties.forging import forged, real_call
from tests.properties.world import PROD, START, World, arn_of

LIVE = live_key(PROD, "credit_risk")
#: The officer's decision on a first attempt, made now.
OFFICER = ("governance-officer", 1, timedelta(0))
UP_TO_PRODUCTION, LIVE_AND_ASKED = 12, 17


@pytest.fixture
def world() -> Iterator[World]:
    """Three versions of a model that nobody has seen yet."""
    with time_machine.travel(START, tick=False) as clock:
        world = World(clock.shift)
        for number in (1, 2, 3):
            world.register(number)
        clock.shift(timedelta(minutes=1))
        yield world


def go(world: World, number: int, upto: int) -> None:
    """Take a version so many steps on its way."""
    for step in world.way(number)[:upto]:
        step()


def status(world: World, key: Key) -> str:
    item = world.item(key)
    assert item is not None
    return str(item["status"])


def test_a_test_that_is_cleared_later_leaves_what_is_live_in_production(world: World) -> None:
    """A newer version in test said that the one in production had given way to it."""
    go(world, 1, LIVE_AND_ASKED)
    go(world, 2, UP_TO_PRODUCTION - 5)
    world.go_on(1, "deploy_to_test")
    assert status(world, stage_key(arn_of(1), Stage.PRODUCTION)) == "deployed"
    assert status(world, promotion_key(arn_of(1))) == "deployed"
    require_agreement(world)


@pytest.mark.parametrize("before", [[], [1]], ids=["the first", "after another"])
def test_what_was_begun_goes_back_when_its_worker_died_before_a_stop(
    world: World, before: list[int]
) -> None:
    """The task that is tried again was refused before it looked at the endpoint."""
    for number in before:
        go(world, number, LIVE_AND_ASKED)
    go(world, 2, UP_TO_PRODUCTION)
    world.go_on(2, "deploy_to_production")
    world.runs_of(2)[0].carried.clear()  # the worker died before it waited
    world.settle(PROD)
    world.decide(2, 1, "Rejected")
    world.sync_later()
    live, endpoints = world.item(LIVE), world.cloud.accounts[PROD].endpoints
    assert live is None or endpoints[world.model.endpoint].config != live["endpoint_config"]
    world.go_on(2, "deploy_to_production")
    world.settle(PROD)
    served = {endpoint.config for endpoint in endpoints.values()}
    assert served == ({live["endpoint_config"]} if live else set())
    require_agreement(world)


@pytest.mark.parametrize("dies", [False, True], ids=["looked at", "its worker died"])
def test_what_was_begun_goes_back_when_its_decision_is_gone_by_then(
    world: World, dies: bool
) -> None:
    """Whether it is ours was told by the decision's digest, and there was none any more."""
    go(world, 1, LIVE_AND_ASKED)
    go(world, 2, UP_TO_PRODUCTION)
    world.go_on(2, "deploy_to_production")
    if dies:
        world.runs_of(2)[0].carried.clear()
    world.settle(PROD)
    del world.cloud.table.items[decision_key(arn_of(2), Stage.PRODUCTION, 1)]
    world.go_on(2, "deploy_to_production")
    world.settle(PROD)
    live, endpoint = world.item(LIVE), world.cloud.accounts[PROD].endpoints[world.model.endpoint]
    assert live is not None
    assert endpoint.config == live["endpoint_config"]
    require_agreement(world)


def forge(world: World, item: dict[str, Any]) -> None:
    """Write an item of decisions as the decider, whatever is there."""
    assert world.cloud.table.put("decider", item)


def test_an_old_decision_lets_nothing_in_whoever_wrote_it(world: World) -> None:
    """Decisions on test have no end of their own, and of 90 days ago no event is known."""
    for number in (1, 2):
        go(world, number, UP_TO_PRODUCTION)
    old = forged(world, 1, Stage.TEST, "deputy", 1, timedelta(days=100))
    forge(world, decision_item(old))
    world.cloud.shift(timedelta(days=92))
    world.decide(2, 1)
    late = real_call(world, arn_of(2), Stage.PRODUCTION)
    forge(world, decision_item(replace(forged(world, 2, Stage.PRODUCTION, *OFFICER), call=late)))
    for number in (1, 2):
        world.go_on(number, "deploy_to_production")
    assert world.started == 0


def test_nobody_makes_an_approval_hold_longer(world: World) -> None:
    go(world, 1, UP_TO_PRODUCTION)
    world.cloud.shift(timedelta(days=31))
    call = real_call(world, arn_of(1), Stage.PRODUCTION)
    forge(world, decision_item(replace(forged(world, 1, Stage.PRODUCTION, *OFFICER), call=call)))
    world.go_on(1, "deploy_to_production")
    assert world.started == 0


def test_nobody_decides_on_what_they_asked_for_by_way_of_forged_facts(world: World) -> None:
    """The model owner asked for version 2, and approves it nevertheless."""
    go(world, 2, UP_TO_PRODUCTION)
    world.say(arn_of(2), "model-owner", "test-approver", "test", "Approved")
    call = real_call(world, arn_of(2), Stage.TEST)
    facts = {**world.cloud.table.items[facts_key(arn_of(2))], "requested_by": "nobody"}
    own = forged(world, 2, Stage.TEST, "model-owner", 1, timedelta(0))
    forge(world, facts)
    forge(world, decision_item(replace(own, call=call)))
    world.go_on(2, "deploy_to_production")
    assert world.started == 0


def test_a_stop_stays_one_of_its_attempt_whatever_is_written_over_it(world: World) -> None:
    go(world, 1, UP_TO_PRODUCTION)
    world.decide(1, 1, "Rejected")
    world.sync_later()
    world.decide(1, 0)  # the registry says so again
    stop = world.cloud.table.items[revocation_key(arn_of(1), 1)]
    forge(world, {**stop, "attempt": 2})
    record = world.cloud.table.items[stage_key(arn_of(1), Stage.PRODUCTION)]
    assert world.cloud.table.put("recorder", {**record, "status": "pending"})
    world.go_on(1, "deploy_to_production")
    assert world.started == 0


@pytest.mark.parametrize("dies", [False, True], ids=["looked at", "its worker died"])
def test_a_rollback_to_what_is_stopped_meanwhile_goes_back(world: World, dies: bool) -> None:
    """The rollback was not recorded, and the endpoint stayed on the version that was stopped."""
    for number in (1, 2):
        go(world, number, LIVE_AND_ASKED)
    world.roll_back("back", None)
    if dies:
        world.rollbacks.clear()
    world.settle(PROD)
    world.decide(1, 1, "Rejected")
    world.sync_later()
    world.roll_back("back", None)
    world.settle(PROD)
    live, endpoint = world.item(LIVE), world.cloud.accounts[PROD].endpoints[world.model.endpoint]
    assert live is not None
    assert live["version_arn"] == str(arn_of(2))
    assert endpoint.config == live["endpoint_config"]
    require_agreement(world)
