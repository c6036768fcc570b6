"""Folders of many objects: each is judged as its policies say, and read as it is now."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.localaws.athena.lake import CATALOG, DATABASE, Lake, rows, run
from tests.localaws.features import BUCKET, OWNER
from tests.localaws.policies import document

FOLDER = "many/data/year=2024/month=01/day=01"
NAMED = f'"{CATALOG}"."{DATABASE}"."many"'


def parquet(record: str) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"record_id": [record]}), sink)
    return sink.getvalue()


def key(hour: int) -> str:
    return f"{FOLDER}/hour={hour:02}/x.parquet"


def put(lake: Lake, hour: int, record: str, **more: Any) -> None:
    lake.aws.client("s3", OWNER).put_object(
        Bucket=BUCKET, Key=key(hour), Body=parquet(record), **more
    )


@pytest.fixture
def many(lake: Lake) -> Lake:
    """A table of four hourly objects; the bucket's policy is given back afterwards."""
    for hour in range(4):
        put(lake, hour, f"r{hour}")
    glue = lake.aws.client("glue", OWNER)
    table = glue.get_table(DatabaseName=DATABASE, Name=lake.table)["Table"]
    storage = {
        **table["StorageDescriptor"],
        "Location": f"s3://{BUCKET}/many/data",
        "Columns": [{"Name": "record_id", "Type": "string"}],
    }
    kept = {name: table[name] for name in ("TableType", "Parameters", "PartitionKeys")}
    definition = {**kept, "Name": "many", "StorageDescriptor": storage}
    if "many" not in {t["Name"] for t in glue.get_tables(DatabaseName=DATABASE)["TableList"]}:
        glue.create_table(DatabaseName=DATABASE, TableInput=definition)
    return lake


def answer(lake: Lake) -> Any:
    athena = lake.reader().client("athena")
    done = run(athena, f"SELECT record_id, hour FROM {NAMED} ORDER BY 1")
    if done["Status"]["State"] != "SUCCEEDED":
        return done["Status"]["StateChangeReason"]
    return rows(athena, done)[1:]


def policy(lake: Lake, *statements: dict[str, Any]) -> None:
    s3 = lake.aws.client("s3", OWNER)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=document(lake.bucket_policy, *statements))


def test_what_was_written_again_is_read_again(many: Lake) -> None:
    assert answer(many) == [["r0", "00"], ["r1", "01"], ["r2", "02"], ["r3", "03"]]
    put(many, 2, "r9")
    assert answer(many)[-1] == ["r9", "02"]
    many.aws.client("s3", OWNER).delete_object(Bucket=BUCKET, Key=key(2))
    assert [row[0] for row in answer(many)] == ["r0", "r1", "r3"]


def test_one_object_that_a_policy_denies_fails_the_query(many: Lake) -> None:
    assert len(answer(many)) == 4, "and its rows are known from now on"
    denied = {
        **many.statement(["s3:GetObject"], f"arn:aws:s3:::{BUCKET}/{FOLDER}/hour=03/*"),
        "Effect": "Deny",
    }
    policy(many, denied)
    try:
        assert answer(many).startswith("PERMISSION_DENIED: ") and "hour=03" in answer(many)
    finally:
        policy(many)
    assert len(answer(many)) == 4


def test_one_object_that_its_tag_closes_fails_the_query(many: Lake) -> None:
    secret = {
        **many.statement(["s3:GetObject"], f"arn:aws:s3:::{BUCKET}/*"),
        "Effect": "Deny",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/secret": "yes"}},
    }
    policy(many, secret)
    try:
        assert len(answer(many)) == 4
        put(many, 1, "r1", Tagging="secret=yes")
        assert answer(many).startswith("PERMISSION_DENIED: ") and "hour=01" in answer(many)
    finally:
        policy(many)


def test_one_object_under_a_key_that_is_closed_fails_the_query(many: Lake) -> None:
    kms = many.aws.client("kms", OWNER)
    other = kms.create_key()["KeyMetadata"]["Arn"]
    put(many, 1, "r1", ServerSideEncryption="aws:kms", SSEKMSKeyId=other)
    said = answer(many)
    assert said.startswith("PERMISSION_DENIED: ") and "kms:Decrypt" in said
