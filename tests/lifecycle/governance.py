"""What people decide about versions in the registry, and what the stage table says of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3

from causeway.governance.use_case_words import TAGS
from tests.accounts import ACCOUNTS, REGION
from tests.local_platform import LocalPlatform

REGISTRY = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS['shared_services']}"
GROUP_ARN = f"{REGISTRY}:model-package-group/credit-risk"
V1 = f"{REGISTRY}:model-package/credit-risk/1"
V2 = f"{REGISTRY}:model-package/credit-risk/2"


def until(look: Callable[[], Any], what: str, seconds: float = 300) -> Any:
    """Look until there is something to see, for so long at most."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = look()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come about in {seconds:.0f} s")


def stage_record(platform: LocalPlatform, version: str, stage: str) -> dict[str, Any]:
    """Return a version's record of a stage, empty where it has none."""
    item = (
        platform.client("dynamodb", "governance")
        .get_item(
            TableName="causeway-governance",
            Key={"pk": {"S": f"VERSION#{version}"}, "sk": {"S": f"STAGE#{stage}"}},
        )
        .get("Item", {})
    )
    return {name: next(iter(value.values())) for name, value in item.items()}


def status(platform: LocalPlatform, version: str, stage: str) -> str | None:
    """Return a version's status in a stage."""
    return stage_record(platform, version, stage).get("status")


def approve_for_test(
    platform: LocalPlatform, person: str, version: str, *, in_airflow: bool = False
) -> None:
    """Approve a version as a model owner does, in AWS or signed in to Airflow."""
    registry = platform.in_airflow(person, "test") if in_airflow else platform.person(person)
    registry.update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved", ApprovalDescription="good"
    )


def approve_for_production(
    platform: LocalPlatform, person: str, version: str, *, in_airflow: bool = False
) -> None:
    """Approve a version as a governance officer does, in AWS or signed in to Airflow."""
    registry = platform.in_airflow(person, "production") if in_airflow else platform.person(person)
    registry.update_model_package(
        ModelPackageArn=version,
        ModelLifeCycle={
            "Stage": "Production",
            "StageStatus": "Approved",
            "StageDescription": "tested",
        },
    )


def look_before_deciding(platform: LocalPlatform, person: str, version: str) -> dict[str, Any]:
    """Read as a person what is read before a decision: the gate report and the comparison."""
    keys = platform.approver_session(person)
    session = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION
    )
    registry = session.client("sagemaker", endpoint_url=platform.endpoint)
    s3 = session.client("s3", endpoint_url=platform.endpoint)

    def read(uri: str) -> str:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content.decode()

    versions = registry.list_model_packages(ModelPackageGroupName=GROUP_ARN)
    described = registry.describe_model_package(ModelPackageName=version)
    return {
        "versions": [one["ModelPackageArn"] for one in versions["ModelPackageSummaryList"]],
        "gate report": read(described["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]),
        "comparison": read(described["CustomerMetadataProperties"]["comparison"]),
    }


def say_of_use_case(platform: LocalPlatform, person: str, stage: str) -> None:
    """Approve a use case's entry into a stage."""
    record = _items(platform, "USE_CASES")[0]
    values = ("credit_risk", stage, "approved", record["digest"]["S"], "so")
    platform.person(person, "production").add_tags(
        ResourceArn=GROUP_ARN,
        Tags=[{"Key": key, "Value": value} for key, value in zip(TAGS, values, strict=True)],
    )


def use_case_words(platform: LocalPlatform) -> list[str]:
    """Return what came of the words on the use case."""
    return sorted(item["outcome"]["S"] for item in _items(platform, "USE_CASE#credit_risk"))


def _items(platform: LocalPlatform, pk: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = platform.client("dynamodb", "governance").query(
        TableName="causeway-governance",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
    )["Items"]
    return items
