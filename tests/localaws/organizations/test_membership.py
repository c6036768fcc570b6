"""Organizations: who is in it, what is where in it, and what sharing inside it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localaws.server import Accounts, running
from tests.accounts import ACCOUNTS
from tests.localaws.conftest import Aws
from tests.localaws.shapes import checked
from tests.refusals import refused

MANAGEMENT, MEMBER = "governance", "data"
TOPOLOGY = """
region: eu-central-1
organisation: {enabled: true, sharing: true}
accounts: {governance: "444444444444", data: "111111111111", prod: "666666666666"}
"""


@pytest.fixture
def joined(tmp_path: Path) -> Iterator[Aws]:
    """A local AWS whose topology file puts the accounts into an organisation."""
    file = tmp_path / "topology.yaml"
    file.write_text(TOPOLOGY)
    with running(Accounts.load(file)) as server:
        yield Aws(server)


def test_by_default_there_is_no_organisation(aws: Aws) -> None:
    client = aws.client("organizations", MANAGEMENT)
    refused("AWSOrganizationsNotInUseException", client.describe_organization)
    refused("AWSOrganizationsNotInUseException", client.list_accounts)


def test_a_topology_puts_its_accounts_into_one(joined: Aws) -> None:
    management = checked(joined.client("organizations", MANAGEMENT))
    member = checked(joined.client("organizations", MEMBER))
    assert member.describe_organization()["Organization"]["MasterAccountId"] == ACCOUNTS[MANAGEMENT]
    pages = management.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 2})
    names = {account["Id"]: account["Name"] for page in pages for account in page["Accounts"]}
    assert names == {ACCOUNTS[role]: role for role in ("data", "governance", "prod")}
    refused("AccessDeniedException", member.list_accounts)
    trusted = management.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert [service["ServicePrincipal"] for service in trusted] == ["ram.amazonaws.com"]


def test_a_share_inside_it_needs_no_invitation(joined: Aws) -> None:
    owner = joined.client("sagemaker", "prod")
    arn = owner.create_model_package_group(ModelPackageGroupName="g")["ModelPackageGroupArn"]
    joined.client("ram", "prod").create_resource_share(
        name="s", resourceArns=[arn], principals=[ACCOUNTS[MEMBER]]
    )
    assert joined.client("sagemaker", MEMBER).describe_model_package_group(
        ModelPackageGroupName=arn
    )
    invitations = joined.client("ram", MEMBER).get_resource_share_invitations()
    assert invitations["resourceShareInvitations"] == []


def test_an_unknown_key_of_the_topology_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text(TOPOLOGY.replace("sharing", "share"))
    with pytest.raises(ValueError, match="organisation: unknown share"):
        Accounts.load(file)


def test_accounts_are_invited_join_and_leave(aws: Aws) -> None:
    management = checked(aws.client("organizations", MANAGEMENT))
    member = checked(aws.client("organizations", MEMBER))
    management.create_organization()
    refused("AlreadyInOrganizationException", management.create_organization)
    target = {"Id": ACCOUNTS[MEMBER], "Type": "ACCOUNT"}
    management.invite_account_to_organization(Target=target)
    handshake = member.list_handshakes_for_account()["Handshakes"][0]
    stranger = aws.client("organizations", "prod")
    refused("HandshakeNotFoundException", stranger.accept_handshake, HandshakeId=handshake["Id"])
    member.accept_handshake(HandshakeId=handshake["Id"])
    assert len(management.list_accounts()["Accounts"]) == 2
    again = member.accept_handshake
    refused("InvalidHandshakeTransitionException", again, HandshakeId=handshake["Id"])
    aws.client("ram", MANAGEMENT).enable_sharing_with_aws_organization()
    refused("MasterCannotLeaveOrganizationException", management.leave_organization)
    refused("OrganizationNotEmptyException", management.delete_organization)
    member.leave_organization()
    refused("AWSOrganizationsNotInUseException", member.describe_organization)
    management.delete_organization()
    refused("AWSOrganizationsNotInUseException", management.describe_organization)


def test_an_invitation_expires(aws: Aws) -> None:
    management = aws.client("organizations", MANAGEMENT)
    management.create_organization()
    target = {"Id": ACCOUNTS[MEMBER], "Type": "ACCOUNT"}
    handshake = management.invite_account_to_organization(Target=target)["Handshake"]
    aws.advance(15 * 86400 + 1)
    member = aws.client("organizations", MEMBER)
    refused(
        "InvalidHandshakeTransitionException", member.accept_handshake, HandshakeId=handshake["Id"]
    )
    assert member.list_handshakes_for_account()["Handshakes"][0]["State"] == "EXPIRED"


def test_accounts_move_between_units(joined: Aws) -> None:
    client = checked(joined.client("organizations", MANAGEMENT))
    root = client.list_roots()["Roots"][0]["Id"]
    unit = client.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]
    refused(
        "DuplicateOrganizationalUnitException",
        client.create_organizational_unit,
        ParentId=root,
        Name="Workloads",
    )
    account = ACCOUNTS["prod"]
    client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit["Id"])
    assert client.list_parents(ChildId=account)["Parents"] == [
        {"Id": unit["Id"], "Type": "ORGANIZATIONAL_UNIT"}
    ]
    inside = client.list_accounts_for_parent(ParentId=unit["Id"])["Accounts"]
    assert [item["Id"] for item in inside] == [account]
    assert client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"] == [
        unit
    ]
    children = client.list_children(ParentId=root, ChildType="ACCOUNT")["Children"]
    assert account not in [item["Id"] for item in children]
    client.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    client.disable_aws_service_access(ServicePrincipal="ram.amazonaws.com")
    trusted = client.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert [service["ServicePrincipal"] for service in trusted] == ["cloudtrail.amazonaws.com"]
