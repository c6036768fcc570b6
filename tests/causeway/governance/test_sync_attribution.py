"""The sync attributes an approval to the call that made it, whoever edits afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from causeway.governance.sync import calls_since
from causeway.versions.stages import Stage, Status
from tests.causeway.governance.world import CASE, TOPOLOGY, World


@pytest.fixture
def world(make_version, now) -> World:
    return World(make_version(), now)


def test_an_unrelated_edit_does_not_make_a_strangers_approval_the_editors(world: World) -> None:
    world.sync()
    world.approve("somebody-else")
    world.modify("model-owner")  # metadata, a card: the last modifier is entitled now
    plan = world.sync()
    assert plan.decisions == ()
    assert plan.refusals[0].quarantined
    assert "somebody-else" in str(plan.refusals[0].principal)
    assert world.record(Stage.DEVELOPMENT) is Status.QUARANTINED
    assert world.version.approval_status == "PendingManualApproval"


def test_an_approval_stays_its_makers_whoever_edits_afterwards(world: World) -> None:
    world.sync()
    world.approve("model-owner")
    world.modify("somebody-else")
    (decision,) = world.sync().decisions
    assert decision.person == "model-owner"
    assert world.alerts == []


def test_the_same_holds_for_entry_into_production(world: World) -> None:
    world.tested()
    world.ask_production("model-owner")  # may decide on test only
    world.modify("governance-officer")
    plan = world.sync()
    assert plan.decisions == ()
    assert "model-owner" in str(plan.refusals[0].principal)


def test_an_approval_that_no_call_explains_is_quarantined(world: World) -> None:
    world.sync()
    world.approve("model-owner")
    world.calls.clear()
    plan = world.sync()
    assert plan.decisions == ()
    assert "unknown" in str(plan.refusals[0].principal)
    assert world.record(Stage.DEVELOPMENT) is Status.QUARANTINED


def test_while_cloudtrail_may_still_learn_of_it_an_approval_waits_untouched(world: World) -> None:
    world.topology = TOPOLOGY.model_copy(update={"trail_delay_minutes": 15})
    world.sync()
    world.approve("somebody-else")
    world.modify("model-owner")
    late, world.calls = world.calls, []
    assert world.sync().is_quiet
    assert world.version.approval_status == "Approved"
    world.calls = late
    for _ in range(15):
        world.tick()
    assert world.sync().refusals[0].quarantined


def test_an_approval_that_was_the_last_change_need_not_wait_for_the_others(world: World) -> None:
    world.topology = TOPOLOGY.model_copy(update={"trail_delay_minutes": 15})
    world.sync()
    world.approve("model-owner")
    assert [decision.person for decision in world.sync().decisions] == ["model-owner"]


def test_calls_are_asked_for_since_the_last_look_and_since_what_was_asked(world: World) -> None:
    def since() -> datetime:
        states = {world.version.arn: world.state}
        return calls_since([world.version], states, (CASE,), TOPOLOGY, world.now, world.looked_at)

    world.sync()
    assert world.looked_at is not None
    assert since() == world.looked_at - timedelta(minutes=5 + TOPOLOGY.trail_delay_minutes)
    world.approve("model-owner")
    assert since() < world.version.created_at
    world.sync()
    assert since() > world.version.created_at
