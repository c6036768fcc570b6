"""Shares of feature groups and model groups, from both sides of an account boundary."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localaws.ram import grants, organisation
from localaws.ram.permissions import default_of, managed, resource_types
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.shapes import checked
from tests.localaws.sharing import GROUP_DEPLOY, GROUP_REGISTER
from tests.refusals import code_of, refused

OWNER, CONSUMER, STRANGER = "shared_services", "data_science", "test"
GROUP_ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}:model-package-group/credit-risk"


@pytest.fixture
def group(aws: Aws) -> str:
    made = aws.client("sagemaker", OWNER).create_model_package_group(
        ModelPackageGroupName="credit-risk"
    )
    assert made["ModelPackageGroupArn"] == GROUP_ARN
    return GROUP_ARN


@pytest.fixture
def owner(aws: Aws):
    return checked(aws.client("ram", OWNER))


@pytest.fixture
def consumer(aws: Aws):
    return checked(aws.client("ram", CONSUMER))


def share(owner, group: str, consumer: str = CONSUMER, **extra) -> dict:
    made = owner.create_resource_share(
        name="models", resourceArns=[group], principals=[ACCOUNTS[consumer]], **extra
    )
    return made["resourceShare"]


def invitation(consumer) -> dict:
    (found,) = consumer.get_resource_share_invitations()["resourceShareInvitations"]
    return found


def accept(consumer) -> None:
    consumer.accept_resource_share_invitation(
        resourceShareInvitationArn=invitation(consumer)["resourceShareInvitationArn"]
    )


def allowed(aws: Aws, action: str, account: str = CONSUMER, arn: str = GROUP_ARN) -> bool:
    return grants.allowed(aws.cloud, ACCOUNTS[account], f"sagemaker:{action}", arn)


def principal_status(owner, account: str = CONSUMER) -> str:
    (found,) = owner.get_resource_share_associations(
        associationType="PRINCIPAL", principal=ACCOUNTS[account]
    )["resourceShareAssociations"]
    return found["status"]


# ------------------------------------------------------------------------------- data
def test_each_managed_permission_allows_only_actions_of_its_type() -> None:
    for permission in managed().values():
        kind = resource_types()[permission.resource_type]
        assert set(permission.version().actions) <= kind.actions, permission.name


def test_each_type_has_exactly_one_default_permission() -> None:
    for kind in resource_types():
        defaults = [p for p in managed().values() if p.resource_type == kind and p.is_type_default]
        assert defaults == [default_of(kind)]


# -------------------------------------------------------------------------- invitations
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
    (seen,) = consumer.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"]
    assert seen["owningAccountId"] == ACCOUNTS[OWNER]
    assert seen["status"] == "ACTIVE"


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
    made = share(owner, group)
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
        resourceShareArn=made["resourceShareArn"], principals=[ACCOUNTS[CONSUMER]]
    )
    pending = [
        one
        for one in consumer.get_resource_share_invitations()["resourceShareInvitations"]
        if one["status"] == "PENDING"
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


# ------------------------------------------------------------------------ organisation
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
    found = organisation.of(aws.cloud)
    found.found(ACCOUNTS["governance"], {ACCOUNTS[OWNER], ACCOUNTS[CONSUMER]})
    found.sharing = True
    owner.create_resource_share(name="all", resourceArns=[group], principals=[found.arn])
    assert allowed(aws, "DescribeModelPackage")
    assert not allowed(aws, "DescribeModelPackage", STRANGER)


# --------------------------------------------------------------------- what can be shared
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


# ------------------------------------------------------------------------- idempotency
def test_the_same_client_token_makes_one_share(group, owner) -> None:
    first = share(owner, group, clientToken="t-1")
    assert share(owner, group, clientToken="t-1")["resourceShareArn"] == first["resourceShareArn"]
    assert len(owner.get_resource_shares(resourceOwner="SELF")["resourceShares"]) == 1
    with pytest.raises(ClientError) as caught:
        share(owner, group, STRANGER, clientToken="t-1")
    assert code_of(caught) == "IdempotentParameterMismatchException"


def test_associating_what_is_associated_changes_nothing(group, owner, consumer) -> None:
    made = share(owner, group)
    for _ in range(2):
        owner.associate_resource_share(
            resourceShareArn=made["resourceShareArn"],
            resourceArns=[group],
            principals=[ACCOUNTS[CONSUMER]],
        )
    assert len(consumer.get_resource_share_invitations()["resourceShareInvitations"]) == 1


# ------------------------------------------------------------------- leaving and deleting
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


# ------------------------------------------------------------------------- permissions
def test_a_share_without_a_named_permission_gets_the_types_default(group, owner, consumer) -> None:
    arn = share(owner, group)["resourceShareArn"]
    (attached,) = owner.list_resource_share_permissions(resourceShareArn=arn)["permissions"]
    assert attached["arn"] == GROUP_DEPLOY
    accept(consumer)
    assert consumer.list_resource_share_permissions(resourceShareArn=arn)["permissions"]


def test_a_type_has_one_permission_in_a_share_and_it_can_be_replaced(
    aws, group, owner, consumer
) -> None:
    arn = share(owner, group)["resourceShareArn"]
    accept(consumer)
    swap = {"resourceShareArn": arn, "permissionArn": GROUP_REGISTER}
    refused("InvalidParameterException", owner.associate_resource_share_permission, **swap)
    owner.associate_resource_share_permission(**swap, replace=True)
    assert allowed(aws, "CreateModelPackage")
    assert not allowed(aws, "CreateModel")
    refused(
        "InvalidParameterException",
        owner.create_resource_share,
        name="two",
        permissionArns=[GROUP_DEPLOY, GROUP_REGISTER],
    )
    refused(
        "InvalidStateTransitionException",
        owner.disassociate_resource_share_permission,
        resourceShareArn=arn,
        permissionArn=GROUP_REGISTER,
    )


def test_a_customers_permission_grants_what_it_says(aws, group, owner, consumer) -> None:
    template = {"Effect": "Allow", "Action": ["sagemaker:DescribeModelPackageGroup"]}
    made = owner.create_permission(
        name="look-only",
        resourceType="sagemaker:ModelPackageGroup",
        policyTemplate=json.dumps(template),
    )["permission"]
    share(owner, group, permissionArns=[made["arn"]])
    accept(consumer)
    assert allowed(aws, "DescribeModelPackageGroup")
    assert not allowed(aws, "DescribeModelPackage")
    assert json.loads(
        owner.get_permission(permissionArn=made["arn"])["permission"]["permission"]
    ) == (template)
    refused("OperationNotPermittedException", owner.delete_permission, permissionArn=made["arn"])
    refused("UnknownResourceException", consumer.get_permission, permissionArn=made["arn"])


def test_a_new_permission_version_does_not_change_existing_shares(
    aws, group, owner, consumer
) -> None:
    def template(*actions: str) -> str:
        return json.dumps({"Effect": "Allow", "Action": [f"sagemaker:{a}" for a in actions]})

    arn = owner.create_permission(
        name="ours",
        resourceType="sagemaker:ModelPackageGroup",
        policyTemplate=template("DescribeModelPackage"),
    )["permission"]["arn"]
    made = share(owner, group, permissionArns=[arn])
    accept(consumer)
    owner.create_permission_version(permissionArn=arn, policyTemplate=template("CreateModel"))
    assert len(owner.list_permission_versions(permissionArn=arn)["permissions"]) == 2
    assert allowed(aws, "DescribeModelPackage")
    owner.associate_resource_share_permission(
        resourceShareArn=made["resourceShareArn"], permissionArn=arn, replace=True
    )
    assert allowed(aws, "CreateModel")
    assert not allowed(aws, "DescribeModelPackage")


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{", "MalformedPolicyTemplateException"),
        (
            '{"Effect": "Deny", "Action": "sagemaker:CreateModel"}',
            "MalformedPolicyTemplateException",
        ),
        (
            '{"Effect": "Allow", "Action": "sagemaker:CreateModel", "Resource": "*"}',
            "MalformedPolicyTemplateException",
        ),
        ('{"Effect": "Allow", "Action": "s3:GetObject"}', "InvalidPolicyException"),
        (
            '{"Effect": "Allow", "Action": "sagemaker:CreateModel", "Condition": {}}',
            "UnsupportedOperation",
        ),
    ],
)
def test_a_permission_template_is_checked(owner, template, code) -> None:
    refused(
        code,
        owner.create_permission,
        name="ours",
        resourceType="sagemaker:ModelPackageGroup",
        policyTemplate=template,
    )


# ----------------------------------------------------------------------------- looking
def test_both_sides_list_resources_and_principals(group, owner, consumer) -> None:
    share(owner, group)
    accept(consumer)
    kind = "sagemaker:ModelPackageGroup"
    for client, side in ((owner, "SELF"), (consumer, "OTHER-ACCOUNTS")):
        (found,) = client.list_resources(resourceOwner=side, resourceType=kind)["resources"]
        assert found["arn"] == group
        assert client.list_resources(resourceOwner=side, resourceArns=["arn:x"])["resources"] == []
    (to,) = owner.list_principals(resourceOwner="SELF")["principals"]
    assert (to["id"], to["external"]) == (ACCOUNTS[CONSUMER], True)
    (by,) = consumer.list_principals(resourceOwner="OTHER-ACCOUNTS")["principals"]
    assert by["id"] == ACCOUNTS[OWNER]
    (policy,) = owner.get_resource_policies(resourceArns=[group])["policies"]
    assert json.loads(policy)["Statement"][0]["Principal"] == {"AWS": [ACCOUNTS[CONSUMER]]}


def test_shares_are_filtered_and_paged(group, owner) -> None:
    for number in range(5):
        owner.create_resource_share(name=f"s-{number}", permissionArns=[GROUP_DEPLOY])
    named = owner.get_resource_shares(resourceOwner="SELF", name="s-3")["resourceShares"]
    assert [one["name"] for one in named] == ["s-3"]
    with_it = owner.get_resource_shares(resourceOwner="SELF", permissionArn=GROUP_REGISTER)
    assert with_it["resourceShares"] == []
    names, token = [], {}
    while True:
        page = owner.get_resource_shares(resourceOwner="SELF", maxResults=2, **token)
        names += [one["name"] for one in page["resourceShares"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert names == [f"s-{number}" for number in range(5)]
    refused(
        "InvalidNextTokenException",
        owner.get_resource_shares,
        resourceOwner="SELF",
        name="s-1",
        **token,
    )


def test_permissions_and_types_can_be_looked_up(owner) -> None:
    kind = "sagemaker:FeatureGroup"
    listed = owner.list_permissions(resourceType=kind)["permissions"]
    assert {one["name"] for one in listed} >= {"AWSRAMPermissionSagemakerFeatureGroupAdmin"}
    assert kind in [one["resourceType"] for one in owner.list_resource_types()["resourceTypes"]]


def test_owner_and_consumer_are_told_of_an_acceptance(aws, group, owner, consumer) -> None:
    urls = {}
    for account in (OWNER, CONSUMER):
        sqs, bus = aws.client("sqs", account), aws.client("events", account)
        urls[account] = url = sqs.create_queue(QueueName="seen")["QueueUrl"]
        wanted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        bus.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.ram"]}))
        aws.open_queue(account, url, wanted["Attributes"]["QueueArn"])
        bus.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": wanted["Attributes"]["QueueArn"]}])
    share(owner, group)
    accept(consumer)
    for account, url in urls.items():
        got = aws.client("sqs", account).receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        details = [json.loads(one["Body"])["detail"] for one in got["Messages"]]
        assert {"event": "Resource Share Invitation", "status": "accepted"} in details
