"""Sharing inside an organisation, and with accounts outside of it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from localaws.ram import organisation
from tests.accounts import ACCOUNTS
from tests.localaws.ram.shares import (
    CONSUMER,
    OWNER,
    STRANGER,
    allowed,
    principal_status,
    share,
)
from tests.refusals import code_of, refused


def test_an_external_account_is_refused_where_external_principals_are_not_allowed(
    group, owner
) -> None:
    with pytest.raises(ClientError) as caught:
        share(owner, group, allowExternalPrincipals=False)
    assert code_of(caught) == "OperationNotPermittedException"
    assert owner.get_resource_shares(resourceOwner="SELF")["resourceShares"] == []


def test_the_own_account_needs_no_invitation(group, owner) -> None:
    share(owner, group, OWNER)
    assert principal_status(owner, OWNER) == "ASSOCIATED"


def test_sharing_inside_an_organisation_needs_no_invitation(aws, group, owner, consumer) -> None:
    management = aws.client("ram", "governance")
    refused("OperationNotPermittedException", management.enable_sharing_with_aws_organization)
    organisation.of(aws.cloud).found(ACCOUNTS["governance"], set(ACCOUNTS.values()))
    refused("OperationNotPermittedException", owner.enable_sharing_with_aws_organization)
    management.enable_sharing_with_aws_organization()
    share(owner, group, allowExternalPrincipals=False)
    assert consumer.get_resource_share_invitations()["resourceShareInvitations"] == []
    assert allowed(aws, "DescribeModelPackage")


def test_a_share_with_the_organisation_reaches_all_its_accounts(aws, group, owner) -> None:
    ours = organisation.of(aws.cloud)
    ours.found(ACCOUNTS["governance"], {ACCOUNTS[OWNER], ACCOUNTS[CONSUMER]})
    ours.sharing = True
    owner.create_resource_share(name="all", resourceArns=[group], principals=[ours.arn])
    assert allowed(aws, "DescribeModelPackage")
    assert not allowed(aws, "DescribeModelPackage", STRANGER)
