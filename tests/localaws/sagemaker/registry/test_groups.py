"""Model package groups: descriptions, pages, policies and tags."""

from __future__ import annotations

from typing import Any

from tests.accounts import ACCOUNTS
from tests.localaws.policies import document
from tests.localaws.versions import (
    GROUP_ARN,
    OWNER,
    register,
)
from tests.refusals import refused


def test_a_group_is_described_by_name_and_by_arn(owner: Any) -> None:
    by_name = owner.describe_model_package_group(ModelPackageGroupName="credit-risk")
    by_arn = owner.describe_model_package_group(ModelPackageGroupName=GROUP_ARN)
    assert by_name["ModelPackageGroupArn"] == by_arn["ModelPackageGroupArn"] == GROUP_ARN
    assert by_name["ModelPackageGroupDescription"] == "scores"
    assert by_name["CreatedBy"]["IamIdentity"]["Arn"].endswith(f"{ACCOUNTS[OWNER]}:root")
    refused(
        "ValidationException", owner.create_model_package_group, ModelPackageGroupName="credit-risk"
    )


def test_groups_are_paged_ten_at_a_time(owner: Any) -> None:
    for number in range(11):
        owner.create_model_package_group(ModelPackageGroupName=f"g-{number:02}")
    assert len(owner.list_model_package_groups()["ModelPackageGroupSummaryList"]) == 10
    pages = owner.get_paginator("list_model_package_groups").paginate(NameContains="g-")
    names = [g["ModelPackageGroupName"] for p in pages for g in p["ModelPackageGroupSummaryList"]]
    assert names == [f"g-{number:02}" for number in range(11)]


def test_a_group_with_versions_cannot_be_deleted(owner: Any) -> None:
    arn = register(owner)
    delete = owner.delete_model_package_group
    refused("ConflictException", delete, ModelPackageGroupName="credit-risk")
    owner.delete_model_package(ModelPackageName=arn)
    delete(ModelPackageGroupName="credit-risk")
    refusal = refused(
        "ValidationException",
        owner.describe_model_package_group,
        ModelPackageGroupName="credit-risk",
    )
    assert refusal.message == f"ModelPackageGroup {GROUP_ARN} does not exist."


def test_a_group_policy_is_kept_as_given(owner: Any) -> None:
    name = {"ModelPackageGroupName": "credit-risk"}
    refused("ValidationException", owner.get_model_package_group_policy, **name)
    policy = document({"Effect": "Allow"})
    owner.put_model_package_group_policy(**name, ResourcePolicy=policy)
    assert owner.get_model_package_group_policy(**name)["ResourcePolicy"] == policy
    refused(
        "ValidationException", owner.put_model_package_group_policy, **name, ResourcePolicy="no"
    )
    owner.delete_model_package_group_policy(**name)
    refused("ValidationException", owner.get_model_package_group_policy, **name)


def test_tags_are_added_listed_and_deleted(owner: Any) -> None:
    added = owner.add_tags(ResourceArn=GROUP_ARN, Tags=[{"Key": "stage", "Value": "dev"}])["Tags"]
    assert added == [{"Key": "stage", "Value": "dev"}, {"Key": "team", "Value": "risk"}]
    owner.delete_tags(ResourceArn=GROUP_ARN, TagKeys=["team"])
    assert owner.list_tags(ResourceArn=GROUP_ARN)["Tags"] == [{"Key": "stage", "Value": "dev"}]
    refused("ValidationException", owner.list_tags, ResourceArn=f"{GROUP_ARN}-no")
