"""A stop always wins: rejections and withdrawals of what was approved, through the registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from causeway.governance.gestures import Verdict
from causeway.governance.table import PromotionStatus
from causeway.versions.stages import Stage, Status
from tests.causeway.governance.world import World


@pytest.fixture
def world(make_version, now) -> World:
    return World(make_version(), now)


def approved_twice(world: World) -> None:
    world.tested()
    world.ask_production("governance-officer")
    world.sync()


def stops(world: World) -> list[tuple[int, str]]:
    return [(stop.attempt, stop.person) for stop in world.state.revocations]


@pytest.mark.parametrize("word", ["Rejected", "PendingManualApproval"])
def test_an_owner_takes_back_an_approval(world: World, word) -> None:
    approved_twice(world)
    world.approve("model-owner", word)
    world.sync()
    assert stops(world) == [(1, "model-owner")]
    assert world.version.approval_status == "Rejected"
    assert {world.record(stage) for stage in (Stage.DEVELOPMENT, Stage.TEST, Stage.PRODUCTION)} == {
        Status.REJECTED
    }
    world.end(PromotionStatus.REJECTED)
    world.sync()
    assert world.plan().is_quiet
    assert world.alerts == []


def test_an_officer_stops_a_version_that_is_still_being_tested(world: World) -> None:
    world.sync()
    world.approve("model-owner")
    world.sync()
    world.move(Stage.TEST, Status.IN_PROGRESS)
    world.ask_production("governance-officer", "Rejected")
    world.sync()
    assert stops(world) == [(1, "governance-officer")]
    assert world.record(Stage.TEST) is Status.REJECTED
    assert world.words == ("QA", "Rejected")


def test_a_stop_before_any_approval_keeps_the_attempt_out(world: World) -> None:
    world.sync()
    world.ask_production("governance-officer", "Rejected")
    world.sync()
    assert stops(world) == [(1, "governance-officer")]
    world.approve("model-owner")
    world.sync()
    assert world.state.decisions == (), "the stopped run has not ended yet"
    world.end(PromotionStatus.REJECTED)
    world.sync()
    assert [(d.attempt, d.verdict) for d in world.state.decisions] == [(2, Verdict.APPROVED)]
    assert world.runs == ["credit-risk-v1-1", "credit-risk-v1-2"]


def test_after_a_stop_an_approval_starts_the_next_attempt(world: World) -> None:
    approved_twice(world)
    world.ask_production("governance-officer", "Rejected")
    world.sync()
    world.end(PromotionStatus.REJECTED)
    world.approve("model-owner")
    world.sync()
    assert world.record(Stage.DEVELOPMENT) is Status.APPROVED
    assert world.runs[-1] == "credit-risk-v1-2"
    world.move(Stage.TEST, Status.IN_PROGRESS)
    world.sync()
    world.move(Stage.TEST, Status.PENDING, validation_metrics={"auc": 0.8})
    world.sync()
    world.ask_production("governance-officer")
    world.sync()
    assert world.record(Stage.PRODUCTION) is Status.PENDING
    assert stops(world) == [(1, "governance-officer")]


def test_a_failed_run_that_was_stopped_need_not_end_before_the_next(world: World) -> None:
    world.tested()
    world.end(PromotionStatus.FAILED)
    world.approve("model-owner", "Rejected")
    world.sync()
    world.approve("model-owner")
    world.sync()
    assert world.runs == ["credit-risk-v1-1", "credit-risk-v1-2"]


def test_a_live_version_that_is_stopped_is_marked_and_stays_recorded_as_live(world: World) -> None:
    approved_twice(world)
    world.move(Stage.PRODUCTION, Status.IN_PROGRESS)
    world.move(Stage.PRODUCTION, Status.DEPLOYED)
    world.end(PromotionStatus.DEPLOYED)
    world.sync()
    world.ask_production("governance-officer", "Rejected")
    world.sync()
    assert stops(world) == [(1, "governance-officer")]
    assert world.record(Stage.PRODUCTION) is Status.DEPLOYED
    assert world.words == ("Production", "OnHold")
    assert world.version.lifecycle is not None
    assert "stopped by governance-officer" in world.version.lifecycle.description
    world.sync()
    assert world.plan().is_quiet


def test_a_stop_that_our_own_mirror_overwrote_is_found_in_the_trail(world: World) -> None:
    """`UpdateModelPackage` has no condition: a gesture between reading and writing is replaced."""
    approved_twice(world)
    before = world.version
    world.approve("model-owner", "Rejected")
    world.modify(None, "Approved", before.lifecycle, duty="registry-sync")
    world.sync()
    assert stops(world) == [(1, "model-owner")]


def test_a_stop_that_somebody_approved_over_is_found_too(world: World) -> None:
    world.sync()
    world.approve("model-owner", "Rejected")
    world.approve("stranger")
    world.sync()
    assert [(d.verdict, d.person) for d in world.state.decisions] == [
        (Verdict.REJECTED, "model-owner")
    ]
    assert world.record(Stage.DEVELOPMENT) is Status.REJECTED
    assert world.version.approval_status == "Rejected"


def test_who_approves_after_rejecting_has_changed_their_mind(world: World) -> None:
    world.sync()
    world.approve("model-owner", "Rejected")
    world.approve("model-owner")
    world.sync()
    assert stops(world) == []
    assert [d.verdict for d in world.state.decisions] == [Verdict.APPROVED]


def test_cloudtrail_may_tell_of_a_replaced_stop_much_later(world: World) -> None:
    world.topology = world.topology.model_copy(update={"trail_delay_minutes": 15})
    approved_twice(world)
    world.approve("model-owner", "Rejected")
    stop = world.calls.pop()
    world.modify(None, "Approved", duty="registry-sync")
    for _ in range(10):
        world.sync()
    assert stops(world) == []
    world.calls.append(stop)
    world.sync()
    assert stops(world) == [(1, "model-owner")]


def test_a_rejection_that_was_said_twice_does_not_stop_the_next_attempt(world: World) -> None:
    world.sync()
    for _ in range(2):
        world.approve("model-owner", "Rejected")
    world.sync()
    world.end(PromotionStatus.REJECTED)
    world.approve("model-owner")
    world.sync()
    assert stops(world) == []
    assert world.runs[-1] == "credit-risk-v1-2"


def test_a_package_that_changes_while_it_waits_is_quarantined_and_said_once(world: World) -> None:
    world.tested()
    world.version = replace(world.version, package_sha256="0" * 64)
    world.sync()
    assert world.record(Stage.TEST) is Status.QUARANTINED
    assert "not what was registered" in world.alerts[-1]
    for _ in range(2):
        world.sync()
    assert len(world.alerts) == 1
    world.ask_production("governance-officer")
    world.sync()
    assert Stage.PRODUCTION not in world.state.records


def test_a_package_that_changed_before_it_was_seen_is_quarantined(world: World) -> None:
    world.version = replace(world.version, request_sha256="0" * 64)
    world.sync()
    assert world.record(Stage.DEVELOPMENT) is Status.QUARANTINED
    world.approve("model-owner")
    world.sync()
    assert world.state.decisions == ()


def test_a_version_that_somebody_changed_before_it_was_seen_is_quarantined(world: World) -> None:
    """Whoever may write there could change the fingerprint of the request as well."""
    world.modify("model-owner", duty="side-door")
    world.sync()
    assert world.record(Stage.DEVELOPMENT) is Status.QUARANTINED
    assert "changed before it was first seen" in world.alerts[-1]
    for _ in range(2):
        world.sync()
    assert len(world.alerts) == 1
    world.approve("model-owner")
    world.sync()
    assert world.state.decisions == ()
    assert world.record(Stage.DEVELOPMENT) is Status.QUARANTINED


def test_a_refused_stop_is_said_once(world: World) -> None:
    approved_twice(world)
    world.ask_production("stranger", "Rejected")
    for _ in range(3):
        world.sync()
        world.now += timedelta(seconds=1)
    assert len(world.alerts) == 1
