"""What lets a version into a stage: decisions of this attempt, on what is registered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from causeway.errors import ApprovalRefused
from causeway.governance.clearance import Standing, StoppedInTheRegistry, clearance
from causeway.governance.decisions import Decision, facts_of
from causeway.governance.gestures import Verdict
from causeway.governance.registry_calls import RegistryCall
from causeway.versions.stages import Stage

PEOPLE = {Stage.TEST: "model-owner", Stage.PRODUCTION: "governance-officer"}


@pytest.fixture
def version(make_version):
    return make_version(approval_status="Approved")


@pytest.fixture
def decided(version, now):
    """Decide on a stage as who may, some minutes after the test decision's call."""

    def decide(stage: Stage, minutes: int = 0, **changes) -> Decision:
        at = now + timedelta(minutes=minutes)
        call = RegistryCall(
            str(version.arn),
            at,
            "session",
            PEOPLE[stage],
            "Approved" if stage is Stage.TEST else None,
            ("Production", "Approved") if stage is Stage.PRODUCTION else None,
            f"arn:aws:iam::333333333333:role/causeway-{stage.value}-approver",
            f"event-{stage.value}",
        )
        decision = Decision(
            *(version.arn, stage, 1, Verdict.APPROVED, PEOPLE[stage], "good"),
            *("f" * 64, "a" * 64, "b" * 64, at, at + timedelta(days=30), call),
        )
        return replace(decision, **changes)

    return decide


@pytest.fixture
def clear(version, model, topology, now):
    def judge(*decisions: Decision, of=version, target: Stage = Stage.PRODUCTION):
        standing = Standing(1, facts_of(version, now), decisions, None)
        return clearance(target, of, standing, model, topology)

    return judge


def test_two_people_let_a_version_into_production(clear, decided) -> None:
    decisions = clear(decided(Stage.TEST), decided(Stage.PRODUCTION, 5))
    assert [decision.person for decision in decisions] == list(PEOPLE.values())


def test_an_approval_of_an_earlier_attempt_lets_nothing_in(clear, decided) -> None:
    """Whoever may write decisions could say that an old call belongs to this attempt."""
    with pytest.raises(ApprovalRefused, match="governance-officer approved it before model-owner"):
        clear(decided(Stage.TEST), decided(Stage.PRODUCTION, -5))


def test_production_alone_lets_nothing_in(clear, decided) -> None:
    with pytest.raises(ApprovalRefused, match="nobody decided"):
        clear(decided(Stage.PRODUCTION))


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_the_registry_s_word_holds_a_version_whoever_set_it(
    clear, decided, version, status
) -> None:
    stopped = replace(version, approval_status=status)
    with pytest.raises(StoppedInTheRegistry):
        clear(decided(Stage.TEST), of=stopped, target=Stage.TEST)


@pytest.mark.parametrize(
    "changes",
    [
        {"package_sha256": "0" * 64},
        {"artifact_sha256": "0" * 64},
        {"gate_report_sha256": "0" * 64},
        {"verdict": Verdict.REJECTED},
        {"person": "governance-officer"},
        {"call": None},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_decision_that_is_not_what_it_says_lets_nothing_in(clear, decided, changes) -> None:
    with pytest.raises(ApprovalRefused, match="may not enter test"):
        clear(decided(Stage.TEST, **changes), target=Stage.TEST)


def test_a_changed_package_is_let_in_nowhere(clear, decided, version) -> None:
    changed = replace(version, package_sha256="0" * 64)
    with pytest.raises(ApprovalRefused, match="fingerprint"):
        clear(decided(Stage.TEST), of=changed, target=Stage.TEST)
