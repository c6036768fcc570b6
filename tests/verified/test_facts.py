"""Facts about AWS that the project rests on and that cost nothing to try.

Each is tried on the local AWS in every run, and on AWS with `CAUSEWAY_AWS=1`; docs/verification.md
has the list and what each of them decides. What a test makes on AWS it removes.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.verified.accounts import Tried

pytestmark = pytest.mark.verified


@pytest.fixture
def group(cloud: Tried) -> Iterator[str]:
    """A model package group without versions in the governance account."""
    sagemaker = cloud.client("sagemaker", "governance")
    name = f"causeway-verified-{secrets.token_hex(4)}"
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    yield name
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_group_that_is_not_there_is_a_validation_error(cloud: Tried) -> None:
    with pytest.raises(ClientError) as error:
        cloud.client("sagemaker", "governance").describe_model_package_group(
            ModelPackageGroupName="causeway-verified-nothing"
        )
    assert refusal(error) == ("ValidationException", 400)


def test_a_tag_value_with_a_brace_is_refused(cloud: Tried, group: str) -> None:
    sagemaker = cloud.client("sagemaker", "governance")
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)[
        "ModelPackageGroupArn"
    ]
    with pytest.raises(ClientError) as error:
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "metrics", "Value": '{"auc": 0.78}'}])
    assert refusal(error) == ("ValidationException", 400)


def test_a_second_group_of_a_name_is_refused(cloud: Tried, group: str) -> None:
    with pytest.raises(ClientError) as error:
        cloud.client("sagemaker", "governance").create_model_package_group(
            ModelPackageGroupName=group
        )
    assert refusal(error) == ("ValidationException", 400)


def test_another_account_sees_a_group_only_with_its_policy(cloud: Tried, group: str) -> None:
    owner, other = (cloud.client("sagemaker", role) for role in ("governance", "data"))
    arn = owner.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    with pytest.raises(ClientError) as error:
        other.describe_model_package_group(ModelPackageGroupName=arn)
    assert refusal(error) == ("AccessDeniedException", 400)
    statement = {
        "Sid": "Describe",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{cloud.account('data')}:root"},
        "Action": "sagemaker:DescribeModelPackageGroup",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    owner.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=policy)
    assert (
        other.describe_model_package_group(ModelPackageGroupName=arn)["ModelPackageGroupArn"] == arn
    )


def test_the_permission_of_a_feature_group_to_read_and_write_is_a_managed_one(
    cloud: Tried,
) -> None:
    listed = cloud.client("ram", "governance").list_permissions(
        resourceType="sagemaker:FeatureGroup"
    )["permissions"]
    names = {permission["name"] for permission in listed}
    assert "AWSRAMPermissionSageMakerFeatureGroupReadOnly" in names
    assert "AWSRAMPermissionSagemakerFeatureGroupReadWrite" in names or (
        "AWSRAMPermissionSageMakerFeatureGroupReadWrite" in names
    )


def test_a_source_identity_needs_permission_of_its_own(cloud: Tried) -> None:
    with pytest.raises(ClientError) as error:
        cloud.client("sts", "governance").assume_role(
            RoleArn=f"arn:aws:iam::{cloud.account('data')}:role/causeway-verified-nothing",
            RoleSessionName="verified",
            SourceIdentity="somebody",
        )
    assert refusal(error) == ("AccessDenied", 403)
