"""The access matrix by itself: what rows amount to, and whom AWS's words blame."""

from dataclasses import replace

import pytest

from causeway.access.answers import RamView, absence, denial
from causeway.access.checks import Probe, checks
from causeway.access.matrix import Finding, Row, fault_text, faults_of, markdown, summary, table
from causeway.access.prediction import Predictor
from causeway.access.sights import Sight
from causeway.access.verdicts import YES, Answer, Side, no, untested
from tests.causeway.values import REGION

WORDS = (
    "User: arn:aws:sts::222222222222:assumed-role/causeway-trainer/x is not authorized to perform: "
    "{action} on resource: {resource} because no {policy} allows the {action} action"
)


@pytest.fixture
def check(case, topology, now):
    all_checks = checks((case,), topology, now)
    return next(check_ for check_ in all_checks if check_.probe is Probe.DESCRIBE_FEATURE_GROUP)


@pytest.mark.parametrize(
    ("predicted", "probed", "finding"),
    [
        (YES, YES, Finding.WORKS),
        (no(Side.KEY), no(Side.KEY), Finding.DENIED),
        (no(Side.KEY), no(Side.UNKNOWN), Finding.DENIED),
        (no(Side.KEY, Side.BUCKET), no(Side.BUCKET), Finding.DENIED),
        (untested("x"), no(Side.SHARE), Finding.DENIED),
        (YES, no(Side.ORGANISATION), Finding.DISAGREES),
        (no(Side.SHARE), YES, Finding.DISAGREES),
        (no(Side.KEY), no(Side.BUCKET), Finding.DISAGREES),
        (YES, untested("x"), Finding.UNTESTED),
        # What is not there looks to a consumer as if it were not shared.
        (no(Side.ABSENT), no(Side.SHARE), Finding.UNTESTED),
        (no(Side.ABSENT), YES, Finding.DISAGREES),
    ],
)
def test_a_row_amounts_to_what_its_two_answers_say(check, predicted, probed, finding) -> None:
    assert Row(check, predicted, probed).finding is finding


def test_a_disagreement_is_counted_marked_and_told_with_both_answers(check, now) -> None:
    row = Row(check, YES, no(Side.ORGANISATION, reason="an explicit deny"))
    assert faults_of([row]) == (row,)
    assert summary([row])["prediction and probe disagree"] == 1
    assert "describe (!)" in table([row])
    assert "predicted yes, probed no: service control policy" in fault_text(row)
    assert fault_text(row) in markdown([row], run="r", at=now)
    assert row.as_json()["next_steps"]


@pytest.mark.parametrize(
    ("policy", "action", "side"),
    [
        ("identity-based policy", "sagemaker:DescribeFeatureGroup", Side.IDENTITY),
        ("permissions boundary", "s3:GetObject", Side.BOUNDARY),
        ("service control policy", "s3:GetObject", Side.ORGANISATION),
        ("resource-based policy", "s3:GetObject", Side.BUCKET),
        ("resource-based policy", "kms:Decrypt", Side.KEY),
        ("resource-based policy", "glue:GetTable", Side.CATALOGUE),
    ],
)
def test_the_words_of_a_denial_blame_the_policy_that_they_name(check, policy, action, side) -> None:
    text = WORDS.format(action=action, resource=check.resource, policy=policy)
    assert denial(text, check, REGION, None).sides == (side,)


def test_what_a_consumer_sees_of_ram_tells_share_invitation_and_permission_apart(check) -> None:
    text = WORDS.split(" because")[0].format(
        action="sagemaker:DescribeFeatureGroup", resource=check.resource
    )
    views = {
        Side.SHARE: RamView.of([], []),
        Side.INVITATION: RamView.of([], [(check.share, check.owner)]),
        Side.PERMISSION: RamView.of([check.resource], []),
    }
    for side, view in views.items():
        assert denial(text, check, REGION, view).sides == (side,)
    # Somebody else's invitation to a share of that name explains nothing.
    stranger = RamView.of([], [(check.share, "999999999999")])
    assert denial(text, check, REGION, stranger).sides == (Side.SHARE,)
    assert denial(text, check, REGION, None).sides == (Side.UNKNOWN,)


def test_a_group_opened_by_its_policy_is_blamed_on_the_policy_not_on_ram(check) -> None:
    text = WORDS.split(" because")[0].format(
        action="sagemaker:DescribeModelPackageGroup", resource=check.resource
    )
    by_policy = replace(check, route="policy")
    assert denial(text, by_policy, REGION, RamView.of([], [])).sides == (Side.GROUP,)


def test_the_words_of_lake_formation_and_an_explicit_deny_name_their_sides(check) -> None:
    lacking = "Insufficient Lake Formation permission(s): Required Describe on credit_risk_loan_1"
    assert denial(lacking, check, REGION, None).sides == (Side.LAKE,)
    text = WORDS.split(" because")[0] + " with an explicit deny in a resource-based policy"
    denied = text.format(action="sagemaker:DescribeModelPackageGroup", resource=check.resource)
    view = RamView.of([check.resource], [])
    assert denial(denied, check, REGION, view).sides == (Side.GROUP,)


def test_what_is_shared_but_not_found_does_not_exist(check) -> None:
    view = RamView.of([check.resource], [])
    assert absence("ResourceNotFound", check, REGION, view).sides == (Side.ABSENT,)
    hidden = RamView.of([], [])
    assert absence("ResourceNotFound", check, REGION, hidden).sides == (Side.SHARE,)
    assert absence("ResourceNotFound", check, "us-east-1", view).sides == (Side.REGION,)


def test_an_account_that_nobody_saw_gives_no_yes(check, topology) -> None:
    assert Predictor((), topology).predict(check).answer is Answer.UNTESTED
    sight = Sight(account=check.owner, region=REGION, existing=(check.resource,))
    verdict = Predictor((sight,), topology).predict(check)
    assert (verdict.answer, check.account in verdict.reason) == (Answer.UNTESTED, True)


def test_another_region_and_a_resource_that_is_not_there_are_named(check, topology) -> None:
    owner = Sight(account=check.owner, region=REGION)
    far = Predictor((owner, Sight(account=check.account, region="us-east-1")), topology)
    assert far.predict(check).sides == (Side.REGION,)
    near = Predictor((owner, Sight(account=check.account, region=REGION)), topology)
    assert near.predict(check).sides == (Side.ABSENT,)


def test_every_receiver_and_grant_has_checks_and_their_keys_differ(case, topology, now) -> None:
    all_checks = checks((case,), topology, now)
    assert len({check_.key for check_ in all_checks}) == len(all_checks)
    assert {check_.account_role.value for check_ in all_checks} == {"data_science", "test", "prod"}
    assert replace(all_checks[0], duty="other").key != all_checks[0].key


def test_the_offline_table_is_the_contracts_and_a_group_without_one_has_no_such_check(
    case, topology, now
) -> None:
    def tables(**offline) -> set[str]:
        first, *others = case.feature_groups
        changed = first.model_copy(update={"offline": first.offline.model_copy(update=offline)})
        use_case = case.model_copy(update={"feature_groups": (changed, *others)})
        return {
            check_.needs[-1].resource.partition(":table/")[2]
            for check_ in checks((use_case,), topology, now)
            if check_.probe is Probe.LOOK_UP_TABLE and check_.resource.endswith(f"/{first.name}")
        }

    assert tables(table="Loans", database="lake") == {"lake/loans"}
    assert len(tables()) == 1 and next(iter(tables())).startswith("sagemaker_featurestore/")
    assert tables(enabled=False) == set()
