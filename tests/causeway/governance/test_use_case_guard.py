"""Who may let a use case into which stage, and what its versions may enter then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causeway.errors import ApprovalRefused
from causeway.governance.use_case_guard import (
    Progress,
    deciders,
    eligible,
    judge,
    needed_approvals,
    require_admits,
    require_calls,
    said_by,
    unapproved,
)
from causeway.governance.use_case_record import models_of
from causeway.model_cards.completeness import NEEDED, gaps
from causeway.use_cases.stages import UseCaseStage
from causeway.versions.stages import Stage, Status
from tests.causeway.governance.life import (
    ALL,
    CASE,
    NOW,
    TOPOLOGY,
    case_of,
    high,
    limited,
    said,
    through,
    word,
)


def in_stage(stage: str, record=None):
    """Return a record of limited risk in a stage."""
    return (record or limited()).in_stage(
        UseCaseStage(stage), "somebody", "so", limited().changed_at
    )


def test_a_use_case_goes_from_stage_to_stage_to_the_end_of_its_life() -> None:
    record, stages = limited(), []
    while record.stage is not UseCaseStage.RETIRED:
        record = said(record, record.stage.next or "")
        stages.append(record.stage.value)
    assert stages == ["development", "qa", "pre-production", "production", "retired"]
    assert record.turn == record.revision == 6
    with pytest.raises(ApprovalRefused, match="it is retired"):
        said(record, "production")


def test_high_risk_takes_two_people() -> None:
    assert (needed_approvals(limited()), needed_approvals(high())) == (1, 2)
    counted = said(high(), "development")
    assert counted.stage is UseCaseStage.POC
    with pytest.raises(ApprovalRefused, match="approved it already") as refusal:
        said(counted, "development")
    assert not refusal.value.quarantine
    assert said(counted, "development", "risk-officer").stage is UseCaseStage.DEVELOPMENT


def test_approvals_for_two_stages_are_not_added_up() -> None:
    counted = said(high(), "development")
    assert said(counted, "retired", "risk-officer").stage is UseCaseStage.POC


@pytest.mark.parametrize(
    ("person", "changes", "reason"),
    [
        ("ml-engineer", {}, "may not decide on it"),
        ("governance-officer", {"stage": "qa"}, "it is in poc"),
        ("governance-officer", {"stage": "x"}, "is no stage"),
        ("governance-officer", {"verdict": "maybe"}, "is no verdict"),
        ("governance-officer", {"record": "0" * 64}, "decided on record 0"),
        ("governance-officer", {"group": "arn:other"}, "no model group of it"),
        ("governance-officer", {"verdict": "rejected", "stage": "qa"}, "to go back to"),
        (
            "governance-officer",
            {"verdict": "rejected", "stage": "poc", "reason": " "},
            "without a reason",
        ),
    ],
)
def test_a_word_that_does_not_count_is_refused(person, changes, reason) -> None:
    with pytest.raises(ApprovalRefused, match=reason):
        said(limited(), **({"stage": "development", "person": person} | changes))


def test_a_rejection_that_cloudtrail_has_after_a_later_approval_counts() -> None:
    first = limited()
    back = word(first, "poc", "governance-officer", verdict="rejected")
    approval = replace(word(first, "development", "governance-officer"), record=first.digest)
    record = said(first, "development", "risk-officer")
    for _ in range(2):  # however far it went on since
        sent_back = judge(
            back, "governance-officer", record, case_of(record), lambda: ALL, TOPOLOGY, record.since
        )
        assert sent_back.stage == "poc" and sent_back.passed == ()
        afterwards = replace(back, at=record.since + timedelta(seconds=1))
        for refused in (afterwards, approval):
            with pytest.raises(ApprovalRefused, match="decided on record"):
                judge(
                    refused,
                    "governance-officer",
                    record,
                    case_of(record),
                    lambda: ALL,
                    TOPOLOGY,
                    NOW,
                )
        record = said(record, record.stage.next or "")
    # What was sent back and came again is another record.
    again = said(said(record, "poc", verdict="rejected"), "development", "risk-officer")
    with pytest.raises(ApprovalRefused, match="decided on record"):
        judge(back, "governance-officer", again, case_of(again), lambda: ALL, TOPOLOGY, NOW)


def test_nothing_is_decided_on_a_use_case_without_a_file() -> None:
    record = limited()
    with pytest.raises(ApprovalRefused, match="no file yet"):
        judge(
            word(record, "development", "x"),
            "risk-officer",
            record,
            None,
            lambda: ALL,
            TOPOLOGY,
            NOW,
        )


@pytest.mark.parametrize("part", ["owner", "login", "recorded", "trainer"])
def test_whoever_has_a_part_in_a_use_case_does_not_approve_it(part: str) -> None:
    record, case = limited(), case_of(limited())
    person = "governance-officer"
    topology = TOPOLOGY
    if part == "owner":
        record = replace(record, form=replace(record.form, owner=person))
    elif part == "login":
        people = dict(TOPOLOGY.people)
        people[person] = people[person].model_copy(update={"airflow_user": "g.officer"})
        topology = TOPOLOGY.model_copy(update={"people": people})
        record = replace(record, form=replace(record.form, owner="g.officer"))
    elif part == "recorded":
        record = replace(record, recorded_by=(person,))
    else:
        model = case.models[0].model_copy(update={"trainer": person})
        case = case.model_copy(update={"models": (model,)})
    with pytest.raises(ApprovalRefused, match="four eyes") as refusal:
        judge(word(record, "development", person), person, record, case, lambda: ALL, topology, NOW)
    assert refusal.value.quarantine
    assert eligible(record, case, topology) == ("risk-officer",)
    # Sending it back lets nothing in.
    back = word(record, "poc", person, verdict="rejected")
    assert judge(back, person, record, case, lambda: ALL, topology, NOW).turn == 2


def test_an_owner_who_is_nobody_of_the_topology_lets_nobody_approve() -> None:
    record = replace(limited(), form=replace(limited().form, owner="the risk team"))
    spoken = word(record, "development", "risk-officer")
    with pytest.raises(ApprovalRefused, match="'the risk team' is nobody of topology") as refusal:
        judge(spoken, "risk-officer", record, case_of(record), lambda: ALL, TOPOLOGY, NOW)
    assert "Send it back to poc" in refusal.value.next_step and not refusal.value.quarantine


def test_models_are_looked_at_when_nothing_else_refuses_a_word() -> None:
    record, looks = limited(), []

    def progress() -> Progress:
        looks.append("look")
        return ALL

    for person, changes in (("ml-engineer", {}), ("risk-officer", {"record": "0" * 64})):
        spoken = word(record, "development", person, **changes)
        with pytest.raises(ApprovalRefused):
            judge(spoken, person, record, case_of(record), progress, TOPOLOGY, NOW)
    assert looks == []
    spoken = word(record, "development", "risk-officer")
    judge(spoken, "risk-officer", record, case_of(record), progress, TOPOLOGY, NOW)
    assert looks == ["look"]


def test_who_decides_is_said_by_the_topology() -> None:
    assert deciders(TOPOLOGY) == ("governance-officer", "risk-officer")


def test_a_word_is_a_persons_in_the_approver_role_alone() -> None:
    spoken = word(limited(), "development", "risk-officer")
    assert said_by(spoken, TOPOLOGY) == "risk-officer"
    for changes in ({"role": None}, {"role": "arn:x"}, {"identity": None}, {"identity": "eve"}):
        with pytest.raises(ApprovalRefused) as refusal:
            said_by(replace(spoken, **changes), TOPOLOGY)
        assert refusal.value.quarantine


@pytest.mark.parametrize(
    ("stage", "before"),
    [("development", "qa"), ("qa", "pre-production"), ("pre-production", "production")],
)
def test_a_use_case_goes_on_when_all_its_models_are_approved_in_the_stage_before(
    stage: str, before: str
) -> None:
    second = CASE.models[0].model_copy(update={"name": "second", "group": "second"})
    case = case_of(limited()).model_copy(update={"models": (CASE.models[0], second)})
    record = replace(in_stage(stage), models=models_of(case))
    spoken = word(record, before, "risk-officer")
    with pytest.raises(ApprovalRefused, match=r"yet: second"):
        judge(spoken, "risk-officer", record, case, lambda: ALL, TOPOLOGY, NOW)
    both = Progress(dict(ALL.versions) | {"second": ALL.versions["credit_risk"]})
    assert judge(spoken, "risk-officer", record, case, lambda: both, TOPOLOGY, NOW).stage == before


@pytest.mark.parametrize(
    ("records", "approved"),
    [
        ({}, False),
        (through(Stage.DEVELOPMENT, status=Status.PENDING), False),
        (through(Stage.DEVELOPMENT, status=Status.QUARANTINED), False),
        (through(Stage.DEVELOPMENT), True),
        (
            through(Stage.DEVELOPMENT, status=Status.SUPERSEDED)
            | through(Stage.PRODUCTION, status=Status.DEPLOYED),
            True,
        ),
        (
            through(Stage.DEVELOPMENT, status=Status.SUPERSEDED)
            | through(Stage.TEST, status=Status.REJECTED),
            False,
        ),
        (through(Stage.DEVELOPMENT) | through(Stage.TEST, status=Status.QUARANTINED), False),
        (through(Stage.DEVELOPMENT) | through(Stage.PREPRODUCTION, status=Status.REJECTED), False),
        # Retired without anybody having approved it.
        (through(Stage.DEVELOPMENT, Stage.RETIRED, status=Status.RETIRED), False),
    ],
)
def test_a_model_is_approved_when_a_version_of_it_is_or_went_on(records, approved) -> None:
    progress = Progress({"credit_risk": [records]})
    assert unapproved(UseCaseStage.QA, CASE, progress) == ([] if approved else ["credit_risk"])


@pytest.mark.parametrize(
    ("records", "well"),
    [
        (through(Stage.PREPRODUCTION), True),
        (through(Stage.PREPRODUCTION, status=Status.IN_PROGRESS), False),
        (through(Stage.TEST), False),
        *(
            (through(Stage.PRODUCTION, status=status), status is Status.DEPLOYED)
            for status in Status
        ),
        (
            through(Stage.PREPRODUCTION) | through(Stage.TEST, status=Status.QUARANTINED),
            False,
        ),
    ],
)
def test_for_production_a_shadow_or_canary_went_well_or_the_model_is_live(records, well) -> None:
    progress = Progress({"credit_risk": [records]})
    assert (unapproved(UseCaseStage.PRODUCTION, CASE, progress) == []) is well


def test_a_use_case_is_retired_once_none_of_its_models_is_live() -> None:
    record = in_stage("production")
    with pytest.raises(ApprovalRefused, match="production serves credit_risk"):
        said(record, "retired", progress=replace(ALL, live=["credit_risk"]))
    assert said(record, "retired").stage is UseCaseStage.RETIRED


def test_high_risk_takes_complete_cards() -> None:
    record = in_stage("qa", high())
    lacks = replace(ALL, gaps={"credit_risk": gaps({"intended_uses": {"risk_rating": "High"}})})
    with pytest.raises(ApprovalRefused, match="not complete: credit_risk") as refusal:
        said(record, "pre-production", progress=lacks)
    assert NEEDED[-1] in refusal.value.what and not refusal.value.quarantine
    with pytest.raises(ApprovalRefused, match="no card"):
        said(record, "pre-production", progress=replace(ALL, gaps={}))
    assert said(record, "pre-production").approvals


def test_a_file_that_was_changed_since_keeps_its_use_case_where_it_is() -> None:
    record = limited()
    spoken = word(record, "development", "risk-officer")
    with pytest.raises(ApprovalRefused, match="risk: 'high' in the file"):
        judge(spoken, "risk-officer", record, CASE, lambda: ALL, TOPOLOGY, NOW)
    with pytest.raises(ApprovalRefused, match="its file differs"):
        require_admits(in_stage("production"), CASE, Stage.TEST, TOPOLOGY)


def test_a_model_that_is_added_later_inherits_no_stage() -> None:
    second = CASE.models[0].model_copy(
        update={"name": "second", "group": "second", "trainer": "risk-officer"}
    )
    record = in_stage("production")
    case = case_of(record).model_copy(update={"models": (*CASE.models, second)})
    added = "second: group second, trained by risk-officer, in the file alone"
    with pytest.raises(ApprovalRefused, match=added):
        require_admits(record, case, Stage.TEST, TOPOLOGY)
    spoken = word(record, "retired", "governance-officer")
    with pytest.raises(ApprovalRefused, match=added):
        judge(spoken, "governance-officer", record, case, lambda: ALL, TOPOLOGY, NOW)
    back = word(record, "poc", "governance-officer", verdict="rejected")
    assert (
        judge(back, "governance-officer", record, case, lambda: ALL, TOPOLOGY, NOW).stage == "poc"
    )


@pytest.mark.parametrize(
    ("stage", "test", "production"),
    [
        ("poc", False, False),
        ("development", True, False),
        ("qa", True, False),
        ("pre-production", True, True),
        ("production", True, True),
        ("retired", False, False),
    ],
)
def test_a_use_case_lets_its_versions_in_as_far_as_it_has_come(stage, test, production) -> None:
    record = in_stage(stage)
    for target, admitted in ((Stage.TEST, test), (Stage.PRODUCTION, production)):
        if admitted:
            require_admits(record, case_of(record), target, TOPOLOGY)
        else:
            with pytest.raises(ApprovalRefused, match=f"it is in {stage}"):
                require_admits(record, case_of(record), target, TOPOLOGY)


def test_a_use_case_without_a_record_lets_nothing_in_unless_the_topology_says_so() -> None:
    require_admits(None, CASE, Stage.PRODUCTION, TOPOLOGY)
    strict = TOPOLOGY.model_copy(update={"unrecorded_use_cases": False})
    with pytest.raises(ApprovalRefused, match="has no record"):
        require_admits(None, CASE, Stage.TEST, strict)


def test_the_calls_that_put_a_use_case_where_it_is_are_those_that_cloudtrail_has() -> None:
    first = high()
    words = {w.event_id: w for w in (word(first, "development", "governance-officer"),)}
    counted = said(first, "development")
    second = word(counted, "development", "risk-officer")
    words[second.event_id] = second
    record = said(counted, "development", "risk-officer")
    require_calls(record, words, TOPOLOGY)
    require_calls(record, {}, TOPOLOGY)  # older than the history
    for changed in (
        {second.event_id: None},
        {second.event_id: replace(second, stage="qa")},
        {second.event_id: replace(second, use_case="other")},
        {second.event_id: replace(second, identity="governance-officer")},
        {second.event_id: replace(second, role="arn:other")},
    ):
        with pytest.raises(ApprovalRefused):
            require_calls(record, words | changed, TOPOLOGY)
    for admitted in ((), record.admitted_by[:1]):
        with pytest.raises(ApprovalRefused, match="it takes 2"):
            require_calls(replace(record, admitted_by=admitted), words, TOPOLOGY)
    back = word(record, "poc", "risk-officer", verdict="rejected")
    sent_back = judge(back, "risk-officer", record, CASE, lambda: ALL, TOPOLOGY, NOW)
    require_calls(sent_back, {back.event_id: back}, TOPOLOGY)


WORDS = st.tuples(
    st.sampled_from(["governance-officer", "risk-officer", "model-owner", "ml-engineer"]),
    st.sampled_from(list(UseCaseStage)),
    st.sampled_from(["approved", "rejected"]),
)


@settings(max_examples=200)
@given(st.booleans(), st.lists(WORDS, max_size=30))
def test_whatever_is_said_a_stage_is_entered_in_order_by_enough_eligible_people(
    is_high: bool, words: list[tuple[str, UseCaseStage, str]]
) -> None:
    record = high() if is_high else limited()
    for person, stage, verdict in words:
        try:
            after = said(record, stage.value, person, verdict=verdict)
        except ApprovalRefused:
            continue
        assert after.revision == record.revision + 1
        if after.stage is not record.stage and verdict == "approved":
            assert after.stage in (record.stage.next, UseCaseStage.RETIRED)
            people = {each.person for each in after.admitted_by}
            assert len(people) == needed_approvals(record)
            assert people <= {"governance-officer", "risk-officer"}
            assert all(each.stage is after.stage for each in after.admitted_by)
        if verdict == "rejected":
            assert after.stage.rank <= record.stage.rank and not after.approvals
        assert record.stage is not UseCaseStage.RETIRED
        record = after
