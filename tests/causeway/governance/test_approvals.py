from dataclasses import replace
from datetime import timedelta

import pytest

from causeway.errors import ApprovalRefused
from causeway.governance.approvals import decide, revoke
from causeway.governance.decisions import facts_of
from causeway.governance.gestures import Channel, Gesture, Verdict, gestures_of
from causeway.governance.registry_calls import RegistryCall
from causeway.versions.stages import LifeCycle, Stage, Status


@pytest.fixture
def gesture(make_version, now) -> Gesture:
    return Gesture(
        version_arn=make_version().arn,
        target=Stage.TEST,
        verdict=Verdict.APPROVED,
        identity="model-owner",
        principal="arn:aws:sts::333333333333:assumed-role/causeway-approver/me",
        reason="looks right",
        at=now,
        call=call_as("test-approver", make_version().arn, now),
    )


def call_as(duty: str, version, now, account: str = "333333333333") -> RegistryCall:
    """A call of a session of that duty's role."""
    role = f"arn:aws:iam::{account}:role/causeway-{duty}"
    return RegistryCall(
        str(version), now, "a session", "somebody", "Approved", role=role, event_id=duty
    )


@pytest.fixture
def records(make_record):
    return {Stage.DEVELOPMENT: make_record(Stage.DEVELOPMENT, Status.PENDING)}


@pytest.fixture
def tested(make_record):
    return {
        Stage.DEVELOPMENT: make_record(Stage.DEVELOPMENT, Status.APPROVED),
        Stage.TEST: make_record(Stage.TEST, Status.PENDING, validation_metrics={"auc": 0.8}),
    }


@pytest.fixture
def judge(make_version, model, topology, now):
    def call(gesture, records, version=None, decisions=(), facts=None):
        version = version or make_version()
        return decide(
            gesture,
            version,
            facts or facts_of(version, now),
            records,
            model,
            topology,
            attempt=1,
            now=now,
            decisions=decisions,
        )

    return call


def refusal(judge, *arguments) -> ApprovalRefused:
    with pytest.raises(ApprovalRefused) as caught:
        judge(*arguments)
    assert caught.value.next_step
    return caught.value


def test_an_entitled_person_decides_on_that_very_artifact(judge, gesture, records, now) -> None:
    decision = judge(gesture, records)
    assert decision.person == "model-owner"
    assert decision.artifact_sha256 == "a" * 64
    assert decision.gate_report_sha256 == "b" * 64
    assert decision.package_sha256 == "f" * 64
    assert decision.valid_until - now == timedelta(days=30)
    assert decision.call is not None
    assert decision.call.event_id == "test-approver"


def test_an_airflow_user_is_the_same_person(judge, gesture, records) -> None:
    assert judge(replace(gesture, channel=Channel.AIRFLOW), records).person == "model-owner"


@pytest.mark.parametrize(
    ("identity", "says"),
    [
        (None, "no person of topology"),
        ("stranger", "no person of topology"),
        ("ml-engineer", "may not decide on test"),
        ("governance-officer", "may not decide on test"),
    ],
)
def test_who_may_not_is_refused_and_the_version_is_suspect(
    judge, gesture, records, identity, says
) -> None:
    error = refusal(judge, replace(gesture, identity=identity), records)
    assert says in str(error)
    assert error.quarantine


@pytest.mark.parametrize("duty", ["trained-by", "requested-by"])
def test_four_eyes_the_trainer_and_the_requester_do_not_decide(
    judge, gesture, records, make_version, duty
) -> None:
    version = make_version(metadata={duty: "model-owner"})
    error = refusal(judge, gesture, records, version)
    assert "four eyes" in str(error)
    assert error.quarantine


def test_four_eyes_rest_on_the_first_sight_of_a_version(
    judge, gesture, records, make_version, now
) -> None:
    facts = facts_of(make_version(metadata={"requested-by": "model-owner"}), now)
    assert "four eyes" in str(refusal(judge, gesture, records, make_version(), (), facts))


@pytest.mark.parametrize(
    "call",
    [
        ("registry-owner", "333333333333"),  # another role
        ("production-approver", "333333333333"),  # of another stage
        ("test-approver", "222222222222"),  # of another account, whose group is shared
    ],
)
def test_an_identity_proves_nobody_in_another_role_or_account(
    judge, gesture, records, now, call
) -> None:
    duty, account = call
    elsewhere = replace(gesture, call=call_as(duty, gesture.version_arn, now, account))
    error = refusal(judge, elsewhere, records)
    assert f"arn:aws:iam::{account}:role/causeway-{duty}" in str(error)
    assert error.quarantine


def test_a_package_that_was_changed_cannot_be_approved(
    judge, gesture, records, make_version, now
) -> None:
    changed = make_version(package_sha256="0" * 64)
    error = refusal(judge, gesture, records, changed, (), facts_of(make_version(), now))
    assert "changed after it was registered" in str(error)
    assert error.quarantine


def test_a_package_that_was_changed_before_it_was_seen_cannot_be_approved(
    judge, gesture, records, make_version
) -> None:
    assert "changed" in str(refusal(judge, gesture, records, make_version(request_sha256="0" * 64)))


