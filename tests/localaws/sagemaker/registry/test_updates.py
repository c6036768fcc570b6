"""Changes of a version: what is kept, who made them, and what is refused."""

from __future__ import annotations

from typing import Any

from tests.localaws.conftest import Aws
from tests.localaws.versions import (
    FULL,
    OWNER,
    SPECIFICATION,
    register,
)
from tests.refusals import refused


def test_an_update_is_kept_and_says_who_made_it(aws: Aws, owner: Any) -> None:
    arn = owner.create_model_package(ModelPackageGroupName="credit-risk", **FULL)["ModelPackageArn"]
    aws.role(OWNER, "causeway-test-approver")
    person = aws.assume(OWNER, "causeway-test-approver", source_identity="model-owner")
    person.client("sagemaker").update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="meets the gate",
        ModelLifeCycle={
            "Stage": "Production",
            "StageStatus": "Approved",
            "StageDescription": "checked",
        },
        CustomerMetadataProperties={"mlflow-run": "r1"},
        CustomerMetadataPropertiesToRemove=["trained-by"],
    )
    description = owner.describe_model_package(ModelPackageName=arn)
    assert description["ModelApprovalStatus"] == "Approved"
    assert description["ApprovalDescription"] == "meets the gate"
    assert description["ModelLifeCycle"]["StageDescription"] == "checked"
    assert description["CustomerMetadataProperties"] == {
        "use-case": "credit_risk",
        "mlflow-run": "r1",
    }
    assert description["LastModifiedTime"] > description["CreationTime"]
    identity = description["LastModifiedBy"]["IamIdentity"]
    assert identity["SourceIdentity"] == "model-owner"
    assert "assumed-role/causeway-test-approver" in identity["Arn"]
    assert description["InferenceSpecification"] == SPECIFICATION


def test_a_life_cycle_needs_stage_and_status(aws: Aws, owner: Any) -> None:
    arn = register(owner)
    loose = aws.client("sagemaker", OWNER, parameter_validation=False)
    refused(
        "ValidationException",
        loose.update_model_package,
        ModelPackageArn=arn,
        ModelLifeCycle={"Stage": "Production"},
    )
    assert "ModelLifeCycle" not in owner.describe_model_package(ModelPackageName=arn)


def test_a_refused_update_changes_nothing(owner: Any) -> None:
    arn = register(owner)
    refused(
        "ValidationException",
        owner.update_model_package,
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={f"k{number}": "v" for number in range(51)},
    )
    description = owner.describe_model_package(ModelPackageName=arn)
    assert description["ModelApprovalStatus"] == "PendingManualApproval"


def test_the_content_of_an_archived_card_cannot_change(owner: Any) -> None:
    arn = owner.create_model_package(ModelPackageGroupName="credit-risk", **FULL)["ModelPackageArn"]
    owner.update_model_package(ModelPackageArn=arn, ModelCard={"ModelCardStatus": "Archived"})
    refused(
        "ValidationException",
        owner.update_model_package,
        ModelPackageArn=arn,
        ModelCard={"ModelCardContent": '{"new": 1}'},
    )
