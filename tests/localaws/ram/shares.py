"""Shares of a model package group: making them, accepting them, and what they allow."""

from __future__ import annotations

from localaws.ram import grants
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws

OWNER, CONSUMER, STRANGER = "shared_services", "data_science", "test"


GROUP_ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}:model-package-group/credit-risk"


def share(owner, group: str, consumer: str = CONSUMER, **extra) -> dict:
    reply = owner.create_resource_share(
        name="models", resourceArns=[group], principals=[ACCOUNTS[consumer]], **extra
    )
    return reply["resourceShare"]


def invitation(consumer) -> dict:
    (received,) = consumer.get_resource_share_invitations()["resourceShareInvitations"]
    return received


def accept(consumer) -> None:
    consumer.accept_resource_share_invitation(
        resourceShareInvitationArn=invitation(consumer)["resourceShareInvitationArn"]
    )


def allowed(aws: Aws, action: str, account: str = CONSUMER, arn: str = GROUP_ARN) -> bool:
    return grants.allowed(aws.cloud, ACCOUNTS[account], f"sagemaker:{action}", arn)


def principal_status(owner, account: str = CONSUMER) -> str:
    (association,) = owner.get_resource_share_associations(
        associationType="PRINCIPAL", principal=ACCOUNTS[account]
    )["resourceShareAssociations"]
    return association["status"]
