"""A filled offline store, a consumer with the four grants, and queries over it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws, Signer
from tests.localaws.features import BUCKET, CONSUMER, NAME, OWNER, T1, T2, create, record
from tests.localaws.policies import document
from tests.localaws.waiting import eventually

RESULTS = f"causeway-data-science-{ACCOUNTS[CONSUMER]}-{REGION}"
CATALOG, DATABASE = "causeway_data", "sagemaker_featurestore"
READER = f"arn:aws:iam::{ACCOUNTS[CONSUMER]}:role/reader"
KEY_ADMINISTRATION = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNTS[OWNER]}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


@dataclass
class Lake:
    """A filled offline store of the owner, and a role of the consumer with the four grants."""

    aws: Aws
    table: str
    key: str

    @property
    def glue_policy(self) -> dict[str, Any]:
        start = f"arn:aws:glue:{REGION}:{ACCOUNTS[OWNER]}"
        return self.statement(
            ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"],
            [f"{start}:catalog", f"{start}:database/{DATABASE}", f"{start}:table/{DATABASE}/*"],
        )

    @property
    def bucket_policy(self) -> dict[str, Any]:
        return self.statement(
            ["s3:GetObject", "s3:ListBucket"],
            [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        )

    @property
    def left_to_iam(self) -> dict[str, Any]:
        """What Lake Formation leaves to IAM: the table, by default."""
        return self.on_the_table("IAM_ALLOWED_PRINCIPALS", "ALL")

    def on_the_table(self, principal: str, permission: str) -> dict[str, Any]:
        return {
            "Principal": {"DataLakePrincipalIdentifier": principal},
            "Resource": {"Table": {"DatabaseName": DATABASE, "Name": self.table}},
            "Permissions": [permission],
        }

    @staticmethod
    def statement(actions: list[str], resources: list[str] | str) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"AWS": READER},
            "Action": actions,
            "Resource": resources,
        }

    def open(self) -> None:
        """Give all four grants."""
        glue, s3 = self.aws.client("glue", OWNER), self.aws.client("s3", OWNER)
        glue.put_resource_policy(PolicyInJson=document(self.glue_policy))
        s3.put_bucket_policy(Bucket=BUCKET, Policy=document(self.bucket_policy))
        self.decryption(True)
        self.aws.client("lakeformation", OWNER).grant_permissions(**self.left_to_iam)
        athena = self.aws.client("athena", CONSUMER)
        if CATALOG not in {
            catalog["CatalogName"] for catalog in athena.list_data_catalogs()["DataCatalogsSummary"]
        }:
            athena.create_data_catalog(
                Name=CATALOG, Type="GLUE", Parameters={"catalog-id": ACCOUNTS[OWNER]}
            )

    def decryption(self, allowed: bool) -> None:
        more = [self.statement(["kms:Decrypt"], "*")] if allowed else []
        self.aws.client("kms", OWNER).put_key_policy(
            KeyId=self.key, PolicyName="default", Policy=document(KEY_ADMINISTRATION, *more)
        )

    @property
    def named(self) -> str:
        return f'"{CATALOG}"."{DATABASE}"."{self.table}"'

    def reader(self) -> Signer:
        return self.aws.assume(CONSUMER, "reader")


def filled(aws: Aws) -> Lake:
    s3, kms = aws.client("s3", OWNER), aws.client("kms", OWNER)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("s3", CONSUMER).create_bucket(
        Bucket=RESULTS, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    aws.role(CONSUMER, "reader")
    key = kms.create_key(Policy=document(KEY_ADMINISTRATION))["KeyMetadata"]["Arn"]
    group = create(
        aws.client("sagemaker", OWNER),
        RoleArn=aws.role(OWNER, "causeway-feature-execution"),
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/fs", "KmsKeyId": key}},
    )
    assert group["FeatureGroupStatus"] == "Created", group
    table = group["OfflineStoreConfig"]["DataCatalogConfig"]
    assert table["Database"] == DATABASE
    runtime = aws.client("sagemaker-featurestore-runtime", OWNER)
    rows = [record(f"sgc-{n:06}", T1 if n % 2 else T2, str(n)) for n in range(6)]
    runtime.batch_write_record(Entries=[{"FeatureGroupName": NAME, "Record": row} for row in rows])
    runtime.delete_record(
        FeatureGroupName=NAME, RecordIdentifierValueAsString="sgc-000005", EventTime=T2
    )
    eventually(lambda: s3.list_objects_v2(Bucket=BUCKET).get("KeyCount", 0) >= 2)
    return Lake(aws, table["TableName"], key)


def run(
    athena: Any, sql: str, *, database: str | None = None, output: str = f"s3://{RESULTS}/q/"
) -> dict[str, Any]:
    context = {"QueryExecutionContext": {"Database": database}} if database else {}
    started = athena.start_query_execution(
        QueryString=sql, ResultConfiguration={"OutputLocation": output}, **context
    )
    return settled(athena, started["QueryExecutionId"])


def settled(athena: Any, identity: str) -> dict[str, Any]:
    until = time.monotonic() + 30
    while True:
        execution = athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return dict(execution)
        assert time.monotonic() < until, execution
        time.sleep(0.02)


def rows(athena: Any, execution: dict[str, Any]) -> list[list[str | None]]:
    pages = athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=execution["QueryExecutionId"]
    )
    return [
        [cell.get("VarCharValue") for cell in row["Data"]]
        for page in pages
        for row in page["ResultSet"]["Rows"]
    ]
