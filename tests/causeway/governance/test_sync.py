"""The sync's plan: what it makes of the registry and the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.governance.gestures import Verdict
from causeway.governance.sync import plan_sync
from causeway.governance.table import PromotionStatus
from causeway.governance.version_plan import SYNC_USER
from causeway.use_cases.stages import UseCaseStage
from causeway.versions.registry import version_of
from causeway.versions.stages import LifeCycle, Stage, Status
from tests.causeway.governance.life import high
from tests.causeway.governance.world import CASE, TOPOLOGY, World


@pytest.fixture
def world(make_version, now) -> World:
    return World(make_version(), now)


def test_a_new_version_gets_a_development_record_and_one_promotion(world: World) -> None:
    plan = world.sync()
    assert world.record(Stage.DEVELOPMENT) is Status.PENDING
    assert [start.promotion.run_id for start in plan.promotions] == ["credit-risk-v1-1"]
    assert plan.registry == ()
    assert world.plan().is_quiet


def test_an_event_that_arrives_again_changes_nothing(world: World) -> None:
    for _ in range(3):
        world.sync()
    assert world.runs == ["credit-risk-v1-1"]
    assert world.plan().is_quiet


def test_a_run_that_may_not_exist_is_started_again(world: World) -> None:
    world.sync()
    world.end(PromotionStatus.REQUESTED)  # the item was written, then the worker died
    (start,) = world.plan().promotions
    assert start.promotion.run_id == "credit-risk-v1-1"
    assert start.before == start.promotion


def test_the_whole_way_to_production(world: World) -> None:
    world.tested()
    assert world.record(Stage.DEVELOPMENT) is Status.APPROVED
    assert world.words == ("QA", "PendingApproval")
    assert Stage.PRODUCTION not in world.state.records, "test approval starts no production"
    world.ask_production("governance-officer")
    world.sync()
    assert world.record(Stage.TEST) is Status.APPROVED
    assert world.record(Stage.PRODUCTION) is Status.PENDING
    assert world.words == ("Production", "PendingApproval")
    world.move(Stage.PRODUCTION, Status.IN_PROGRESS)
    world.sync()
    world.move(Stage.PRODUCTION, Status.DEPLOYED)
    world.end(PromotionStatus.DEPLOYED)
    world.sync()
    assert world.words == ("Production", "Approved")
    assert world.version.approval_status == "Approved"
    assert world.plan().is_quiet
    assert world.alerts == []
    people = {d.target: d.person for d in world.state.decisions}
    assert people == {Stage.TEST: "model-owner", Stage.PRODUCTION: "governance-officer"}


def test_a_failed_deployment_is_no_rejection_by_anybody(world: World) -> None:
    world.tested()
    world.ask_production("governance-officer")
    world.sync()
    world.move(Stage.PRODUCTION, Status.IN_PROGRESS)
    world.move(Stage.PRODUCTION, Status.REJECTED)
    world.sync()
    assert world.words == ("Production", "Rejected")
    assert world.plan().is_quiet
    assert world.alerts == []


def test_a_decision_after_a_run_has_failed_has_it_go_on(world: World) -> None:
    world.sync()
    world.end(PromotionStatus.FAILED)  # nobody decided in time
    assert world.plan().is_quiet, "a failure alone starts nothing"
    world.approve("model-owner")
    world.sync()
    assert world.cleared == world.runs == ["credit-risk-v1-1"]
    assert world.plan().is_quiet
    world.move(Stage.TEST, Status.IN_PROGRESS)
    world.sync()
    world.move(Stage.TEST, Status.PENDING, validation_metrics={"auc": 0.8})
    world.end(PromotionStatus.FAILED)
    world.sync()
    assert len(world.cleared) == 1, "what was decided before is no reason to go on"
    world.ask_production("governance-officer")
    world.sync()
    assert world.cleared == ["credit-risk-v1-1"] * 2
    assert world.record(Stage.PRODUCTION) is Status.PENDING


def test_a_run_that_its_use_case_held_up_goes_on_once_its_versions_are_let_in(
    world: World,
) -> None:
    world.sync()
    world.use_case = high()
    world.approve("model-owner")
    world.sync()
    world.end(PromotionStatus.FAILED)  # its deployment was refused: the use case is in poc
    world.sync()
    assert world.cleared == [] and world.plan().is_quiet
    early = world.now - timedelta(hours=1)
    world.use_case = high().in_stage(UseCaseStage.DEVELOPMENT, "risk-officer", "so", early)
    assert world.plan().is_quiet, "it was let in before the run failed"
    world.use_case = high().in_stage(UseCaseStage.DEVELOPMENT, "risk-officer", "so", world.now)
    world.sync()
    assert world.cleared == ["credit-risk-v1-1"]
    assert world.plan().is_quiet


def test_a_rejection_after_a_run_has_failed_ends_it_and_an_approval_starts_the_next(
    world: World,
) -> None:
    world.sync()
    world.end(PromotionStatus.FAILED)
    world.approve("model-owner", "Rejected")
    world.sync()
    assert world.cleared == ["credit-risk-v1-1"], "so that the run says that it was rejected"
    world.end(PromotionStatus.REJECTED)
    world.approve("model-owner")
    world.sync()
    assert world.runs == ["credit-risk-v1-1", "credit-risk-v1-2"]


def test_a_cleared_run_that_may_still_be_failed_is_cleared_again(world: World) -> None:
    world.sync()
    world.end(PromotionStatus.REOPENED)  # the item was written, then the worker died
    (start,) = world.plan().promotions
    assert start.promotion.status is PromotionStatus.REOPENED


def test_an_approval_before_the_first_sync_counts(world: World) -> None:
    world.approve("model-owner")
    plan = world.sync()
    assert [d.person for d in plan.decisions] == ["model-owner"]
    assert world.record(Stage.DEVELOPMENT) is Status.APPROVED
    assert world.runs == ["credit-risk-v1-1"]


@pytest.mark.parametrize("person", [None, "stranger", "ml-engineer", "governance-officer"])
def test_an_approval_by_who_may_not_quarantines_and_is_set_back(world: World, person) -> None:
    world.sync()
    world.approve(person)
    plan = world.sync()
    assert plan.decisions == ()
    assert [refusal.quarantined for refusal in plan.refusals] == [True]
    assert world.record(Stage.DEVELOPMENT) is Status.QUARANTINED
    assert world.version.approval_status == "PendingManualApproval"
    assert world.words == ("Development", "OnHold")
    assert world.plan().is_quiet
    world.approve("model-owner")
    world.sync()
    assert world.record(Stage.DEVELOPMENT) is Status.APPROVED


def test_a_quarantined_version_is_not_promoted_until_somebody_entitled_decides(
    world: World,
) -> None:
    world.approve("stranger")
    world.sync()
    assert world.runs == []
    world.approve("model-owner")
    world.sync()
    assert world.runs == ["credit-risk-v1-1"]


def test_a_version_without_digest_is_quarantined_for_good(world: World, make_version) -> None:
    world.version = make_version(digest=None)
    plan = world.sync()
    assert world.record(Stage.DEVELOPMENT) is Status.QUARANTINED
    assert "no artifact digest" in plan.refusals[0].reason
    assert world.runs == []
    world.approve("model-owner")
    world.sync()
    assert world.state.decisions == ()
    assert world.version.approval_status == "PendingManualApproval"
    assert world.runs == []


def test_production_asked_too_early_is_set_back_without_quarantine(world: World) -> None:
    world.sync()
    world.approve("model-owner")
    world.sync()
    world.move(Stage.TEST, Status.IN_PROGRESS)
    world.ask_production("governance-officer")
    plan = world.sync()
    assert [refusal.quarantined for refusal in plan.refusals] == [False]
    assert world.record(Stage.TEST) is Status.IN_PROGRESS
    assert world.words == ("QA", "InProgress")
    assert world.plan().is_quiet


def test_production_asked_by_the_test_approver_is_quarantined(world: World) -> None:
    world.tested()
    world.ask_production("model-owner")
    world.sync()
    assert world.record(Stage.TEST) is Status.QUARANTINED
    assert world.words == ("QA", "OnHold")
    world.ask_production("governance-officer")
    world.sync()
    assert world.record(Stage.PRODUCTION) is Status.PENDING


def test_a_rejection_ends_the_attempt_and_a_later_approval_starts_the_next(world: World) -> None:
    world.sync()
    world.approve("model-owner", "Rejected")
    world.sync()
    assert world.record(Stage.DEVELOPMENT) is Status.REJECTED
    world.approve("model-owner")
    world.sync()  # the run of the first attempt has not ended yet: the gesture waits
    assert world.version.approval_status == "Approved"
    assert len(world.state.decisions) == 1
    world.end(PromotionStatus.REJECTED)
    world.sync()
    assert world.runs == ["credit-risk-v1-1", "credit-risk-v1-2"]
    assert [(d.attempt, d.verdict) for d in world.state.decisions] == [
        (1, Verdict.REJECTED),
        (2, Verdict.APPROVED),
    ]


def test_a_rejection_for_production_rejects_the_test_record(world: World) -> None:
    world.tested()
    world.ask_production("governance-officer", "Rejected")
    world.sync()
    assert world.record(Stage.TEST) is Status.REJECTED
    assert world.words == ("QA", "Rejected")
    assert Stage.PRODUCTION not in world.state.records
    world.end(PromotionStatus.REJECTED)
    assert world.plan().is_quiet


@pytest.mark.parametrize("word", ["Rejected", "PendingManualApproval"])
def test_a_stranger_takes_back_nothing(world: World, word) -> None:
    world.tested()
    world.approve("stranger", word)
    world.sync()
    assert world.version.approval_status == "Approved"  # CreateModel needs it
    assert world.record(Stage.DEVELOPMENT) is Status.APPROVED
    assert world.state.revocations == []
    assert len(world.alerts) == 1
    assert world.plan().is_quiet


def test_a_superseded_version_is_mirrored(world: World) -> None:
    world.tested()
    world.ask_production("governance-officer")
    world.sync()
    world.move(Stage.PRODUCTION, Status.SUPERSEDED)
    world.end(PromotionStatus.SUPERSEDED)
    world.sync()
    assert world.words == ("Production", "Retired")
    assert world.plan().is_quiet


def test_a_decision_whose_record_was_lost_is_followed_up(world: World) -> None:
    world.sync()
    world.approve("model-owner")
    plan = world.plan()
    world.state = replace(world.state, decisions=plan.decisions)  # the worker died here
    world.sync()
    assert world.record(Stage.DEVELOPMENT) is Status.APPROVED
    assert len(world.state.decisions) == 1


def test_an_old_decision_does_not_lift_a_later_quarantine(world: World) -> None:
    world.tested()
    world.ask_production("governance-officer", "Approved")
    world.sync()
    world.move(Stage.TEST, Status.QUARANTINED)
    world.sync()
    assert world.record(Stage.TEST) is Status.QUARANTINED


def test_strange_and_unfinished_versions_are_ignored(world: World, make_version) -> None:
    foreign = make_version()
    foreign = replace(foreign, arn=replace(foreign.arn, group="other"))
    pending = make_version(2, package_status="Pending")
    plan = plan_sync([foreign, pending], {}, (CASE,), TOPOLOGY, world.now)
    assert plan.is_quiet
    assert len(plan.ignored) == 2


def test_a_set_back_says_why(world: World) -> None:
    world.sync()
    world.approve("stranger")
    (update,) = world.plan().registry
    assert update.approval_description == "set back: nobody entitled has decided"
    assert update.lifecycle == LifeCycle("Development", "OnHold", f"by {SYNC_USER}")


PEOPLE = st.sampled_from([None, "stranger", "ml-engineer", "model-owner", "governance-officer"])
ACTS = st.one_of(
    st.tuples(st.just("approve"), PEOPLE, st.sampled_from(["Approved", "Rejected"])),
    st.tuples(st.just("approve"), PEOPLE, st.just("PendingManualApproval")),
    st.tuples(st.just("production"), PEOPLE, st.sampled_from(["Approved", "Rejected"])),
    st.tuples(st.just("run"), st.none(), st.just("")),
    st.tuples(st.just("sync"), st.none(), st.just("")),
)


def run(world: World) -> None:
    """Do the promotion's next step, as its DAG does."""
    promotion = world.state.promotion
    if promotion is None or promotion.status is not PromotionStatus.RUNNING:
        return
    decided = {(d.target, d.attempt): d.verdict for d in world.state.decisions}
    entry = decided.get((Stage.TEST, promotion.attempt))
    if entry is Verdict.REJECTED:
        world.end(PromotionStatus.REJECTED)
    elif entry is Verdict.APPROVED:
        test, last = world.record(Stage.TEST), world.record(Stage.PRODUCTION)
        final = decided.get((Stage.PRODUCTION, promotion.attempt))
        if test in (None, Status.REJECTED) and final is None:
            world.move(Stage.TEST, Status.IN_PROGRESS)
        elif test is Status.IN_PROGRESS:
            world.move(Stage.TEST, Status.PENDING, validation_metrics={"auc": 0.8})
        elif final is Verdict.REJECTED:
            world.end(PromotionStatus.REJECTED)
        elif final is Verdict.APPROVED and last is Status.PENDING:
            world.move(Stage.PRODUCTION, Status.IN_PROGRESS)
        elif final is Verdict.APPROVED and last is Status.IN_PROGRESS:
            world.move(Stage.PRODUCTION, Status.DEPLOYED)
            world.end(PromotionStatus.DEPLOYED)


@given(st.lists(ACTS, max_size=25))
def test_whoever_does_what_only_entitled_people_decide_and_the_sync_settles(acts) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    version = version_of(
        {
            "ModelPackageArn": (
                "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/1"
            ),
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": "PendingManualApproval",
            "CreationTime": start,
            "CustomerMetadataProperties": {
                "artifact-sha256": "a" * 64,
                "gate-report-sha256": "b" * 64,
                "trained-by": "ml-engineer",
            },
        }
    )
    world = World(version, start)
    for kind, person, word in acts:
        if kind == "approve":
            world.approve(person, word)
        elif kind == "production":
            world.ask_production(person, word)
        elif kind == "run":
            run(world)
        else:
            world.sync()
    for _ in range(3):
        world.sync()
    assert world.plan().is_quiet
    people = {(d.target, d.person) for d in world.state.decisions}
    assert people <= {(Stage.TEST, "model-owner"), (Stage.PRODUCTION, "governance-officer")}
    if world.record(Stage.PRODUCTION) is Status.DEPLOYED:
        assert {Stage.TEST, Stage.PRODUCTION} == {d.target for d in world.state.decisions}
    assert len(world.runs) == len(set(world.runs))
