"""Permissions of shares: the managed ones, their defaults, and those of customers."""

from __future__ import annotations

import json

import pytest

from localaws.ram.permissions import default_of, managed, resource_types
from tests.localaws.ram.shares import (
    accept,
    allowed,
    share,
)
from tests.localaws.sharing import GROUP_DEPLOY, GROUP_REGISTER
from tests.refusals import refused


def test_each_managed_permission_allows_only_actions_of_its_type() -> None:
    for permission in managed().values():
        kind = resource_types()[permission.resource_type]
        assert set(permission.version().actions) <= kind.actions, permission.name


def test_each_type_has_exactly_one_default_permission() -> None:
    for kind in resource_types():
        defaults = [p for p in managed().values() if p.resource_type == kind and p.is_type_default]
        assert defaults == [default_of(kind)]


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
    permission = owner.create_permission(
        name="look-only",
        resourceType="sagemaker:ModelPackageGroup",
        policyTemplate=json.dumps(template),
    )["permission"]
    share(owner, group, permissionArns=[permission["arn"]])
    accept(consumer)
    assert allowed(aws, "DescribeModelPackageGroup")
    assert not allowed(aws, "DescribeModelPackage")
    assert json.loads(
        owner.get_permission(permissionArn=permission["arn"])["permission"]["permission"]
    ) == (template)
    refused(
        "OperationNotPermittedException", owner.delete_permission, permissionArn=permission["arn"]
    )
    refused("UnknownResourceException", consumer.get_permission, permissionArn=permission["arn"])


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
    reply = share(owner, group, permissionArns=[arn])
    accept(consumer)
    owner.create_permission_version(permissionArn=arn, policyTemplate=template("CreateModel"))
    assert len(owner.list_permission_versions(permissionArn=arn)["permissions"]) == 2
    assert allowed(aws, "DescribeModelPackage")
    owner.associate_resource_share_permission(
        resourceShareArn=reply["resourceShareArn"], permissionArn=arn, replace=True
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


def test_a_managed_permission_is_known_whatever_the_case_of_its_letters(owner) -> None:
    for name in (
        "AWSRAMPermissionSageMakerFeatureGroupReadWrite",
        "AWSRAMPermissionSagemakerFeatureGroupReadWrite",
    ):
        arn = f"arn:aws:ram::aws:permission/{name}"
        permission = owner.get_permission(permissionArn=arn)["permission"]
        assert permission["name"] == "AWSRAMPermissionSagemakerFeatureGroupReadWrite"
    unknown = "arn:aws:ram::aws:permission/AWSRAMPermissionSageMakerFeatureGroup"
    refused("UnknownResourceException", owner.get_permission, permissionArn=unknown)


def test_a_share_has_the_permission_by_its_own_name(group, owner) -> None:
    other_case = GROUP_REGISTER.replace("SageMaker", "Sagemaker")
    arn = share(owner, group, permissionArns=[other_case])["resourceShareArn"]
    (attached,) = owner.list_resource_share_permissions(resourceShareArn=arn)["permissions"]
    assert attached["arn"] == GROUP_REGISTER
