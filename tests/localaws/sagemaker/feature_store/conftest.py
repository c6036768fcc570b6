"""Clients of the feature store, and feature groups with and without an offline store."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts import REGION
from tests.localaws.conftest import Aws
from tests.localaws.features import (
    BUCKET,
    NAME,
    OWNER,
    create,
)
from tests.localaws.shapes import checked


@pytest.fixture
def sagemaker(aws: Aws) -> Any:
    return checked(aws.client("sagemaker", OWNER))


@pytest.fixture
def runtime(aws: Aws) -> Any:
    return checked(aws.client("sagemaker-featurestore-runtime", OWNER))


@pytest.fixture
def group(sagemaker: Any) -> str:
    assert create(sagemaker)["FeatureGroupStatus"] == "Created"
    return NAME


@pytest.fixture
def s3(aws: Aws) -> Any:
    s3 = aws.client("s3", OWNER)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


@pytest.fixture
def offline(aws: Aws, s3: Any, sagemaker: Any) -> dict[str, Any]:
    """A feature group with both stores; the offline one encrypted with a key."""
    key = aws.client("kms", OWNER).create_key()["KeyMetadata"]["Arn"]
    description = create(
        sagemaker,
        RoleArn=aws.role(OWNER, "causeway-feature-execution"),
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/fs", "KmsKeyId": key}},
    )
    assert description["FeatureGroupStatus"] == "Created"
    return description
