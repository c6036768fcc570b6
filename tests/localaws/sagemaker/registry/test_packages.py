"""Versions of a group: every field, numbers, tokens and lists."""

from __future__ import annotations

from typing import Any

from tests.localaws.versions import (
    BASE,
    FULL,
    GROUP_ARN,
    SPECIFICATION,
    register,
)
from tests.refusals import refused


def test_every_field_of_a_version_is_returned(owner: Any) -> None:
    arn = owner.create_model_package(ModelPackageGroupName="credit-risk", **FULL)["ModelPackageArn"]
    assert arn == f"{BASE}:model-package/credit-risk/1"
    description = owner.describe_model_package(ModelPackageName=arn)
    for field, value in FULL.items():
        assert description[field] == value, field
    assert (description["ModelPackageVersion"], description["ModelPackageStatus"]) == (
        1,
        "Completed",
    )
    assert "LastModifiedBy" not in description
    short = owner.describe_model_package(ModelPackageName=arn, IncludedData="MetadataOnly")
    assert short["ModelCard"] == {"ModelCardStatus": "Draft"}


def test_version_numbers_are_never_given_twice(owner: Any) -> None:
    arns = [register(owner) for _ in range(2)]
    owner.delete_model_package(ModelPackageName=arns[1])
    assert register(owner).endswith("/3")


def test_the_same_client_token_makes_one_version(owner: Any) -> None:
    first = register(owner, ClientToken="t-1")
    assert register(owner, ClientToken="t-1") == first
    refused(
        "ConflictException",
        owner.create_model_package,
        ModelPackageGroupName="credit-risk",
        InferenceSpecification=SPECIFICATION,
        ModelPackageDescription="other",
        ClientToken="t-1",
    )
    listed = owner.list_model_packages(ModelPackageGroupName="credit-risk")
    assert len(listed["ModelPackageSummaryList"]) == 1


def test_tags_with_a_group_are_refused(owner: Any) -> None:
    refused(
        "ValidationException",
        owner.create_model_package,
        ModelPackageGroupName="credit-risk",
        Tags=[{"Key": "a", "Value": "b"}],
    )
    listed = owner.list_model_packages(ModelPackageGroupName="credit-risk")
    assert listed["ModelPackageSummaryList"] == []


def test_a_version_that_does_not_exist_is_a_validation_exception(owner: Any) -> None:
    arn = f"{BASE}:model-package/credit-risk/9"
    for call, params in (
        (owner.describe_model_package, {"ModelPackageName": arn}),
        (owner.update_model_package, {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"}),
        (owner.delete_model_package, {"ModelPackageName": arn}),
    ):
        refusal = refused("ValidationException", call, **params)
        assert refusal.message == f"ModelPackage {arn} does not exist."


def test_versions_are_listed_by_approval_and_order(owner: Any) -> None:
    arns = [register(owner) for _ in range(3)]
    owner.update_model_package(ModelPackageArn=arns[1], ModelApprovalStatus="Approved")

    def listed(**filters: Any) -> list[str]:
        reply = owner.list_model_packages(ModelPackageGroupName=GROUP_ARN, **filters)
        return [item["ModelPackageArn"] for item in reply["ModelPackageSummaryList"]]

    assert listed() == arns
    assert listed(SortOrder="Descending") == arns[::-1]
    assert listed(ModelApprovalStatus="Approved") == [arns[1]]
    assert owner.list_model_packages()["ModelPackageSummaryList"] == []
    assert len(owner.list_model_packages(ModelPackageType="Versioned")["ModelPackageSummaryList"])


def test_a_batch_description_is_short_and_has_errors_of_its_own(owner: Any, trainer: Any) -> None:
    arn = owner.create_model_package(ModelPackageGroupName="credit-risk", **FULL)["ModelPackageArn"]
    missing = f"{BASE}:model-package/credit-risk/9"
    reply = owner.batch_describe_model_package(ModelPackageArnList=[arn, missing])
    summary = reply["ModelPackageSummaries"][arn]
    assert summary["ModelApprovalStatus"] == "PendingManualApproval"
    assert not {"ModelLifeCycle", "CustomerMetadataProperties", "ModelMetrics"} & set(summary)
    errors = reply["BatchDescribeModelPackageErrorMap"]
    assert errors[missing]["ErrorCode"] == "ValidationException"
    denied = trainer.batch_describe_model_package(ModelPackageArnList=[arn])
    assert denied["ModelPackageSummaries"] == {}
    assert denied["BatchDescribeModelPackageErrorMap"][arn]["ErrorCode"] == "AccessDeniedException"
