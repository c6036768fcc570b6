"""Histories that the property test came upon, each told by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from causeway.items import Key
from causeway.versions.keys import promotion_key, stage_key
from causeway.versions.stages import Stage
from tests.properties.world import START, World, arn_of

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
