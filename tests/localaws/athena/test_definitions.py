"""Tables by SQL: what the SDK's dataset builder, awswrangler and notebooks send every day."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from localaws.server import Accounts, running
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.athena.lake import rows, settled
from tests.localaws.conftest import Aws

BASE = (
    "`1`,`2024-01-02T03:04:05Z`,`a,b`,`1.5`,`true`\n"
    "`2`,`2024-01-03T00:00:00Z`,`c\\`d`,`-2`,`false`\n"
)
#: As the dataset builder of SageMaker's SDK v2 writes it.
CREATE = (
    "CREATE EXTERNAL TABLE base (id INT, event_time STRING, name STRING, amount DOUBLE, "
    "open BOOLEAN) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
    'WITH SERDEPROPERTIES ("separatorChar" = ",", "quoteChar" = "`", "escapeChar" = "\\\\") '
    "LOCATION 's3://lake/base/';"
)


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """One local AWS for all tests, with a bucket and the SDK's table in it."""
    accounts = Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])
    with running(accounts, control=True) as server:
        aws = Aws(server)
        s3 = aws.client("s3", "data")
        s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="lake", Key="base/base.csv", Body=BASE.encode())
        assert run(aws, CREATE)["Status"]["State"] == "SUCCEEDED"
        yield aws


def run(aws: Aws, sql: str, database: str = "default", **more: Any) -> dict[str, Any]:
    athena = aws.client("athena", "data")
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Catalog": "AwsDataCatalog", "Database": database},
        ResultConfiguration={"OutputLocation": "s3://lake/results/"},
        **more,
    )
    return settled(athena, started["QueryExecutionId"])


def answer(aws: Aws, sql: str) -> list[list[str | None]]:
    done = run(aws, sql)
    assert done["Status"]["State"] == "SUCCEEDED", done["Status"]
    return rows(aws.client("athena", "data"), done)[1:]


def reason(done: dict[str, Any]) -> str:
    assert done["Status"]["State"] == "FAILED", done
    return str(done["Status"]["StateChangeReason"])


def test_a_csv_table_is_read_with_the_types_of_its_columns(aws: Aws) -> None:
    assert answer(aws, "SELECT * FROM base ORDER BY id") == [
        ["1", "2024-01-02T03:04:05Z", "a,b", "1.5", "true"],
        ["2", "2024-01-03T00:00:00Z", "c`d", "-2.0", "false"],
    ]
    table = aws.client("glue", "data").get_table(DatabaseName="default", Name="base")["Table"]
    assert table["StorageDescriptor"]["Columns"][0] == {"Name": "id", "Type": "int"}


def test_a_definition_is_a_ddl_statement_with_an_empty_text_as_its_result(aws: Aws) -> None:
    done = run(aws, CREATE.replace("TABLE base", "TABLE IF NOT EXISTS base"))
    assert (done["StatementType"], done["SubstatementType"]) == ("DDL", "CREATE_TABLE")
    location = done["ResultConfiguration"]["OutputLocation"]
    assert location.endswith(f"{done['QueryExecutionId']}.txt")
    s3 = aws.client("s3", "data")
    assert s3.head_object(Bucket="lake", Key=location.split("/", 3)[3])["ContentLength"] == 0
    assert "Table already exists" in reason(run(aws, CREATE))


def test_a_table_is_dropped_and_its_data_stays(aws: Aws) -> None:
    assert run(aws, CREATE.replace("base (", "other ("))["Status"]["State"] == "SUCCEEDED"
    assert run(aws, "DROP TABLE `other`")["SubstatementType"] == "DROP_TABLE"
    assert "TABLE_NOT_FOUND" in reason(run(aws, "SELECT * FROM other"))
    assert "not found" in reason(run(aws, "DROP TABLE other"))
    assert run(aws, "DROP TABLE IF EXISTS other")["Status"]["State"] == "SUCCEEDED"
    assert answer(aws, "SELECT count(*) FROM base") == [["2"]]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("from_unixtime(1704164645)", "2024-01-02 03:04:05.000 UTC"),
        ("date_format(from_unixtime(1704164645.25), '%Y-%m-%d %H:%i:%s')", "2024-01-02 03:04:05"),
        ("date_format(DATE '2024-03-09', '%M %e, %W')", "March 9, Saturday"),
        ("CAST(id AS VARCHAR) || '!'", "1!"),
        ("CAST(open AS VARCHAR)", "true"),
        ("CAST(DATE '2024-03-09' AS VARCHAR)", "2024-03-09"),
        ("CAST(TIMESTAMP '2024-03-09 01:02:03' AS VARCHAR)", "2024-03-09 01:02:03.000"),
        ("CAST(from_iso8601_timestamp(event_time) AS VARCHAR)", "2024-01-02 03:04:05.000 UTC"),
    ],
)
def test_everyday_functions_answer_as_trino_does(aws: Aws, expression: str, text: str) -> None:
    assert answer(aws, f"SELECT {expression} AS text FROM base WHERE id = 1") == [[text]]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT date_format(event_time, '%Y') FROM base", "TYPE_MISMATCH"),
        ("SELECT date_format(DATE '2024-01-01', '%U') FROM base", "%U is not served"),
        ("SELECT date_format(DATE '2024-01-01', name) FROM base", "literal format"),
        ("SELECT CAST(amount AS VARCHAR) FROM base", "DOUBLE to VARCHAR"),
        ("SELECT CAST(name AS VARCHAR(2)) FROM base", "this cast to VARCHAR"),
        (
            "CREATE EXTERNAL TABLE x (a MAP<INT,INT>) STORED AS PARQUET LOCATION 's3://lake/x/'",
            "MAP<",
        ),
        ("CREATE EXTERNAL TABLE x (a INT) STORED AS ORC LOCATION 's3://lake/x/'", "ORC"),
        ("CREATE EXTERNAL TABLE x (a INT) STORED AS PARQUET", "needs a LOCATION"),
        ("CREATE TABLE x WITH (format = 'ORC') AS SELECT 1 AS a", "'PARQUET'"),
        ("CREATE TABLE x WITH (bucketed_by = 'a') AS SELECT 1 AS a", "bucketed_by"),
        ("CREATE TABLE base AS SELECT 1 AS a", "TABLE_ALREADY_EXISTS"),
        ("MSCK REPAIR TABLE base", "only SELECT"),
    ],
)
def test_what_is_not_served_fails_by_name(aws: Aws, sql: str, said: str) -> None:
    assert said in reason(run(aws, sql))


