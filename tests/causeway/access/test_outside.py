"""Receivers outside the topology: seen from their owner's share alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from causeway.access.outside import Outsider, outsiders
from causeway.access.sights import SeenShare, Sight
from causeway.sharing.grants import desired_grants
from causeway.topology.access_rules import AccessRule, Grant, ResourceKind
from causeway.topology.accounts import Topology
from causeway.use_cases.use_case import UseCase
from tests.causeway.values import DATA, STRANGER

SHARE = "causeway-features-credit-risk-read"


def of(case: UseCase, topology: Topology, now: datetime, *sights: Sight) -> tuple[Outsider, ...]:
    rule = AccessRule(
        resource=ResourceKind.FEATURE_GROUPS, grant=Grant.READ, to=("data_science", STRANGER)
    )
    open_ = topology.model_copy(update={"outside_consumers": True})
    declared = case.model_copy(update={"access": (rule,)})
    return outsiders(desired_grants([declared], open_, now), sights, open_)


@pytest.mark.parametrize(
    ("principals", "word"),
    [
        ({STRANGER: "ASSOCIATED"}, "has joined"),
        ({STRANGER: "ASSOCIATING"}, "waits for the other side"),
        ({STRANGER: "DISASSOCIATED"}, "is not offered"),
        ({}, "is not offered"),
        (None, "cannot be seen"),
    ],
)
def test_an_account_outside_the_topology_has_a_line_for_its_share(
    case: UseCase, topology: Topology, now: datetime, principals: Any, word: str
) -> None:
    sights = []
    if principals is not None:
        share = SeenShare(
            arn="arn:x",
            name=SHARE,
            status="ACTIVE",
            resources={},
            principals=principals,
            actions=(),
        )
        sights = [Sight(account=DATA, region="eu-central-1", shares=(share,))]
    (outsider,) = of(case, topology, now, *sights)
    assert str(outsider) == f"account {STRANGER}, share {SHARE} of {DATA}: {word}"
    assert outsider.as_json()["joining"] == word
