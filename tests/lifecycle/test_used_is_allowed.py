"""The shipped roles are exactly enough: what a lifecycle used is allowed, what is allowed is used.

Every decision of a recorded lifecycle is asked again in `causeway.iam`, with the policies as
CloudFormation made them of the shipped templates and with each statement taken away in turn.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from causeway.topology.account_roles import ONLINE_READERS, AccountRole
from causeway.topology.accounts import load_topology
from tests.accounts import REGION
from tests.lifecycle.recording import Recording
from tests.lifecycle.replay import Place, Replay, matches
from tests.lifecycle.reviewed import REVIEWED

TOPOLOGY = load_topology()
#: The account of the local topology's spare consumer.
CONSUMER = TOPOLOGY.account(AccountRole.CONSUMER)
Used = dict[str, list[tuple[Place, list[dict[str, Any]]]]]


@pytest.fixture(scope="module")
def replay(recording: Recording) -> Replay:
    return Replay(recording)


@pytest.fixture(scope="module")
def used(replay: Replay) -> Used:
    """Places that allow, with the calls that they allowed, by the statement's name."""
    found: Used = defaultdict(list)
    for place, calls in replay.used.items():
        if place.allows and not of_consumers(place):
            found[place.name].append((place, calls))
    return found


def of_consumers(place: Place) -> bool:
    """Tell whether a statement is of consumers with whom the recorded lifecycle shares nothing.

    `tests/plugins/operators/test_further_consumers.py` walks their way, with the rights of their
    templates alone.
    """
    reads_online = place.statement.get("Sid") == "ReadSharedFeaturesOnline"
    takes_on = place.policy == "take-on-duties-of-consumers"
    return is_of_consumers(place.holder) or reads_online or takes_on


def is_share_of_features(place: Place, pattern: str) -> bool:
    """Tell whether a resource is a share of features with test or production; likewise."""
    serves = any(f":{TOPOLOGY.account(role)}:" in place.holder for role in ONLINE_READERS)
    return serves and pattern.startswith(
        f"arn:aws:ram:{REGION}:{TOPOLOGY.account(AccountRole.DATA)}:"
    )


def is_of_consumers(holder: str) -> bool:
    """Tell whether a role is of a consumer's account, or reads what is shared with one."""
    return f":{CONSUMER}:" in holder or holder.endswith(":role/causeway-reader")


def test_the_lifecycle_used_every_shipped_role(recording: Recording) -> None:
    at_work = {one["role"] for one in recording.allowed()}
    shipped = {role for role in recording.policies.identity if not is_of_consumers(role)}
    assert not shipped - at_work


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
        if not is_share_of_features(place, pattern)
        and not any(matches(pattern, call["resource"]) for call in calls)
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
