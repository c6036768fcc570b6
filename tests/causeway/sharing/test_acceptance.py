import random
from datetime import timedelta

import pytest

from causeway.errors import SharingError, UnexpectedState
from causeway.sharing.acceptance import (
    Invitation,
    Step,
    VisibleShare,
    check_offer,
    foreign,
    judge_acceptance,
)
from causeway.sharing.shares import DesiredShare
from causeway.topology.access_rules import Grant, ResourceKind
from causeway.topology.account_roles import AccountRole
from tests.causeway.values import DATA as OWNER
from tests.causeway.values import STRANGER

EXPECTED = DesiredShare(
    "name",
    AccountRole.DATA,
    OWNER,
    ("2" * 12,),
    ("r1",),
    ResourceKind.FEATURE_GROUPS,
    Grant.READ,
)


@pytest.fixture
def invite(now):
    def make(**changes) -> Invitation:
        values = {
            "arn": "i",
            "share_name": "name",
            "share_arn": "s",
            "sender": OWNER,
            "status": "PENDING",
            "sent_at": now - timedelta(hours=1),
        }
        return Invitation(**{**values, **changes})

    return make


def test_an_expected_invitation_is_accepted(invite, now) -> None:
    acceptance = judge_acceptance(EXPECTED, [invite()], [], now)
    assert (acceptance.step, acceptance.invitation_arn) == (Step.ACCEPT, "i")


def test_acceptance_is_judged_by_the_share_that_is_seen(invite, now) -> None:
    visible = VisibleShare("s", "name", OWNER, "ACTIVE")
    assert judge_acceptance(EXPECTED, [], [visible], now).step is Step.DONE
    assert judge_acceptance(EXPECTED, [invite()], [visible], now).step is Step.DONE


@pytest.mark.parametrize(
    "visible",
    [
        VisibleShare("s", "name", STRANGER, "ACTIVE"),
        VisibleShare("s", "name", OWNER, "PENDING"),
        VisibleShare("s", "other", OWNER, "ACTIVE"),
    ],
)
def test_another_share_is_not_mistaken_for_it(visible, now) -> None:
    assert judge_acceptance(EXPECTED, [], [visible], now).step is Step.WAIT


def test_an_accepted_invitation_without_a_share_is_waited_for(invite, now) -> None:
    assert judge_acceptance(EXPECTED, [invite(status="ACCEPTED")], [], now).step is Step.WAIT


@pytest.mark.parametrize("status", ["EXPIRED", "REJECTED"])
def test_an_invitation_that_ended_is_shared_again(invite, now, status) -> None:
    assert judge_acceptance(EXPECTED, [invite(status=status)], [], now).step is Step.RESHARE


def test_an_invitation_dies_after_twelve_hours_whatever_it_says(invite, now) -> None:
    old = invite(sent_at=now - timedelta(hours=12))
    assert judge_acceptance(EXPECTED, [old], [], now).step is Step.RESHARE
    newer = invite(arn="j", sent_at=now - timedelta(hours=1))
    assert judge_acceptance(EXPECTED, [old, newer], [], now).invitation_arn == "j"


def test_a_stranger_with_the_right_name_is_not_accepted_and_does_not_block(invite, now) -> None:
    theirs = invite(sender=STRANGER, arn="x")
    assert judge_acceptance(EXPECTED, [theirs], [], now).step is Step.WAIT
    assert judge_acceptance(EXPECTED, [theirs, invite()], [], now).invitation_arn == "i"
    assert foreign([EXPECTED], [theirs, invite(), invite(status="REJECTED", share_name="y")]) == (
        theirs,
    )


def test_unexpected_resource_types_are_not_accepted() -> None:
    check_offer(EXPECTED, ["SageMaker:featuregroup"])
    with pytest.raises(SharingError, match="ec2:Subnet"):
        check_offer(EXPECTED, ["sagemaker:FeatureGroup", "ec2:Subnet"])


def test_an_unknown_status_is_an_error_not_a_guess(invite, now) -> None:
    with pytest.raises(UnexpectedState, match="MAYBE"):
        judge_acceptance(EXPECTED, [invite(status="MAYBE")], [], now)


def test_of_a_thousand_foreign_invitations_none_is_accepted(now) -> None:
    draw = random.Random(0)
    others = [
        Invitation(
            f"foreign-{number}",
            name,
            f"share-{number}",
            sender,
            draw.choice(["PENDING", "ACCEPTED", "REJECTED", "EXPIRED"]),
            now - timedelta(minutes=draw.randint(0, 900)),
        )
        for number in range(1000)
        for name, sender in [
            draw.choice([("name", STRANGER), ("other", OWNER), ("nam", OWNER), ("NAME", OWNER)])
        ]
    ]
    acceptance = judge_acceptance(EXPECTED, others, [], now)
    assert (acceptance.step, acceptance.invitation_arn) == (Step.WAIT, None)
    pending = [invitation for invitation in others if invitation.status == "PENDING"]
    assert foreign([EXPECTED], others) == tuple(pending)
