"""Histories that the property test came upon, each told by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from causeway.deployment.leases import live_key
from causeway.items import Key
from causeway.versions.keys import promotion_key, stage_key
from causeway.versions.stages import Stage
from tests.properties.world import PROD, START, World, arn_of

LIVE = live_key(PROD, "credit_risk")
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
    world.check()


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
    world.check()
