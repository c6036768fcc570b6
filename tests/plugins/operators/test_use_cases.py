"""A use case is recorded, moved by people, and asked before a deployment, on the local AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from causeway.errors import ApprovalRefused
from causeway.governance.use_case_record import chain_of, record_key
from causeway.model_cards.completeness import NEEDED
from tests.causeway.governance.life import said, word
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import (
    ABOUT,
    approve,
    clear,
    deploy,
    register,
    run_of,
    smoke,
    sync,
    to_production,
)
from tests.plugins.conftest import context, execute
from tests.refusals import refused

if TYPE_CHECKING:
    pass

from tests.plugins.use_case_people import (
    CASE,
    GROUP,
    OTHER,
    People,
    chain_breaks,
    forget,
    last_word,
    read,
    record,
    table,
    write,
)


@pytest.fixture
def people(shared: LocalPlatform) -> Iterator[People]:
    for case in (CASE, OTHER):
        forget(shared, case)
    yield People(shared)
    for case in (CASE, OTHER):
        forget(shared, case)


def test_a_use_case_is_recorded_in_its_proof_of_concept_and_recorded_once(people: People) -> None:
    first = record()
    assert (first["stage"], first["risk"]) == ("poc", "high")
    assert read().recorded_by == ("ml-engineer",)
    assert read().form.owner == "model-owner"  # the file says so
    assert record() == first and read().revision == 1
    amended = record(oversight="two people look at each refusal")
    assert amended["record"] != first["record"] and read().turn == 2
    assert chain_breaks() == []


def test_a_use_case_without_a_file_names_an_owner_who_is_known(people: People) -> None:
    fields = {"name": "x", "risk": "limited", "line_of_business": "x", "project": "x"}
    with pytest.raises(AirflowFailException, match="owner: 'the risk team' is nobody of topology"):
        record("yet_to_come", owner_of_use_case="the risk team", **fields)
    assert table().use_case("yet_to_come") is None


@pytest.mark.parametrize(
    ("answers", "user", "reason"),
    [
        ({"risk": "unacceptable"}, "ml-engineer", "has an unacceptable risk"),
        ({"risk": "limited"}, "ml-engineer", "differs from its file"),
        ({"mitigation": ""}, "ml-engineer", "lacks mitigation"),
        ({}, "a-stranger", "'a-stranger' is none"),
        ({}, None, "None is none"),
        ({}, "governance-officer", "there is risk-officer"),
        ({"use_case": "Other Case"}, "ml-engineer", "no id of a use case"),
    ],
)
def test_what_may_not_be_recorded_is_refused(
    people: People, answers: dict[str, str], user: str | None, reason: str
) -> None:
    with pytest.raises(AirflowFailException, match=reason):
        record(user=user, **answers)
    assert table().use_case(CASE) is None and table().query(f"AUDIT#{chain_of(CASE)}") == []


def test_of_two_who_amend_at_once_one_wins(people: People) -> None:
    from causeway.governance.use_case_changes import recorded
    from causeway.governance.use_case_record import next_record

    record()
    before, decider = read(), table("decider")
    changes = []
    for person in ("ml-engineer", "model-owner"):
        form = replace(before.form, oversight=f"as {person} wants it")
        after = next_record(form, before, person, before.changed_at, before.models)
        assert after is not None
        changes.append(recorded(after, before, person, "run-1", "444444444444"))
    assert [decider.record([change]) for change in changes] == [True, False]
    assert read().changed_by == "ml-engineer" and chain_breaks() == []


def test_high_risk_takes_two_people_for_each_stage(people: People) -> None:
    record()
    people.say("governance-officer", "development")
    sync()
    assert read().stage == "poc" and last_word().outcome == "counted"
    people.say("governance-officer", "development", reason="once more")
    sync()
    assert "approved it already" in last_word().refusal and read().stage == "poc"
    people.say("risk-officer", "development")
    sync()
    assert read().stage == "development" and last_word().outcome == "advanced"
    assert [each.person for each in read().admitted_by] == ["governance-officer", "risk-officer"]
    sync()  # words are judged once
    assert read().stage == "development" and chain_breaks() == []


def test_a_use_case_is_sent_back_with_a_reason_by_one_person(people: People) -> None:
    record()
    people.both("development")
    people.say("risk-officer", "poc", "rejected", "the data sheet is missing")
    sync()
    assert (read().stage, read().reason) == ("poc", "the data sheet is missing")
    people.say("governance-officer", "poc", "rejected", " ")
    sync()
    assert "without a reason" in last_word().refusal


def test_words_that_do_not_count_are_refused_once_and_change_nothing(
    people: People, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    record()
    sync()  # words of tests before this one, which are of other records
    before = read()
    heard()
    people.say("governance-officer", "qa")
    sync()
    assert "it is in poc" in last_word().refusal
    people.say("governance-officer", "development", digest="0" * 64)
    sync()
    assert "decided on record 000" in last_word().refusal
    people.say("governance-officer", "nowhere")
    sync()
    assert "no stage" in last_word().refusal
    assert len(heard()) == 3
    sync()
    assert read() == before and heard() == [] and chain_breaks() == []


def test_whoever_recorded_it_may_not_approve_it(people: People) -> None:
    record()  # the form would refuse the officer: one person alone would be left to approve
    write(replace(read(), recorded_by=("ml-engineer", "governance-officer"), revision=2))
    people.say("governance-officer", "development")
    sync()
    assert "recorded the use case" in last_word().refusal


def test_a_decision_cannot_be_forged(people: People) -> None:
    from causeway.governance.use_case_record import write_record
    from causeway_airflow.hooks.base import AwsCallError

    record()
    sync()  # words of tests before this one
    digest = read().digest
    # The administrator of the registry sets the same tags, the duties that may tag as well.
    people.say("", "development", client=people.platform.client("sagemaker", "shared_services"))
    sync()
    assert "it was said as" in last_word().refusal and last_word().person == ""
    side_door = people.platform.stranger("governance-officer")
    iam = people.platform.client("iam", "shared_services")
    tag = {"Effect": "Allow", "Action": "sagemaker:AddTags", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [tag]})
    iam.put_role_policy(RoleName="side-door", PolicyName="tag", PolicyDocument=document)
    people.say("", "development", client=side_door)
    sync()
    assert "a source identity proves a person only in" in last_word().refusal
    # An approver of test has no such permission, and the recorder does not write records.
    owner = people.platform.person("model-owner", "test")
    refused("AccessDeniedException", people.say, "", "development", client=owner)
    with pytest.raises(AwsCallError, match="not authorized"):
        table("recorder").apply(write_record(replace(read(), revision=2), read()))
    assert read().digest == digest and read().stage == "poc"


def test_a_record_that_somebody_edits_or_puts_there_shows_in_the_audit(people: People) -> None:
    from causeway_airflow.operators.audit import AuditOperator

    record(OTHER)
    administrator = people.platform.client("dynamodb", "governance")
    key = {name: {"S": value} for name, value in record_key(OTHER).item().items()}
    administrator.update_item(
        TableName="causeway-governance",
        Key=key,
        UpdateExpression="SET #stage = :stage",
        ExpressionAttributeNames={"#stage": "stage"},
        ExpressionAttributeValues={":stage": {"S": "production"}},
    )
    (broken,) = chain_breaks(OTHER)
    assert str(broken).startswith(
        "chain use-case/california_housing, entry 1: USE_CASES california_housing is"
    )
    with pytest.raises(AirflowFailException, match="chain use-case/california_housing, entry 1"):
        AuditOperator(task_id="verify").execute(context())
    for item in table().query(f"AUDIT#{chain_of(OTHER)}"):
        entry = {name: {"S": item[name]} for name in ("pk", "sk")}
        administrator.delete_item(TableName="causeway-governance", Key=entry)
    (broken,) = chain_breaks(OTHER)
    assert "and no entry is about it" in str(broken)


def test_of_two_who_judge_at_once_one_wins(people: People) -> None:
    from causeway.governance.use_case_changes import JudgedWord, decided, outcome_of

    record()
    before, changes = read(), []
    for person in ("governance-officer", "risk-officer"):
        spoken = word(before, "development", person)
        after = said(before, "development", person)
        judged = JudgedWord(spoken, person, outcome_of(after, before), "", before.changed_at)
        changes.append(decided(judged, after, before, "run-1", "444444444444"))
    assert [table("decider").record([change]) for change in changes] == [True, False]
    assert [each.person for each in read().approvals] == ["governance-officer"]
    assert len(table().judged_words(CASE)) == 1 and chain_breaks() == []


def test_a_use_case_that_cannot_be_judged_stops_no_sync_and_loses_no_word(
    people: People, heard: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway.governance.table import LOOKED_AT
    from causeway_airflow.tasks import use_case_words

    def failing(*given: Any) -> None:
        raise AttributeError("of a card that nobody can read")

    record()
    sync()
    before, judged = table().get(LOOKED_AT), table().judged_words(CASE)
    people.say("governance-officer", "development")
    heard()
    with monkeypatch.context() as patch:
        patch.setattr(use_case_words, "_progress", failing)
        sync()
    failures = [each["alert"] for each in heard() if "words are not judged" in each["alert"]]
    assert len(failures) == 1 and "AttributeError: of a card" in failures[0]
    assert (table().get(LOOKED_AT), table().judged_words(CASE)) == (before, judged)
    sync()
    assert last_word().outcome == "counted" and table().get(LOOKED_AT) != before


def test_a_word_that_loses_a_race_is_judged_by_the_next_sync(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway.governance.table import LOOKED_AT
    from causeway_airflow.tasks import use_case_words

    record()
    sync()
    before, judged = table().get(LOOKED_AT), table().judged_words(CASE)
    change = use_case_words._change

    def beaten(*given: Any) -> Any:
        write(replace(read(), revision=read().revision + 1))  # somebody writes it meanwhile
        return change(*given)

    people.say("governance-officer", "development")
    with monkeypatch.context() as patch:
        patch.setattr(use_case_words, "_change", beaten)
        sync()
    assert (table().get(LOOKED_AT), table().judged_words(CASE)) == (before, judged)
    sync()
    assert last_word().outcome == "counted" and table().get(LOOKED_AT) != before


def test_approvers_may_set_the_tags_of_words_alone(people: People) -> None:
    client = people.platform.person("governance-officer", "production")
    for tags in ({"owner": "me"}, {"causeway:use-case": CASE}):
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        refused("AccessDeniedException", client.add_tags, ResourceArn=GROUP, Tags=pairs)


def test_a_version_enters_an_account_as_far_as_its_use_case_has_come(
    people: People, approved: str, own_endpoints: None
) -> None:
    record()
    with pytest.raises(ApprovalRefused, match="it is in poc"):
        execute(deploy(approved), run_of(approved))
    people.both("development")
    forged = read()  # whoever may write as the decider puts a word there that nobody said
    admitted = tuple(replace(each, event_id="nobody-s") for each in forged.admitted_by)
    write(replace(forged, admitted_by=admitted, revision=forged.revision + 1))
    with pytest.raises(ApprovalRefused, match="CloudTrail has no event nobody-s"):
        execute(deploy(approved), run_of(approved))
    write(replace(forged, revision=forged.revision + 2))
    execute(deploy(approved), run_of(approved))


def test_a_use_case_lives_from_its_proof_of_concept_to_its_end(
    people: People, own_endpoints: None, request: pytest.FixtureRequest
) -> None:
    """With a model that goes all the way in each stage, as far as the stage lets it."""
    from causeway_airflow.operators.retirement import RetireOperator

    record()
    people.both("development")
    version = register(request.node.name).perform(context())["version_arn"]
    sync()
    approve(people.platform, version)
    people.both("qa")
    clear(people.platform, version)
    with pytest.raises(ApprovalRefused, match="it is in qa"):
        execute(to_production(version), run_of(version))
    people.say("risk-officer", "pre-production")
    sync()
    assert "these model cards are not complete" in last_word().refusal
    complete_card(people.platform)
    people.both("pre-production")
    execute(to_production(version), run_of(version))
    smoke(version).perform(run_of(version))
    sync()
    people.both("production")
    assert (read().stage, read().turn) == ("production", 5)
    people.say("risk-officer", "retired")
    sync()
    assert "production serves credit_risk" in last_word().refusal
    execute(RetireOperator(task_id="retire", version=None, reason="no use", **ABOUT), context())
    people.both("retired")
    assert read().stage == "retired"
    people.say("risk-officer", "poc", "rejected")
    sync()
    assert "it is retired" in last_word().refusal
    assert chain_breaks() == []


def complete_card(platform: LocalPlatform) -> None:
    """Write on the model's card what nobody can derive, as people of the registry's account do."""
    cards = platform.client("sagemaker", "shared_services")
    content = json.loads(cards.describe_model_card(ModelCardName="credit-risk")["Content"])
    for path in NEEDED[2:]:
        section, _, name = path.partition(".")
        content.setdefault(section, {})[name] = "as the credit department wrote"
    cards.update_model_card(ModelCardName="credit-risk", Content=json.dumps(content))
