"""The model registry: groups and versions, by name and across accounts by ARN."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.accounts import ACCOUNTS
from tests.localaws.conftest import Aws
from tests.localaws.policies import document
from tests.localaws.shapes import checked
from tests.localaws.sharing import GROUP_REGISTER, share
from tests.localaws.versions import (
    BASE,
    FULL,
    GROUP_ARN,
    OWNER,
    SPECIFICATION,
    STRANGER,
    TRAINER,
    register,
)
from tests.refusals import refused, refused_saying


@pytest.fixture
def owner(aws: Aws) -> Any:
    client = checked(aws.client("sagemaker", OWNER))
    client.create_model_package_group(
        ModelPackageGroupName="credit-risk",
        ModelPackageGroupDescription="scores",
        Tags=[{"Key": "team", "Value": "risk"}],
    )
    return client


@pytest.fixture
def trainer(aws: Aws) -> Any:
    return checked(aws.client("sagemaker", TRAINER))


# ------------------------------------------------------------------------------- groups
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


# ----------------------------------------------------------------------------- versions
def test_every_field_of_a_version_is_returned(owner: Any) -> None:
    arn = owner.create_model_package(ModelPackageGroupName="credit-risk", **FULL)["ModelPackageArn"]
    assert arn == f"{BASE}:model-package/credit-risk/1"
    found = owner.describe_model_package(ModelPackageName=arn)
    for field, value in FULL.items():
        assert found[field] == value, field
    assert (found["ModelPackageVersion"], found["ModelPackageStatus"]) == (1, "Completed")
    assert "LastModifiedBy" not in found
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

    def listed(**wanted: Any) -> list[str]:
        reply = owner.list_model_packages(ModelPackageGroupName=GROUP_ARN, **wanted)
        return [one["ModelPackageArn"] for one in reply["ModelPackageSummaryList"]]

    assert listed() == arns
    assert listed(SortOrder="Descending") == arns[::-1]
    assert listed(ModelApprovalStatus="Approved") == [arns[1]]
    assert owner.list_model_packages()["ModelPackageSummaryList"] == []
    assert len(owner.list_model_packages(ModelPackageType="Versioned")["ModelPackageSummaryList"])


def test_a_batch_description_is_short_and_has_errors_of_its_own(owner: Any, trainer: Any) -> None:
    arn = owner.create_model_package(ModelPackageGroupName="credit-risk", **FULL)["ModelPackageArn"]
    missing = f"{BASE}:model-package/credit-risk/9"
    found = owner.batch_describe_model_package(ModelPackageArnList=[arn, missing])
    summary = found["ModelPackageSummaries"][arn]
    assert summary["ModelApprovalStatus"] == "PendingManualApproval"
    assert not {"ModelLifeCycle", "CustomerMetadataProperties", "ModelMetrics"} & set(summary)
    errors = found["BatchDescribeModelPackageErrorMap"]
    assert errors[missing]["ErrorCode"] == "ValidationException"
    denied = trainer.batch_describe_model_package(ModelPackageArnList=[arn])
    assert denied["ModelPackageSummaries"] == {}
    assert denied["BatchDescribeModelPackageErrorMap"][arn]["ErrorCode"] == "AccessDeniedException"


# ------------------------------------------------------------------------------ updates
def test_an_update_is_kept_and_says_who_made_it(aws: Aws, owner: Any) -> None:
    arn = owner.create_model_package(ModelPackageGroupName="credit-risk", **FULL)["ModelPackageArn"]
    aws.role(OWNER, "causeway-approver")
    person = aws.assume(OWNER, "causeway-approver", source_identity="model-owner")
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
    found = owner.describe_model_package(ModelPackageName=arn)
    assert found["ModelApprovalStatus"] == "Approved"
    assert found["ApprovalDescription"] == "meets the gate"
    assert found["ModelLifeCycle"]["StageDescription"] == "checked"
    assert found["CustomerMetadataProperties"] == {"use-case": "credit_risk", "mlflow-run": "r1"}
    assert found["LastModifiedTime"] > found["CreationTime"]
    identity = found["LastModifiedBy"]["IamIdentity"]
    assert identity["SourceIdentity"] == "model-owner"
    assert "assumed-role/causeway-approver" in identity["Arn"]
    assert found["InferenceSpecification"] == SPECIFICATION


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
    found = owner.describe_model_package(ModelPackageName=arn)
    assert found["ModelApprovalStatus"] == "PendingManualApproval"


def test_the_content_of_an_archived_card_cannot_change(owner: Any) -> None:
    arn = owner.create_model_package(ModelPackageGroupName="credit-risk", **FULL)["ModelPackageArn"]
    owner.update_model_package(ModelPackageArn=arn, ModelCard={"ModelCardStatus": "Archived"})
    refused(
        "ValidationException",
        owner.update_model_package,
        ModelPackageArn=arn,
        ModelCard={"ModelCardContent": '{"new": 1}'},
    )


# ----------------------------------------------------------------------- across accounts
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
    found = owner.describe_model_package(ModelPackageName=arn)
    assert ACCOUNTS[TRAINER] in found["CreatedBy"]["IamIdentity"]["Arn"]
    assert trainer.describe_model_package(ModelPackageName=arn)["ModelPackageVersion"] == 1
    listed = trainer.list_model_packages(ModelPackageGroupName=GROUP_ARN)
    assert [one["ModelPackageArn"] for one in listed["ModelPackageSummaryList"]] == [arn]


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
        return [one["ModelPackageGroupArn"] for one in reply["ModelPackageGroupSummaryList"]]

    assert across(trainer) == []
    share(aws, OWNER, TRAINER, GROUP_ARN, GROUP_REGISTER)
    assert across(trainer) == [GROUP_ARN]
    assert across(owner) == []
    assert trainer.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    assert across(aws.client("sagemaker", STRANGER)) == []


# ------------------------------------------------------------------------------- search
def found_by(client: Any, *filters: tuple[str, str, str | None], **extra: Any) -> list[int]:
    expression = {
        "Filters": [
            {"Name": name, "Operator": operator, **({"Value": value} if value else {})}
            for name, operator, value in filters
        ]
    }
    reply = client.search(Resource="ModelPackage", SearchExpression=expression, **extra)
    return [one["ModelPackage"]["ModelPackageVersion"] for one in reply["Results"]]


@pytest.fixture
def three(aws: Aws, owner: Any) -> Any:
    for number in range(3):
        register(owner, CustomerMetadataProperties={"use-case": f"u{number}"})
        aws.advance(60)
    owner.update_model_package(
        ModelPackageArn=f"{BASE}:model-package/credit-risk/1",
        ModelApprovalStatus="Approved",
        ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved"},
    )
    return owner


def test_search_returns_full_records_last_modified_first(three: Any) -> None:
    assert found_by(three, ("ModelPackageGroupName", "Equals", "credit-risk")) == [1, 3, 2]
    reply = three.search(Resource="ModelPackage", MaxResults=1)
    record = reply["Results"][0]["ModelPackage"]
    assert record["LastModifiedBy"]["IamIdentity"]
    assert record["ModelLifeCycle"]["Stage"] == "Production"
    assert record["CustomerMetadataProperties"] == {"use-case": "u0"}
    assert reply["TotalHits"]["Value"] == 3


@pytest.mark.parametrize(
    ("filters", "versions"),
    [
        ([("ModelApprovalStatus", "Equals", "Approved")], [1]),
        ([("ModelApprovalStatus", "NotEquals", "Approved")], [3, 2]),
        ([("ModelPackageVersion", "In", "1,3")], [1, 3]),
        ([("ModelPackageVersion", "GreaterThan", "1")], [3, 2]),
        ([("ModelPackageVersion", "LessThanOrEqualTo", "2")], [1, 2]),
        ([("ModelPackageGroupName", "Contains", "dit-r")], [1, 3, 2]),
        ([("ModelLifeCycle.Stage", "Exists", None)], [1]),
        ([("ModelLifeCycle.Stage", "NotExists", None)], [3, 2]),
        ([("CustomerMetadataProperties.use-case", "Equals", "u2")], [3]),
        (
            [
                ("ModelPackageVersion", "GreaterThan", "1"),
                ("CustomerMetadataProperties.use-case", "Equals", "u0"),
            ],
            [],
        ),
        ([("LastModifiedTime", "LessThan", "2020-01-01T00:00:00Z")], []),
    ],
)
def test_search_filters(three: Any, filters: Any, versions: list[int]) -> None:
    assert found_by(three, *filters) == versions


def test_search_nests_and_or(three: Any) -> None:
    def version(number: str) -> dict[str, Any]:
        return {"Filters": [{"Name": "ModelPackageVersion", "Operator": "Equals", "Value": number}]}

    expression = {
        "SubExpressions": [
            {"Operator": "Or", "SubExpressions": [version("1"), version("2")]},
            {"Filters": [{"Name": "ModelApprovalStatus", "Value": "Approved"}]},
        ]
    }
    reply = three.search(Resource="ModelPackage", SearchExpression=expression)
    assert [one["ModelPackage"]["ModelPackageVersion"] for one in reply["Results"]] == [1]


def test_search_sorts_and_pages(three: Any) -> None:
    pages = three.get_paginator("search").paginate(
        Resource="ModelPackage",
        SortBy="CreationTime",
        SortOrder="Ascending",
        PaginationConfig={"PageSize": 1},
    )
    records = [one["ModelPackage"] for page in pages for one in page["Results"]]
    assert [one["ModelPackageVersion"] for one in records] == [1, 2, 3]


def test_search_names_what_it_cannot_do(three: Any) -> None:
    expression = {"Filters": [{"Name": "ApprovalStatus", "Value": "Approved"}]}
    refusal = refused(
        "ValidationException", three.search, Resource="ModelPackage", SearchExpression=expression
    )
    assert "ApprovalStatus" in refusal.message
    refused_saying("UnsupportedOperation", "Pipeline", three.search, Resource="Pipeline")


def test_search_crosses_accounts_only_where_shared(aws: Aws, three: Any, trainer: Any) -> None:
    across = {"CrossAccountFilterOption": "CrossAccount"}
    assert found_by(trainer, ("ModelPackageVersion", "Exists", None), **across) == []
    share(aws, OWNER, TRAINER, GROUP_ARN, GROUP_REGISTER)
    assert found_by(trainer, ("ModelPackageVersion", "Exists", None), **across) == [1, 3, 2]
    assert found_by(three, ("ModelPackageVersion", "Exists", None), **across) == []


def test_groups_are_searched_by_tag(owner: Any) -> None:
    expression = {"Filters": [{"Name": "Tags.team", "Operator": "Equals", "Value": "risk"}]}
    reply = owner.search(Resource="ModelPackageGroup", SearchExpression=expression)
    (found,) = reply["Results"]
    assert found["ModelPackageGroup"]["ModelPackageGroupArn"] == GROUP_ARN


# --------------------------------------------------------------------------------- tags
def test_tags_are_added_listed_and_deleted(owner: Any) -> None:
    added = owner.add_tags(ResourceArn=GROUP_ARN, Tags=[{"Key": "stage", "Value": "dev"}])["Tags"]
    assert added == [{"Key": "stage", "Value": "dev"}, {"Key": "team", "Value": "risk"}]
    owner.delete_tags(ResourceArn=GROUP_ARN, TagKeys=["team"])
    assert owner.list_tags(ResourceArn=GROUP_ARN)["Tags"] == [{"Key": "stage", "Value": "dev"}]
    refused("ValidationException", owner.list_tags, ResourceArn=f"{GROUP_ARN}-no")


# ------------------------------------------------------------------------------- events
@pytest.fixture
def events(aws: Aws) -> Any:
    """Read the owner account's SageMaker events from a queue."""
    sqs, bus = aws.client("sqs", OWNER), aws.client("events", OWNER)
    url = sqs.create_queue(QueueName="seen")["QueueUrl"]
    wanted = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
    arn = sqs.get_queue_attributes(**wanted)["Attributes"]["QueueArn"]
    bus.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    aws.open_queue(OWNER, url, arn)
    bus.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])

    def read() -> list[dict[str, Any]]:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for one in got:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return [json.loads(one["Body"]) for one in got]

    return read


def test_each_change_of_a_version_is_an_event_in_the_owners_account(
    aws: Aws, owner: Any, trainer: Any, events: Any
) -> None:
    share(aws, OWNER, TRAINER, GROUP_ARN, GROUP_REGISTER)
    arn = register(trainer, GROUP_ARN)
    (created,) = events()
    assert created["detail-type"] == "SageMaker Model Package State Change"
    assert (created["account"], created["resources"]) == (ACCOUNTS[OWNER], [arn])
    assert created["detail"]["ModelApprovalStatus"] == "PendingManualApproval"
    assert created["detail"]["UpdatedModelPackageFields"] == []
    owner.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good"
    )
    (updated,) = events()
    detail = updated["detail"]
    assert detail["UpdatedModelPackageFields"] == ["ApprovalDescription", "ModelApprovalStatus"]
    assert detail["ModelPackageVersion"] == 1
    assert detail["ModelApprovalStatus"] == "Approved"
    moment = datetime.fromisoformat(detail["LastModifiedTime"])
    assert abs((moment - datetime.now(UTC)).total_seconds()) < 60
