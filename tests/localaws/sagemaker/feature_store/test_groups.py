"""Feature groups: how they are defined, named and looked up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Aws
from tests.localaws.features import (
    ARN,
    DEFINITION,
    NAME,
    OWNER,
    after_creation,
    create,
)
from tests.refusals import refused


def test_a_feature_group_is_creating_then_created(sagemaker: Any) -> None:
    sagemaker.create_feature_group(**DEFINITION)
    first = sagemaker.describe_feature_group(FeatureGroupName=NAME)
    assert first["FeatureGroupStatus"] in ("Creating", "Created")
    description = after_creation(sagemaker)
    assert description["FeatureGroupStatus"] == "Created"
    assert description["FeatureGroupArn"] == ARN
    assert description["FeatureDefinitions"] == DEFINITION["FeatureDefinitions"]
    assert description["OnlineStoreConfig"] == {"EnableOnlineStore": True}
    by_arn = sagemaker.describe_feature_group(FeatureGroupName=ARN)
    assert by_arn["FeatureGroupName"] == NAME


@pytest.mark.parametrize(
    "wrong",
    [
        {"RecordIdentifierFeatureName": "absent"},
        {"EventTimeFeatureName": "absent"},
        {"EventTimeFeatureName": "duration"},
        {"OnlineStoreConfig": {"EnableOnlineStore": False}},
        {"FeatureDefinitions": DEFINITION["FeatureDefinitions"] * 2},
        {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://b/p"}}},
    ],
)
def test_an_impossible_definition_is_refused(sagemaker: Any, wrong: dict[str, Any]) -> None:
    refused("ValidationException", sagemaker.create_feature_group, **DEFINITION | wrong)
    refused("ResourceNotFound", sagemaker.describe_feature_group, FeatureGroupName=NAME)


def test_a_name_is_used_once_until_deleted(sagemaker: Any, group: str) -> None:
    refused("ResourceInUse", sagemaker.create_feature_group, **DEFINITION)
    sagemaker.delete_feature_group(FeatureGroupName=group)
    assert create(sagemaker)["FeatureGroupStatus"] == "Created"


def test_groups_and_features_can_be_looked_up(sagemaker: Any, group: str) -> None:
    (summary,) = sagemaker.list_feature_groups(NameContains="loan")["FeatureGroupSummaries"]
    assert summary["FeatureGroupArn"] == ARN
    listed = sagemaker.list_feature_groups(FeatureGroupStatusEquals="CreateFailed")
    assert listed["FeatureGroupSummaries"] == []
    feature = sagemaker.describe_feature_metadata(FeatureGroupName=group, FeatureName="amount")
    assert feature["FeatureType"] == "Fractional"


def test_an_offline_store_out_of_reach_fails_the_creation(aws: Aws, sagemaker: Any) -> None:
    description = create(
        sagemaker,
        RoleArn=aws.role(OWNER, "causeway-feature-execution"),
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://no-such-bucket-here/fs"}},
    )
    assert description["FeatureGroupStatus"] == "CreateFailed"
    assert "no-such-bucket-here" in description["FailureReason"]
