"""What a model group's resource policy makes in RAM, and versions of customers' permissions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.accounts import ACCOUNTS
from tests.localaws.conftest import Aws
from tests.localaws.policies import document
from tests.localaws.shapes import checked
from tests.localaws.sharing import GROUP_DEPLOY
from tests.refusals import refused

OWNER, CONSUMER = "shared_services", "data_science"
ACTIONS = ["sagemaker:DescribeModelPackageGroup", "sagemaker:ListModelPackages"]


@pytest.fixture
def ram(aws: Aws) -> Any:
    return checked(aws.client("ram", OWNER))


@pytest.fixture
def group(aws: Aws) -> str:
    reply = aws.client("sagemaker", OWNER).create_model_package_group(ModelPackageGroupName="g")
    return str(reply["ModelPackageGroupArn"])


def put_policy(aws: Aws, group: str, actions: list[str], principal: str | None = None) -> None:
    statement = {
        "Sid": "Look",
        "Effect": "Allow",
        "Principal": {"AWS": principal or f"arn:aws:iam::{ACCOUNTS[CONSUMER]}:root"},
        "Action": actions,
        "Resource": group,
    }
    aws.client("sagemaker", OWNER).put_model_package_group_policy(
        ModelPackageGroupName="g",
        ResourcePolicy=document(statement),
    )


def listed(aws: Aws) -> list[str]:
    reply = aws.client("sagemaker", CONSUMER).list_model_package_groups(
        CrossAccountFilterOption="CrossAccount"
    )
    return [item["ModelPackageGroupArn"] for item in reply["ModelPackageGroupSummaryList"]]


def own_share(ram: Any) -> dict[str, Any]:
    (active,) = (
        item
        for item in ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]
        if item["status"] == "ACTIVE"
    )
    return dict(active)


def used(ram: Any) -> dict[str, Any]:
    (permission,) = ram.list_permission_associations()["permissions"]
    return dict(permission)


def test_a_policys_share_is_discovered_after_permission_and_share_are_promoted(
    aws: Aws, ram: Any, group: str
) -> None:
    put_policy(aws, group, ACTIONS)
    share = own_share(ram)
    assert share["featureSet"] == "CREATED_FROM_POLICY"
    assert aws.client("sagemaker", CONSUMER).describe_model_package_group(
        ModelPackageGroupName=group
    )
    assert listed(aws) == []
    arn = share["resourceShareArn"]
    refused("OperationNotPermittedException", ram.delete_resource_share, resourceShareArn=arn)
    promote = ram.promote_resource_share_created_from_policy
    refused("UnmatchedPolicyPermissionException", promote, resourceShareArn=arn)
    left = used(ram)
    assert left["featureSet"] == "CREATED_FROM_POLICY"
    ram.promote_permission_created_from_policy(permissionArn=left["arn"], name="look")
    refused(
        "InvalidParameterException",
        ram.promote_permission_created_from_policy,
        permissionArn=left["arn"],
        name="look",
    )
    promote(resourceShareArn=arn)
    assert own_share(ram)["featureSet"] == "STANDARD"
    assert used(ram)["arn"].endswith(":permission/look")
    assert listed(aws) == [group]
    refused("InvalidStateTransitionException", promote, resourceShareArn=arn)


def test_a_policy_with_a_managed_permissions_actions_needs_no_promotion(
    aws: Aws, ram: Any, group: str
) -> None:
    template = json.loads(
        ram.get_permission(permissionArn=GROUP_DEPLOY)["permission"]["permission"]
    )
    put_policy(aws, group, template["Action"])
    assert own_share(ram)["featureSet"] == "STANDARD"
    assert listed(aws) == [group]


def test_wildcards_and_roles_are_not_promoted(aws: Aws, ram: Any, group: str) -> None:
    put_policy(aws, group, ["sagemaker:*"])
    refused(
        "OperationNotPermittedException",
        ram.promote_permission_created_from_policy,
        permissionArn=used(ram)["arn"],
        name="all",
    )
    aws.role(CONSUMER, "reader")
    put_policy(aws, group, ACTIONS, f"arn:aws:iam::{ACCOUNTS[CONSUMER]}:role/reader")
    ram.promote_permission_created_from_policy(permissionArn=used(ram)["arn"], name="look")
    refused(
        "OperationNotPermittedException",
        ram.promote_resource_share_created_from_policy,
        resourceShareArn=own_share(ram)["resourceShareArn"],
    )


def test_the_share_goes_with_the_policy(aws: Aws, ram: Any, group: str) -> None:
    put_policy(aws, group, ACTIONS)
    aws.client("sagemaker", OWNER).delete_model_package_group_policy(ModelPackageGroupName="g")
    shares = ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]
    assert {item["status"] for item in shares} == {"DELETED"}
    assert ram.list_permission_associations()["permissions"] == []


def test_a_version_in_use_or_by_default_is_not_deleted(aws: Aws, ram: Any, group: str) -> None:
    def template(*actions: str) -> str:
        return json.dumps({"Effect": "Allow", "Action": list(actions)})

    permission = ram.create_permission(
        name="own", resourceType="sagemaker:ModelPackageGroup", policyTemplate=template(ACTIONS[0])
    )
    arn = permission["permission"]["arn"]
    ram.create_resource_share(name="s", resourceArns=[group], permissionArns=[arn])
    ram.create_permission_version(permissionArn=arn, policyTemplate=template(*ACTIONS))
    for version in (1, 2):
        refused(
            "OperationNotPermittedException",
            ram.delete_permission_version,
            permissionArn=arn,
            permissionVersion=version,
        )
    (stale,) = ram.list_permission_associations(defaultVersion=False)["permissions"]
    assert (stale["arn"], stale["permissionVersion"]) == (arn, "1")
    ram.associate_resource_share_permission(
        resourceShareArn=own_share(ram)["resourceShareArn"], permissionArn=arn, replace=True
    )
    ram.delete_permission_version(permissionArn=arn, permissionVersion=1)
    versions = ram.list_permission_versions(permissionArn=arn)["permissions"]
    assert [version["version"] for version in versions] == ["2"]
