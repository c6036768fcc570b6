"""The shipped roles are exactly enough: what a lifecycle used is allowed, what is allowed is used.

Every decision of a recorded lifecycle is asked again in `causeway.iam`, with the policies as
CloudFormation made them of the shipped templates and with each statement taken away in turn.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from tests.lifecycle.recording import Recording
from tests.lifecycle.replay import Place, Replay, matches
from tests.lifecycle.reviewed import REVIEWED

Used = dict[str, list[tuple[Place, list[dict[str, Any]]]]]


@pytest.fixture(scope="module")
def replay(recording: Recording) -> Replay:
    return Replay(recording)


@pytest.fixture(scope="module")
def used(replay: Replay) -> Used:
    """Places that allow, with the calls that they allowed, by the statement's name."""
    found: Used = defaultdict(list)
    for place, calls in replay.used.items():
        if place.allows:
            found[place.name].append((place, calls))
    return found


def test_the_lifecycle_used_every_shipped_role(recording: Recording) -> None:
    at_work = {one["role"] for one in recording.allowed()}
    assert not set(recording.policies.identity) - at_work


def test_nothing_that_was_allowed_is_denied_by_the_policies_as_they_are(replay: Replay) -> None:
    denied = {
        f"{found.message} {call['context']}"
        for call in replay.calls
        if not (found := replay.decide(call)).allowed
    }
    assert denied == set()


def test_without_any_one_statement_something_is_denied(replay: Replay, used: Used) -> None:
    spared = {(one.statement, one.action) for one in REVIEWED}
    idle = [
        name
        for name, places in used.items()
        if not all((name, action) in spared for action in places[0][0].actions)
        and not any(
            not replay.decide(call, without=place).allowed
            for place, calls in places
            for call in calls
        )
    ]
    assert idle == []


UPDATE = "sagemaker:UpdateEndpoint"


def test_every_allowed_action_is_used_or_reviewed(used: Used) -> None:
    unused, reviewed = unused_actions(used), {(one.statement, one.action) for one in REVIEWED}
    assert unused - reviewed == set()
    # Whether the walk's mishaps end in an update of production differs by what was asked to run.
    assert reviewed - unused <= {("identity causeway-deployer deploy#Deploy", UPDATE)}


def test_every_allowed_resource_is_used(used: Used) -> None:
    spared = {one.statement for one in REVIEWED}
    idle = {
        (name, pattern)
        for name, places in used.items()
        if name not in spared
        for place, calls in places
        for pattern in place.resources
        if not any(matches(pattern, call["resource"]) for call in calls)
    }
    assert idle == set()


def test_the_reviewed_list_stays_small_and_says_why() -> None:
    assert len({one.needed for one in REVIEWED}) <= 9
    assert all(one.needed for one in REVIEWED)


def unused_actions(used: Used) -> set[tuple[str, str]]:
    """Return the statements and actions that no recorded call needed."""
    return {
        (name, action)
        for name, places in used.items()
        for action in places[0][0].actions
        if not any(
            matches(action.lower(), call["action"].lower()) for _, calls in places for call in calls
        )
    }