def test_one_person_does_not_decide_on_both_stages(
    judge, gesture, records, tested, model, topology, make_version, now
) -> None:
    first = replace(judge(gesture, records), person="governance-officer")
    officer = in_production(gesture, now)
    assert "two stages take two people" in str(
        refusal(judge, officer, tested, make_version(), (first,))
    )
    assert judge(officer, tested, make_version(), (replace(first, attempt=2),))


def in_production(gesture: Gesture, now) -> Gesture:
    """The officer asks for the entry into production."""
    return replace(
        gesture,
        target=Stage.PRODUCTION,
        identity="governance-officer",
        call=call_as("production-approver", gesture.version_arn, now),
    )


@pytest.mark.parametrize("identity", ["model-owner", "governance-officer"])
def test_whoever_decides_on_a_stage_may_stop_an_attempt(
    gesture, model, topology, now, identity
) -> None:
    stop = replace(gesture, verdict=Verdict.REJECTED, identity=identity)
    revocation = revoke(stop, model, topology, attempt=3, now=now)
    assert (revocation.person, revocation.attempt) == (identity, 3)


@pytest.mark.parametrize("identity", [None, "stranger", "ml-engineer"])
def test_nobody_else_stops_an_attempt(gesture, model, topology, now, identity) -> None:
    stop = replace(gesture, verdict=Verdict.REJECTED, identity=identity)
    with pytest.raises(ApprovalRefused) as refused:
        revoke(stop, model, topology, attempt=1, now=now)
    assert not refused.value.quarantine


def test_a_version_that_does_not_exist_is_named(gesture, records, model, topology, now) -> None:
    with pytest.raises(ApprovalRefused, match=r"credit-risk/1: the version does not exist"):
        decide(gesture, None, None, records, model, topology, attempt=1, now=now)


def test_facts_of_another_version_are_refused(judge, gesture, records, make_version) -> None:
    assert "the facts are of" in str(refusal(judge, gesture, records, make_version(2)))


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"digest": None}, "artifact-sha256"),
        ({"metadata": {"artifact-sha256": "x"}}, "artifact-sha256"),
        ({"metadata": {"gate-report-sha256": ""}}, "gate-report-sha256"),
    ],
)
def test_a_version_bound_to_nothing_cannot_be_approved(
    judge, gesture, records, make_version, changes, missing
) -> None:
    error = refusal(judge, gesture, records, make_version(**changes))
    assert missing in str(error)
    assert error.quarantine


def test_production_needs_a_test_record_with_metrics(judge, gesture, records, tested, now) -> None:
    officer = in_production(gesture, now)
    assert judge(officer, tested).target is Stage.PRODUCTION
    assert "no test record" in str(refusal(judge, officer, records))
    unmeasured = {**tested, Stage.TEST: replace(tested[Stage.TEST], validation_metrics={})}
    error = refusal(judge, officer, unmeasured)
    assert "no metrics" in str(error)
    assert not error.quarantine


def test_test_approvers_do_not_decide_on_production(judge, gesture, tested, now) -> None:
    owner = replace(in_production(gesture, now), identity="model-owner")
    assert "may not decide on production" in str(refusal(judge, owner, tested))


@pytest.mark.parametrize("status", [Status.APPROVED, Status.SUPERSEDED, Status.RETIRED])
def test_what_does_not_wait_is_not_decided(judge, gesture, make_record, status) -> None:
    records = {Stage.DEVELOPMENT: make_record(Stage.DEVELOPMENT, status)}
    error = refusal(judge, gesture, records)
    assert status.value in str(error)
    assert not error.quarantine


@pytest.mark.parametrize("status", [Status.QUARANTINED, Status.REJECTED])
def test_who_is_entitled_may_decide_anew(judge, gesture, make_record, status) -> None:
    records = {Stage.DEVELOPMENT: make_record(Stage.DEVELOPMENT, status)}
    assert judge(gesture, records).verdict is Verdict.APPROVED


def test_nobody_decides_on_preproduction(judge, gesture, tested) -> None:
    other = replace(gesture, target=Stage.PREPRODUCTION)
    assert "nobody decides" in str(refusal(judge, other, tested))


def test_the_registry_is_read_as_gestures(make_version) -> None:
    assert gestures_of(make_version()) == ()
    approved = make_version(
        approval_status="Approved",
        approval_description="fine",
        modified_by_identity="model-owner",
    )
    (gesture,) = gestures_of(approved)
    assert (gesture.target, gesture.verdict, gesture.identity, gesture.reason) == (
        Stage.TEST,
        Verdict.APPROVED,
        "model-owner",
        "fine",
    )
    both = gestures_of(replace(approved, lifecycle=LifeCycle("Production", "Rejected", "no")))
    assert [(g.target, g.verdict) for g in both] == [
        (Stage.TEST, Verdict.APPROVED),
        (Stage.PRODUCTION, Verdict.REJECTED),
    ]
    assert gestures_of(make_version(lifecycle=LifeCycle("QA", "Approved"))) == ()
