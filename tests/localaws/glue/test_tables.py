"""Glue's Data Catalog: databases, tables, the resource policy, and the table of a feature group."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.catalogue import LOANS, START, TABLE, policy
from tests.localaws.conftest import Aws
from tests.localaws.features import BUCKET, CONSUMER, NAME, OWNER, create
from tests.localaws.shapes import checked
from tests.localaws.waiting import eventually
from tests.refusals import refused


@pytest.fixture
def glue(aws: Aws) -> Any:
    glue = checked(aws.client("glue", OWNER))
    glue.create_database(DatabaseInput={"Name": "Lake"})
    glue.create_table(DatabaseName="lake", TableInput=TABLE)
    return glue


def test_databases_and_tables_are_kept_in_small_letters(glue: Any) -> None:
    assert [database["Name"] for database in glue.get_databases()["DatabaseList"]] == ["lake"]
    refused("AlreadyExistsException", glue.create_database, DatabaseInput={"Name": "LAKE"})
    table = glue.get_table(DatabaseName="Lake", Name="LOANS")["Table"]
    assert (table["Name"], table["VersionId"]) == ("loans", "0")
    glue.update_table(DatabaseName="lake", TableInput=TABLE | {"Description": "What is asked for"})
    (listed,) = glue.get_tables(DatabaseName="lake", Expression="lo.*")["TableList"]
    assert (listed["Description"], listed["VersionId"]) == ("What is asked for", "1")
    glue.delete_table(DatabaseName="lake", Name="loans")
    refused("EntityNotFoundException", glue.get_table, DatabaseName="lake", Name="loans")
    glue.delete_database(Name="lake")
    refused("EntityNotFoundException", glue.get_database, Name="lake")


def test_what_would_have_no_effect_is_refused(glue: Any) -> None:
    link = {"Name": "link", "TargetDatabase": {"CatalogId": ACCOUNTS[OWNER], "DatabaseName": "x"}}
    refused("UnsupportedOperation", glue.create_database, DatabaseInput=link)


def test_the_policy_opens_the_catalog_to_another_account(aws: Aws, glue: Any) -> None:
    reader = aws.client("glue", CONSUMER)
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.get_table(**LOANS)
    glue.put_resource_policy(PolicyInJson=policy(f"{START}:catalog", f"{START}:database/lake"))
    with pytest.raises(ClientError, match="table/lake/loans"):
        reader.get_table(**LOANS)
    glue.put_resource_policy(PolicyInJson=policy(f"{START}:*"))
    assert reader.get_table(**LOANS)["Table"]["CatalogId"] == ACCOUNTS[OWNER]
    with pytest.raises(ClientError, match="glue:DeleteTable"):
        reader.delete_table(**LOANS)


def test_a_policy_is_replaced_only_as_its_writer_saw_it(glue: Any) -> None:
    refused("EntityNotFoundException", glue.get_resource_policy)
    first = glue.put_resource_policy(
        PolicyInJson=policy(f"{START}:*"), PolicyExistsCondition="NOT_EXIST"
    )["PolicyHash"]
    assert glue.get_resource_policy()["PolicyHash"] == first
    other = {"PolicyInJson": policy(f"{START}:catalog")}
    conflict = "ConditionCheckFailureException"
    refused(conflict, glue.put_resource_policy, **other, PolicyExistsCondition="NOT_EXIST")
    refused(conflict, glue.put_resource_policy, **other, PolicyHashCondition="0" * 64)
    glue.put_resource_policy(**other, PolicyHashCondition=first)
    foreign = policy(f"arn:aws:glue:{REGION}:{ACCOUNTS[CONSUMER]}:*")
    refused("InvalidInputException", glue.put_resource_policy, PolicyInJson=foreign)
    refused("InvalidInputException", glue.put_resource_policy, PolicyInJson="{}")


# ------------------------------------------------------------------------ of a feature group
def offline(aws: Aws, **more: Any) -> dict[str, Any]:
    aws.client("s3", OWNER).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return {"S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/fs"}, **more}


def test_a_feature_group_has_a_table_that_follows_it(aws: Aws) -> None:
    sagemaker = checked(aws.client("sagemaker", OWNER))
    role = aws.role(OWNER, "causeway-feature-execution")
    group = create(sagemaker, RoleArn=role, OfflineStoreConfig=offline(aws))
    catalogue = group["OfflineStoreConfig"]["DataCatalogConfig"]
    assert catalogue["TableName"].startswith(NAME.replace("-", "_"))

    def columns() -> dict[str, str]:
        table = aws.client("glue", OWNER).get_table(
            DatabaseName=catalogue["Database"], Name=catalogue["TableName"]
        )["Table"]
        assert table["StorageDescriptor"]["Location"].endswith("/data")
        return {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}

    assert columns()["amount"] == "double"
    assert columns()["write_time"] == "timestamp"
    more = [{"FeatureName": "purpose", "FeatureType": "Integral"}]
    sagemaker.update_feature_group(FeatureGroupName=NAME, FeatureAdditions=more)
    assert eventually(lambda: columns().get("purpose")) == "bigint"


def test_a_group_names_its_table_or_has_none(aws: Aws) -> None:
    sagemaker = checked(aws.client("sagemaker", OWNER))
    role = aws.role(OWNER, "causeway-feature-execution")
    catalogue = {"TableName": "loans", "Catalog": "AwsDataCatalog", "Database": "mine"}
    create(sagemaker, RoleArn=role, OfflineStoreConfig=offline(aws, DataCatalogConfig=catalogue))
    assert aws.client("glue", OWNER).get_table(DatabaseName="mine", Name="loans")
    sagemaker.delete_feature_group(FeatureGroupName=NAME)
    config = {"S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/fs"}}
    group = create(
        sagemaker, RoleArn=role, OfflineStoreConfig=config | {"DisableGlueTableCreation": True}
    )
    assert "DataCatalogConfig" not in group["OfflineStoreConfig"]


def test_a_role_that_may_not_make_the_table_fails_the_creation(aws: Aws) -> None:
    allowed = [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]
    role = aws.role(OWNER, "causeway-feature-execution", allow=allowed)
    group = create(aws.client("sagemaker", OWNER), RoleArn=role, OfflineStoreConfig=offline(aws))
    assert group["FeatureGroupStatus"] == "CreateFailed"
    assert "glue:GetDatabase" in group["FailureReason"]
