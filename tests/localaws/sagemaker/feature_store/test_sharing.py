"""Feature groups of another account: what a share lets its consumer do."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws
from tests.localaws.features import (
    ARN,
    CONSUMER,
    NAME,
    OWNER,
    put,
    read,
    record,
)
from tests.localaws.shapes import checked
from tests.localaws.sharing import CATALOG_SEARCH, FEATURES_READ_ONLY, FEATURES_READ_WRITE, share
from tests.refusals import refused


def test_a_consumer_reads_by_arn_what_its_permission_allows(
    aws: Aws, group: str, runtime: Any
) -> None:
    put(runtime)
    reader = checked(aws.client("sagemaker-featurestore-runtime", CONSUMER))
    key = {"FeatureGroupName": ARN, "RecordIdentifierValueAsString": "sgc-000001"}
    many = [{"FeatureGroupName": ARN, "RecordIdentifiersValueAsString": ["sgc-000001"]}]
    with pytest.raises(ClientError, match="Access"):
        reader.get_record(**key)
    (error,) = reader.batch_get_record(Identifiers=many)["Errors"]
    assert error["ErrorCode"] == "AccessForbidden"
    share(aws, OWNER, CONSUMER, ARN, FEATURES_READ_ONLY)
    assert reader.get_record(**key)["Record"]
    assert len(reader.batch_get_record(Identifiers=many)["Records"]) == 1
    with pytest.raises(ClientError, match="Access"):
        reader.put_record(FeatureGroupName=ARN, Record=record(amount="9"))
    assert read(runtime)["amount"] == "12.5"


def test_a_consumer_writes_into_the_owners_group(aws: Aws, group: str, runtime: Any) -> None:
    share(aws, OWNER, CONSUMER, ARN, FEATURES_READ_WRITE)
    writer = checked(aws.client("sagemaker-featurestore-runtime", CONSUMER))
    writer.put_record(FeatureGroupName=ARN, Record=record(amount="9"))
    assert read(runtime)["amount"] == "9"
    entry = {"FeatureGroupName": ARN, "Record": record("sgc-000002")}
    (error,) = writer.batch_write_record(Entries=[entry])["Errors"]
    assert error["ErrorCode"] == "AccessForbidden", "BatchWriteRecord is in no RAM permission"


def test_discovery_and_access_are_two_shares(aws: Aws, group: str) -> None:
    consumer = checked(aws.client("sagemaker", CONSUMER))

    def discovered() -> list[str]:
        reply = consumer.search(Resource="FeatureGroup", CrossAccountFilterOption="CrossAccount")
        return [result["FeatureGroup"]["FeatureGroupName"] for result in reply["Results"]]

    share(aws, OWNER, CONSUMER, ARN, FEATURES_READ_ONLY)
    assert consumer.describe_feature_group(FeatureGroupName=ARN)["FeatureGroupName"] == NAME
    assert discovered() == []
    owner = checked(aws.client("sagemaker", OWNER))
    (catalog,) = owner.list_resource_catalogs()["ResourceCatalogs"]
    share(aws, OWNER, CONSUMER, catalog["ResourceCatalogArn"], CATALOG_SEARCH)
    assert discovered() == [NAME]
    refused("ValidationException", consumer.delete_feature_group, FeatureGroupName=ARN)
    refused("ResourceNotFound", consumer.delete_feature_group, FeatureGroupName=NAME)
