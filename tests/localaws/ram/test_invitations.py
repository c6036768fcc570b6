"""Invitations to a share: answered once, in time, and by their receiver."""

from __future__ import annotations

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.ram.shares import (
    CONSUMER,
    OWNER,
    STRANGER,
    accept,
    allowed,
    invitation,
    principal_status,
    share,
)
from tests.refusals import refused


def test_nothing_is_granted_before_the_invitation_is_accepted(aws, group, owner, consumer) -> None:
    share(owner, group)
    assert not allowed(aws, "DescribeModelPackage")
    assert principal_status(owner) == "ASSOCIATING"
    assert consumer.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"] == []
    accept(consumer)
    assert allowed(aws, "DescribeModelPackage")
    assert not allowed(aws, "CreateModelPackage"), "not in the permission"
    assert not allowed(aws, "DescribeModelPackage", STRANGER)
    assert principal_status(owner) == "ASSOCIATED"
    (visible,) = consumer.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"]
    assert visible["owningAccountId"] == ACCOUNTS[OWNER]
    assert visible["status"] == "ACTIVE"


def test_a_version_is_granted_with_its_group(aws, group, owner, consumer) -> None:
    share(owner, group)
    accept(consumer)
    version = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}:model-package/credit-risk/7"
    other = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}:model-package/other/7"
    assert allowed(aws, "DescribeModelPackage", arn=version)
    assert not allowed(aws, "DescribeModelPackage", arn=other)


def test_what_is_offered_is_visible_before_it_is_accepted(group, owner, consumer) -> None:
    share(owner, group)
    arn = invitation(consumer)["resourceShareInvitationArn"]
    (offered,) = consumer.list_pending_invitation_resources(resourceShareInvitationArn=arn)[
        "resources"
    ]
    assert (offered["arn"], offered["type"]) == (group, "sagemaker:ModelPackageGroup")


def test_an_invitation_can_be_answered_once(group, owner, consumer) -> None:
    share(owner, group)
    arn = invitation(consumer)["resourceShareInvitationArn"]
    accept(consumer)
    again = "ResourceShareInvitationAlreadyAcceptedException"
    refused(again, consumer.accept_resource_share_invitation, resourceShareInvitationArn=arn)
    refused(again, consumer.reject_resource_share_invitation, resourceShareInvitationArn=arn)


def test_a_rejected_invitation_grants_nothing(aws, group, owner, consumer) -> None:
    share(owner, group)
    arn = invitation(consumer)["resourceShareInvitationArn"]
    consumer.reject_resource_share_invitation(resourceShareInvitationArn=arn)
    assert invitation(consumer)["status"] == "REJECTED"
    assert not allowed(aws, "DescribeModelPackage")
    refused(
        "ResourceShareInvitationAlreadyRejectedException",
        consumer.accept_resource_share_invitation,
        resourceShareInvitationArn=arn,
    )


def test_an_invitation_expires_after_twelve_hours_and_can_be_sent_again(
    aws, group, owner, consumer
) -> None:
    reply = share(owner, group)
    aws.advance(12 * 3600 - 60)
    assert invitation(consumer)["status"] == "PENDING"
    aws.advance(61)
    expired = invitation(consumer)
    assert expired["status"] == "EXPIRED"
    assert principal_status(owner) == "DISASSOCIATED"
    refused(
        "ResourceShareInvitationExpiredException",
        consumer.accept_resource_share_invitation,
        resourceShareInvitationArn=expired["resourceShareInvitationArn"],
    )
    owner.associate_resource_share(
        resourceShareArn=reply["resourceShareArn"], principals=[ACCOUNTS[CONSUMER]]
    )
    pending = [
        received
        for received in consumer.get_resource_share_invitations()["resourceShareInvitations"]
        if received["status"] == "PENDING"
    ]
    consumer.accept_resource_share_invitation(
        resourceShareInvitationArn=pending[0]["resourceShareInvitationArn"]
    )
    assert allowed(aws, "DescribeModelPackage")


def test_a_stranger_cannot_answer_an_invitation(aws, group, owner, consumer) -> None:
    share(owner, group)
    refused(
        "ResourceShareInvitationArnNotFoundException",
        aws.client("ram", STRANGER).accept_resource_share_invitation,
        resourceShareInvitationArn=invitation(consumer)["resourceShareInvitationArn"],
    )
