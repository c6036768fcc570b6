import json

import pytest
from boto3.dynamodb.types import TypeSerializer

from causeway.errors import UnexpectedState
from causeway.governance import decisions, table
from causeway.governance.decisions import Decision, Revocation, facts_of
from causeway.governance.gestures import Verdict
from causeway.governance.registry_calls import RegistryCall
from causeway.governance.table import Promotion, PromotionStatus, new_record
from causeway.items import create
from causeway.versions.keys import decision_key
from causeway.versions.stages import Stage, Status

FIFTEEN = {
    "use_case_id",
    "use_case_name",
    "use_case_stage",
    "model_group",
    "version",
    "owner",
    "line_of_business",
    "project",
    "stage",
    "status",
    "risk",
    "validation_metrics",
    "monitoring_metrics",
    "audit_timestamp",
    "audit_user",
}


@pytest.fixture
def decision(make_version, now) -> Decision:
    arn = make_version().arn
    call = RegistryCall(str(arn), now, "session", "owner", None, ("Production", "Approved"), "r")
    return Decision(
        *(arn, Stage.TEST, 1, Verdict.APPROVED, "model-owner", "ok"),
        *("f", "a", "b", now, now, call),
    )


@pytest.fixture
def promotion(make_version, now) -> Promotion:
    return Promotion(
        make_version().arn, 2, PromotionStatus.RUNNING, "credit_risk", "credit_risk", now
    )


def test_a_stage_record_has_the_fifteen_attributes(make_record) -> None:
    record = make_record(Stage.TEST, Status.PENDING, validation_metrics={"auc": 0.8})
    item = table.record_item(record)
    assert set(item) == FIFTEEN | {"pk", "sk", "version_arn", "attention"}
    assert item["pk"].startswith("VERSION#arn:aws:sagemaker:")
    assert item["sk"] == "STAGE#test"
    assert json.loads(item["validation_metrics"]) == {"auc": 0.8}
    assert table.record_of(item) == record


@pytest.mark.parametrize(
    ("stage", "status", "attention"),
    [
        (Stage.DEVELOPMENT, Status.PENDING, "waiting"),
        (Stage.TEST, Status.PENDING, "waiting"),
        (Stage.PRODUCTION, Status.PENDING, None),
        (Stage.TEST, Status.REJECTED, "rejected"),
        (Stage.DEVELOPMENT, Status.QUARANTINED, "quarantined"),
        (Stage.PRODUCTION, Status.DEPLOYED, None),
    ],
)
def test_only_what_people_have_to_look_at_is_in_the_index_of_it(
    make_record, stage, status, attention
) -> None:
    assert table.record_item(make_record(stage, status)).get("attention") == attention


def test_items_are_read_as_they_were_written(decision, promotion, make_version, now) -> None:
    assert decisions.decision_of(decisions.decision_item(decision)) == decision
    assert table.promotion_of(table.promotion_item(promotion)) == promotion
    stop = Revocation(decision.version_arn, 2, "model-owner", "no", now, decision.call)
    assert decisions.revocation_of(decisions.revocation_item(stop)) == stop
    for version in (make_version(), make_version(digest=None)):
        facts = facts_of(version, now)
        assert decisions.facts_of_item(decisions.facts_item(facts)) == facts
    assert decisions.decision_item(decision)["sk"] == "DECISION#test#1"
    assert table.promotion_item(promotion)["run_id"] == "credit-risk-v1-2"


def test_items_hold_nothing_that_dynamodb_refuses(decision, promotion, make_record) -> None:
    record = make_record(Stage.TEST, Status.PENDING, validation_metrics={"auc": 0.8})
    for item in (
        table.record_item(record),
        decisions.decision_item(decision),
        table.promotion_item(promotion),
    ):
        TypeSerializer().serialize(item)
        assert "expires_at" not in item  # the TTL attribute: evidence never runs out


def test_a_stage_begins_only_as_the_state_machine_allows(case, model, make_version, now) -> None:
    with pytest.raises(UnexpectedState):
        new_record(
            make_version().arn, Stage.PRODUCTION, Status.DEPLOYED, case, model, now=now, user="x"
        )


def test_a_decision_is_written_once(apply, decision) -> None:
    key = decision_key(decision.version_arn, decision.target, decision.attempt)
    update = create(key, decisions.decision_item(decision))
    assert apply(update)
    assert not apply(update)


def test_what_is_decided_has_a_partition_of_its_own(decision, make_record) -> None:
    """`dynamodb:LeadingKeys` knows partitions only: a recorder must not reach decisions."""
    record = make_record(Stage.TEST, Status.PENDING)
    assert decisions.decision_item(decision)["pk"].startswith("DECISION#arn:aws:sagemaker:")
    assert table.record_item(record)["pk"].startswith("VERSION#")


def test_a_sync_that_ended_earlier_does_not_set_the_time_back(apply, now) -> None:
    from datetime import timedelta

    assert apply(table.write_looked_at(now))
    assert not apply(table.write_looked_at(now - timedelta(seconds=1)))
    assert apply(table.write_looked_at(now + timedelta(seconds=1)))


def test_a_record_changes_only_from_the_status_it_was_planned_against(apply, make_record) -> None:
    pending = make_record(Stage.DEVELOPMENT, Status.PENDING)
    approved = make_record(Stage.DEVELOPMENT, Status.APPROVED)
    assert apply(table.write_record(pending, None))
    assert not apply(table.write_record(pending, None))
    assert apply(table.write_record(approved, Status.PENDING))
    assert not apply(table.write_record(approved, Status.PENDING))


def test_two_syncs_start_one_attempt(apply, promotion) -> None:
    from dataclasses import replace

    first = replace(promotion, attempt=1, status=PromotionStatus.REJECTED)
    assert apply(table.write_promotion(first, None))
    assert apply(table.write_promotion(promotion, first))
    assert not apply(table.write_promotion(promotion, first))


def test_a_failed_attempt_is_still_open() -> None:
    assert {status for status in PromotionStatus if status.is_open} == {
        PromotionStatus.REQUESTED,
        PromotionStatus.REOPENED,
        PromotionStatus.RUNNING,
        PromotionStatus.FAILED,
    }
