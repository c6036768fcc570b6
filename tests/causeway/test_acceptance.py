from datetime import timedelta

import pytest

from causeway.acceptance import (
    Invitation,
    Step,
    VisibleShare,
    judge_acceptance,
    require_done,
)
from causeway.access_rules import Grant
from causeway.accounts import AccountRole
from causeway.errors import NotSharedYet, SharingError
from causeway.sharing import DesiredShare

OWNER, STRANGER = "1" * 12, "9" * 12
EXPECTED = DesiredShare("name", AccountRole.DATA, OWNER, ("2" * 12,), ("r1",), Grant.READ)


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
            "resource_types": frozenset({"sagemaker:FeatureGroup"}),
        }
        return Invitation(**{**values, **changes})

    return make


def test_an_expected_invitation_is_accepted(invite, now) -> None:
    made = judge_acceptance(EXPECTED, [invite()], [], now)
    assert (made.step, made.invitation_arn) == (Step.ACCEPT, "i")


def test_acceptance_is_judged_by_the_share_that_is_seen(invite, now) -> None:
    seen = VisibleShare("s", "name", OWNER, "ACTIVE")
    assert judge_acceptance(EXPECTED, [], [seen], now).step is Step.DONE
    require_done(EXPECTED, judge_acceptance(EXPECTED, [invite()], [seen], now))


@pytest.mark.parametrize(
    "seen",
    [
        VisibleShare("s", "name", STRANGER, "ACTIVE"),
        VisibleShare("s", "name", OWNER, "PENDING"),
        VisibleShare("s", "other", OWNER, "ACTIVE"),
    ],
)
def test_another_share_is_not_mistaken_for_it(seen, now) -> None:
    made = judge_acceptance(EXPECTED, [], [seen], now)
    assert made.step is Step.WAIT
    with pytest.raises(NotSharedYet):
        require_done(EXPECTED, made)


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


def test_a_stranger_with_the_right_name_is_not_accepted(invite, now) -> None:
    with pytest.raises(SharingError, match="comes from account 999999999999"):
        judge_acceptance(EXPECTED, [invite(sender=STRANGER)], [], now)
    both = [invite(sender=STRANGER, arn="x"), invite()]
    assert judge_acceptance(EXPECTED, both, [], now).invitation_arn == "i"


def test_unexpected_resource_types_are_not_accepted(invite, now) -> None:
    odd = invite(resource_types=frozenset({"sagemaker:FeatureGroup", "ec2:Subnet"}))
    with pytest.raises(SharingError, match="ec2:Subnet"):
        judge_acceptance(EXPECTED, [odd], [], now)
