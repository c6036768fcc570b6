"""Shares of model groups, from both sides of an account boundary."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.accounts import ACCOUNTS
from tests.localaws.ram.shares import (
    CONSUMER,
    GROUP_ARN,
    OWNER,
    STRANGER,
    accept,
    allowed,
    share,
)
from tests.refusals import code_of, refused


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (GROUP_ARN.replace("credit-risk", "absent"), "UnknownResourceException"),
        (GROUP_ARN.replace(ACCOUNTS[OWNER], ACCOUNTS["data"]), "InvalidParameterException"),
        ("arn:aws:s3:::bucket", "InvalidParameterException"),
        ("credit-risk", "MalformedArnException"),
    ],
)
def test_only_own_existing_shareable_resources_can_be_shared(group, owner, arn, code) -> None:
    refused(code, owner.create_resource_share, name="models", resourceArns=[group, arn])
    assert owner.get_resource_shares(resourceOwner="SELF")["resourceShares"] == []


def test_a_deleted_group_leaves_its_shares(aws, group, owner, consumer) -> None:
    share(owner, group)
    accept(consumer)
    aws.client("sagemaker", OWNER).delete_model_package_group(ModelPackageGroupName="credit-risk")
    assert not allowed(aws, "DescribeModelPackage")
    assert consumer.list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"] == []


def test_the_same_client_token_makes_one_share(group, owner) -> None:
    first = share(owner, group, clientToken="t-1")
    assert share(owner, group, clientToken="t-1")["resourceShareArn"] == first["resourceShareArn"]
    assert len(owner.get_resource_shares(resourceOwner="SELF")["resourceShares"]) == 1
    with pytest.raises(ClientError) as caught:
        share(owner, group, STRANGER, clientToken="t-1")
    assert code_of(caught) == "IdempotentParameterMismatchException"


def test_associating_what_is_associated_changes_nothing(group, owner, consumer) -> None:
    reply = share(owner, group)
    for _ in range(2):
        owner.associate_resource_share(
            resourceShareArn=reply["resourceShareArn"],
            resourceArns=[group],
            principals=[ACCOUNTS[CONSUMER]],
        )
    assert len(consumer.get_resource_share_invitations()["resourceShareInvitations"]) == 1


def test_a_consumer_can_leave_but_change_nothing_else(aws, group, owner, consumer) -> None:
    arn = share(owner, group)["resourceShareArn"]
    accept(consumer)
    refused(
        "OperationNotPermittedException",
        consumer.disassociate_resource_share,
        resourceShareArn=arn,
        resourceArns=[group],
    )
    consumer.disassociate_resource_share(resourceShareArn=arn, principals=[ACCOUNTS[CONSUMER]])
    assert not allowed(aws, "DescribeModelPackage")


def test_a_deleted_share_grants_nothing_and_vanishes_later(aws, group, owner, consumer) -> None:
    arn = share(owner, group)["resourceShareArn"]
    accept(consumer)
    owner.delete_resource_share(resourceShareArn=arn)
    assert not allowed(aws, "DescribeModelPackage")
    (left,) = owner.get_resource_shares(resourceOwner="SELF")["resourceShares"]
    assert left["status"] == "DELETED"
    aws.advance(2 * 3600 + 1)
    assert owner.get_resource_shares(resourceOwner="SELF")["resourceShares"] == []


def test_another_accounts_share_cannot_be_changed_or_looked_into(aws, group, owner) -> None:
    arn = share(owner, group)["resourceShareArn"]
    stranger = aws.client("ram", STRANGER)
    unknown = "UnknownResourceException"
    refused(unknown, stranger.delete_resource_share, resourceShareArn=arn)
    refused(unknown, stranger.update_resource_share, resourceShareArn=arn, name="mine")
    refused(
        unknown,
        stranger.get_resource_share_associations,
        associationType="PRINCIPAL",
        resourceShareArns=[arn],
    )
