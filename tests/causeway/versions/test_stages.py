from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.errors import UnexpectedState
from causeway.versions.stages import (
    TRANSITIONS,
    Stage,
    Status,
    check_transition,
    current,
    lifecycle_of,
    may_move,
)


@pytest.mark.parametrize("stage", list(Stage))
def test_a_stage_is_entered_and_never_left_without_a_record(stage: Stage) -> None:
    assert TRANSITIONS[stage][None]
    for after in TRANSITIONS[stage].values():
        assert None not in after
        # whatever a status leads to has its own row
        assert after <= {status for status in TRANSITIONS[stage] if status}


def test_retired_is_the_end() -> None:
    for stage, table in TRANSITIONS.items():
        assert table[Status.RETIRED] == frozenset(), stage


def test_nothing_becomes_deployed_but_production() -> None:
    for stage, table in TRANSITIONS.items():
        for before, after in table.items():
            if Status.DEPLOYED in after:
                assert stage is Stage.PRODUCTION
                assert before in (Status.IN_PROGRESS, Status.SUPERSEDED)


@given(st.sampled_from(Stage), st.lists(st.sampled_from(Status), max_size=12))
def test_no_walk_reaches_deployed_without_going_through_progress(
    stage: Stage, wishes: list[Status]
) -> None:
    status: Status | None = None
    path: list[Status] = []
    for wish in wishes:
        if may_move(stage, status, wish):
            check_transition(stage, status, wish)
            status = wish
            path.append(wish)
        else:
            with pytest.raises(UnexpectedState, match="Allowed from here"):
                check_transition(stage, status, wish)
    if Status.DEPLOYED in path:
        assert Status.IN_PROGRESS in path[: path.index(Status.DEPLOYED)] or (
            Status.SUPERSEDED in path[: path.index(Status.DEPLOYED)]
        )


@pytest.mark.parametrize(
    ("stage", "status", "words"),
    [
        (Stage.DEVELOPMENT, Status.PENDING, ("Development", "PendingApproval")),
        (Stage.TEST, Status.IN_PROGRESS, ("QA", "InProgress")),
        (Stage.TEST, Status.QUARANTINED, ("QA", "OnHold")),
        (Stage.PREPRODUCTION, Status.APPROVED, ("PreProduction", "Approved")),
        (Stage.PRODUCTION, Status.DEPLOYED, ("Production", "Approved")),
        (Stage.PRODUCTION, Status.SUPERSEDED, ("Production", "Retired")),
        (Stage.PRODUCTION, Status.REJECTED, ("Production", "Rejected")),
        (Stage.RETIRED, Status.RETIRED, ("Archived", "Retired")),
    ],
)
def test_ours_translates_into_the_words_of_the_registry(
    stage: Stage, status: Status, words: tuple[str, str]
) -> None:
    cycle = lifecycle_of(stage, status, "x" * 2000)
    assert (cycle.stage, cycle.status) == words
    assert len(cycle.description) == 1024


def test_a_record_moves_with_who_and_when(make_record) -> None:
    record = make_record(Stage.TEST, Status.IN_PROGRESS)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    moved = record.moved(Status.PENDING, now=at, user="tester", validation_metrics={"auc": 0.8})
    assert (moved.status, moved.audit_timestamp, moved.audit_user) == (Status.PENDING, at, "tester")
    later = moved.moved(Status.APPROVED, now=at + timedelta(1), user="x")
    assert later.validation_metrics == {"auc": 0.8}
    with pytest.raises(UnexpectedState, match="test: approved may not become deployed"):
        later.moved(Status.DEPLOYED, now=at, user="x")


def test_the_current_record_is_of_the_furthest_stage(make_record) -> None:
    development = make_record(Stage.DEVELOPMENT, Status.APPROVED)
    test = make_record(Stage.TEST, Status.PENDING)
    assert current({Stage.TEST: test, Stage.DEVELOPMENT: development}) is test
    assert current({}) is None
