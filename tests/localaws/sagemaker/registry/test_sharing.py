"""Model package groups of another account: what a share lets its consumer do."""

from __future__ import annotations

from typing import Any

from tests.accounts import ACCOUNTS
from tests.localaws.conftest import Aws
from tests.localaws.sharing import GROUP_REGISTER, share
from tests.localaws.versions import (
    BASE,
    GROUP_ARN,
    OWNER,
    SPECIFICATION,
    STRANGER,
    TRAINER,
    register,
)
from tests.refusals import refused


def test_a_consumer_registers_by_the_groups_arn_in_the_owners_account(
    aws: Aws, owner: Any, trainer: Any
) -> None:
    refused(
        "AccessDeniedException",
        trainer.create_model_package,
        ModelPackageGroupName=GROUP_ARN,
        InferenceSpecification=SPECIFICATION,
    )
    share(aws, OWNER, TRAINER, GROUP_ARN, GROUP_REGISTER)
    arn = register(trainer, GROUP_ARN)
    assert arn == f"{BASE}:model-package/credit-risk/1"
    description = owner.describe_model_package(ModelPackageName=arn)
    assert ACCOUNTS[TRAINER] in description["CreatedBy"]["IamIdentity"]["Arn"]
    assert trainer.describe_model_package(ModelPackageName=arn)["ModelPackageVersion"] == 1
    listed = trainer.list_model_packages(ModelPackageGroupName=GROUP_ARN)
    assert [item["ModelPackageArn"] for item in listed["ModelPackageSummaryList"]] == [arn]


def test_a_bare_name_is_the_callers_own_group(aws: Aws, owner: Any, trainer: Any) -> None:
    share(aws, OWNER, TRAINER, GROUP_ARN, GROUP_REGISTER)
    refusal = refused(
        "ValidationException",
        trainer.create_model_package,
        ModelPackageGroupName="credit-risk",
        InferenceSpecification=SPECIFICATION,
    )
    assert ACCOUNTS[TRAINER] in refusal.message


def test_an_action_outside_the_permission_is_denied(aws: Aws, owner: Any, trainer: Any) -> None:
    share(aws, OWNER, TRAINER, GROUP_ARN, GROUP_REGISTER)
    arn = register(trainer, GROUP_ARN)
    refused(
        "AccessDeniedException",
        trainer.update_model_package,
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
    )
    assert owner.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == (
        "PendingManualApproval"
    )


def test_shared_groups_are_listed_only_across_accounts(aws: Aws, owner: Any, trainer: Any) -> None:
    def across(client: Any) -> list[str]:
        reply = client.list_model_package_groups(CrossAccountFilterOption="CrossAccount")
        return [item["ModelPackageGroupArn"] for item in reply["ModelPackageGroupSummaryList"]]

    assert across(trainer) == []
    share(aws, OWNER, TRAINER, GROUP_ARN, GROUP_REGISTER)
    assert across(trainer) == [GROUP_ARN]
    assert across(owner) == []
    assert trainer.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    assert across(aws.client("sagemaker", STRANGER)) == []