def test_a_table_is_created_from_a_query(aws: Aws) -> None:
    created = run(
        aws,
        'CREATE TABLE "default"."copied" WITH (format = \'PARQUET\', '
        "write_compression = 'SNAPPY', external_location = 's3://lake/copied') AS "
        "SELECT id, name, amount FROM base",
    )
    assert (created["StatementType"], created["SubstatementType"]) == (
        "DDL",
        "CREATE_TABLE_AS_SELECT",
    )
    assert answer(aws, "SELECT name FROM copied ORDER BY id") == [["a,b"], ["c`d"]]
    s3 = aws.client("s3", "data")
    manifest = created["Statistics"]["DataManifestLocation"].split("/", 3)[3]
    (file,) = s3.get_object(Bucket="lake", Key=manifest)["Body"].read().decode().split()
    assert file.startswith("s3://lake/copied/")
    run(aws, "CREATE TABLE placed AS SELECT 1 AS a")
    table = aws.client("glue", "data").get_table(DatabaseName="default", Name="placed")["Table"]
    assert table["StorageDescriptor"]["Location"].startswith("s3://lake/results/tables/")


def test_only_partitions_of_the_catalogue_are_read(aws: Aws) -> None:
    glue, s3 = aws.client("glue", "data"), aws.client("s3", "data")
    for year in ("2023", "2024"):
        file = io.BytesIO()
        pq.write_table(pa.table({"amount": [float(year)]}), file)
        s3.put_object(Bucket="lake", Key=f"sales/year={year}/1.parquet", Body=file.getvalue())
    run(
        aws,
        "CREATE EXTERNAL TABLE sales (amount DOUBLE) PARTITIONED BY (year INT) "
        "STORED AS PARQUET LOCATION 's3://lake/sales/'",
    )
    assert answer(aws, "SELECT count(*) FROM sales") == [["0"]]
    storage = glue.get_table(DatabaseName="default", Name="sales")["Table"]["StorageDescriptor"]
    sales = {"DatabaseName": "default", "TableName": "sales"}
    folder = storage | {"Location": "s3://lake/sales/year=2024/"}
    glue.create_partition(**sales, PartitionInput={"Values": ["2024"], "StorageDescriptor": folder})
    assert answer(aws, "SELECT year + 1, amount FROM sales") == [["2025", "2024.0"]]


def test_a_workgroup_limits_what_a_query_scans_and_has_every_field(aws: Aws) -> None:
    athena = aws.client("athena", "data")
    limit = {"BytesScannedCutoffPerQuery": 10_000_000, "EnforceWorkGroupConfiguration": False}
    athena.create_work_group(Name="small", Configuration=limit)
    configuration = athena.get_work_group(WorkGroup="small")["WorkGroup"]["Configuration"]
    assert configuration["RequesterPaysEnabled"] is False
    assert configuration["EnableMinimumEncryptionConfiguration"] is False
    s3 = aws.client("s3", "data")
    s3.put_object(Bucket="lake", Key="big/big.csv", Body=b"1,2\n" * 3_000_000)
    run(aws, CREATE.replace("base (", "big (").replace("/base/", "/big/"))
    done = run(aws, "SELECT count(*) FROM big", WorkGroup="small")
    assert done["Status"]["State"] == "CANCELLED"
    assert done["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    s3.delete_object(Bucket="lake", Key="big/big.csv")


def test_the_own_catalogue_is_queried_without_permission_to_describe_it(aws: Aws) -> None:
    aws.role(
        "data",
        "analyst",
        allow=[
            {"Effect": "Allow", "Action": ["glue:*", "s3:*"], "Resource": "*"},
            {"Effect": "Allow", "Action": "athena:*QueryExecution", "Resource": "*"},
        ],
    )
    athena = aws.assume("data", "analyst").client("athena")
    started = athena.start_query_execution(
        QueryString='SELECT count(*) FROM "default"."base"',
        ResultConfiguration={"OutputLocation": "s3://lake/results/"},
    )
    assert settled(athena, started["QueryExecutionId"])["Status"]["State"] == "SUCCEEDED"
