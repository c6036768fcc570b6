"""Athena over the offline store: real SQL, real refusals, nothing beyond what a query is handed."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from pyarrow import parquet as pq

from localaws.athena.executions import Executions
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.athena.lake import CATALOG, DATABASE, READER, RESULTS, Lake, rows, run, settled
from tests.localaws.features import BUCKET, CONSUMER, NAME, OWNER
from tests.localaws.policies import document
from tests.localaws.shapes import checked
from tests.localaws.waiting import eventually


# ------------------------------------------------------------------------ reading
def test_the_owner_reads_its_own_store(lake: Lake) -> None:
    athena = checked(lake.aws.client("athena", OWNER))
    lake.aws.client("s3", OWNER).create_bucket(
        Bucket="results", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    sql = (
        f'SELECT "record_id", max("amount") AS most, count(*) AS n FROM "{lake.table}" '
        "WHERE NOT \"is_deleted\" AND year = '2024' GROUP BY 1 ORDER BY 1"
    )
    done = run(athena, sql, database=DATABASE, output="s3://results/")
    assert done["Status"]["State"] == "SUCCEEDED", done
    answers = rows(athena, done)
    assert answers[0] == ["record_id", "most", "n"]
    assert answers[1:3] == [["sgc-000000", "0.0", "1"], ["sgc-000001", "1.0", "1"]]
    assert len(answers) == 7


def test_a_consumer_with_the_four_grants_reads_and_unloads(lake: Lake) -> None:
    athena = checked(lake.reader().client("athena"))
    sql = (
        f'SELECT "record_id", "amount", "write_time", row_number() OVER '
        f'(ORDER BY from_iso8601_timestamp("event_time") DESC, "record_id") AS place '
        f'FROM {lake.named} WHERE NOT "is_deleted"'
    )
    target = f"s3://{RESULTS}/out/"
    unload = f"UNLOAD ({sql}) TO '{target}' WITH (format = 'PARQUET', compression = 'SNAPPY')"
    done = run(athena, unload)
    assert done["Status"]["State"] == "SUCCEEDED", done
    assert done["SubstatementType"] == "UNLOAD"
    s3 = lake.aws.client("s3", CONSUMER)
    (written,) = s3.list_objects_v2(Bucket=RESULTS, Prefix="out/")["Contents"]
    body = s3.get_object(Bucket=RESULTS, Key=written["Key"])["Body"].read()
    table = pq.read_table(io.BytesIO(body))
    assert table.num_rows == 6
    assert [str(field.type) for field in table.schema][:2] == ["string", "double"]
    manifest = done["Statistics"]["DataManifestLocation"].split("/", 3)[3]
    listed = s3.get_object(Bucket=RESULTS, Key=manifest)["Body"].read().decode().split()
    assert listed == [f"s3://{RESULTS}/{written['Key']}"]
    again = run(athena, unload)
    assert "HIVE_PATH_ALREADY_EXISTS" in again["Status"]["StateChangeReason"]


def test_a_feature_that_was_added_is_null_in_older_rows(lake: Lake) -> None:
    sagemaker = lake.aws.client("sagemaker", OWNER)
    more = [{"FeatureName": "purpose", "FeatureType": "Integral"}]
    sagemaker.update_feature_group(FeatureGroupName=NAME, FeatureAdditions=more)
    eventually(
        lambda: (
            sagemaker.describe_feature_group(FeatureGroupName=NAME)["LastUpdateStatus"]["Status"]
            == "Successful"
        )
    )
    athena = lake.reader().client("athena")
    done = run(athena, f'SELECT count(*), count("purpose") FROM {lake.named}')
    assert rows(athena, done)[1] == ["7", "0"], done


def beside(lake: Lake, name: str, columns: dict[str, str]) -> str:
    """Return a table over the same objects that has these columns."""
    glue = lake.aws.client("glue", OWNER)
    table = glue.get_table(DatabaseName=DATABASE, Name=lake.table)["Table"]
    kept = ("TableType", "Parameters", "PartitionKeys", "StorageDescriptor")
    definition = {key: table[key] for key in kept} | {"Name": name}
    listed = [{"Name": column, "Type": kind} for column, kind in columns.items()]
    definition["StorageDescriptor"] = {**table["StorageDescriptor"], "Columns": listed}
    glue.create_table(DatabaseName=DATABASE, TableInput=definition)
    return f'"{CATALOG}"."{DATABASE}"."{name}"'


def test_a_column_with_the_name_of_a_partition_makes_a_table_unreadable(lake: Lake) -> None:
    named = beside(lake, "with_year", {"record_id": "string", "Year": "string"})
    done = run(lake.reader().client("athena"), f"SELECT count(*) FROM {named}")
    assert done["Status"]["State"] == "FAILED"
    reason = done["Status"]["StateChangeReason"]
    assert reason.startswith("HIVE_INVALID_METADATA: ") and "duplicate columns" in reason


def test_names_are_folded_to_lower_case_but_not_in_the_heading(lake: Lake) -> None:
    named = beside(lake, "with_capitals", {"record_id": "string", "Amount": "double"})
    athena = lake.reader().client("athena")
    assert rows(athena, run(athena, f"SELECT * FROM {named}"))[0][:2] == ["record_id", "amount"]
    chosen = f'SELECT max("AMOUNT") AS "Amount" FROM {named}'
    assert rows(athena, run(athena, chosen)) == [["Amount"], ["5.0"]]
    run(athena, f"UNLOAD ({chosen}) TO 's3://{RESULTS}/folded/' WITH (format = 'PARQUET')")
    s3 = lake.aws.client("s3", CONSUMER)
    (written,) = s3.list_objects_v2(Bucket=RESULTS, Prefix="folded/")["Contents"]
    body = s3.get_object(Bucket=RESULTS, Key=written["Key"])["Body"].read()
    assert pq.read_table(io.BytesIO(body)).column_names == ["amount"]


# ------------------------------------------------------------------------ the four grants
def no_glue(lake: Lake) -> None:
    lake.aws.client("glue", OWNER).delete_resource_policy()


def no_bucket(lake: Lake) -> None:
    lake.aws.client("s3", OWNER).delete_bucket_policy(Bucket=BUCKET)


def no_key(lake: Lake) -> None:
    lake.decryption(False)


def no_catalog(lake: Lake) -> None:
    lake.aws.client("athena", CONSUMER).delete_data_catalog(Name=CATALOG)


def no_select(lake: Lake) -> None:
    lakeformation = lake.aws.client("lakeformation", OWNER)
    lakeformation.revoke_permissions(**lake.left_to_iam)
    # Enough to look the table up, not to query it.
    lakeformation.grant_permissions(**lake.on_the_table(READER, "DESCRIBE"))


@pytest.mark.parametrize(
    ("take", "said"),
    [
        (no_select, "PERMISSION_DENIED: .*Lake Formation permission.*Required Select"),
        (no_glue, "PERMISSION_DENIED: .*glue:GetDatabase"),
        (no_bucket, "PERMISSION_DENIED: .*s3:(ListBucket|GetObject)"),
        (no_key, "PERMISSION_DENIED: .*kms:Decrypt"),
        (no_catalog, "CATALOG_NOT_FOUND: .*data catalogue is not registered"),
    ],
)
def test_a_query_without_one_grant_fails_and_says_which(
    lake: Lake, take: Callable[[Lake], None], said: str
) -> None:
    take(lake)
    done = run(lake.reader().client("athena"), f"SELECT count(*) FROM {lake.named}")
    lake.open()
    assert done["Status"]["State"] == "FAILED"

    assert re.match(said, done["Status"]["StateChangeReason"]), done["Status"]


def test_the_callers_own_policy_counts_as_well(lake: Lake) -> None:
    iam = lake.aws.client("iam", CONSUMER)
    everything_but = {"Effect": "Deny", "Action": "glue:GetPartitions", "Resource": "*"}
    iam.put_role_policy(
        RoleName="reader", PolicyName="less", PolicyDocument=document(everything_but)
    )
    done = run(lake.reader().client("athena"), f"SELECT count(*) FROM {lake.named}")
    iam.delete_role_policy(RoleName="reader", PolicyName="less")
    assert "glue:GetPartitions" in done["Status"]["StateChangeReason"]


# ------------------------------------------------------------------------ SQL
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELEC 1", "NOT_SUPPORTED"),
        ("SELECT nothing FROM {}", "nothing"),
        ("SELECT 1 WHERE 1 = '1'", "TYPE_MISMATCH: number and varchar"),
        ("SELECT 1 WHERE timestamp '2024-01-02 00:00:00' > '2024-01-01'", "TYPE_MISMATCH: timest"),
        ("SELECT 1 FROM {} WHERE from_iso8601_timestamp(event_time) > '2024'", "TYPE_MISMATCH"),
        ("SELECT 1 WHERE date '2024-01-02' IN ('2024-01-02')", "TYPE_MISMATCH"),
        ("SELECT 1 WHERE 2 BETWEEN '1' AND '3'", "TYPE_MISMATCH"),
        ("SELECT 1 AS a, a + 1 AS b", "COLUMN_NOT_FOUND: Column 'a'"),
        ("SELECT amount AS a, a + 1 AS b FROM {}", "COLUMN_NOT_FOUND: Column 'a'"),
        ("SELECT amount AS a FROM {} WHERE a > 0", "COLUMN_NOT_FOUND: Column 'a'"),
        ("SELECT amount AS a, count(*) FROM {} GROUP BY a", "COLUMN_NOT_FOUND: Column 'a'"),
        ("SELECT count(*) AS n FROM {} HAVING n > 0", "COLUMN_NOT_FOUND: Column 'n'"),
        ("WITH s AS (SELECT amount AS a FROM {} WHERE a > 0) SELECT a FROM s", "Column 'a'"),
        ("SELECT 1.5 AS d", "NOT_SUPPORTED: column d is decimal"),
        ("SELECT * FROM no_such_table", "TABLE_NOT_FOUND|Schema must be"),
        ("SELECT amount / 2 FROM {}", "the function /"),
        ("SELECT amount::bigint FROM {}", "mismatched input '::'"),
        ("SELECT * FROM read_parquet('/etc/passwd')", "TABLE_FUNCTION"),
        ("SELECT * FROM '/etc/passwd'", "Schema must be|TABLE_NOT_FOUND"),
        ("SELECT 1; SELECT 2", "Only one sql statement"),
        ("INSTALL httpfs", "only SELECT, UNLOAD"),
        ("UNLOAD (SELECT 1) TO '/tmp/x'", "expected UNLOAD"),
        ("UNLOAD (SELECT 1 AS a) TO 's3://x/y' WITH (format = 'CSV')", "PARQUET"),
    ],
)
def test_sql_that_is_wrong_or_not_served_fails_with_the_reason(
    lake: Lake, sql: str, said: str
) -> None:
    lake.open()

    done = run(lake.reader().client("athena"), sql.format(lake.named))
    assert done["Status"]["State"] == "FAILED", done
    assert re.search(said, done["Status"]["StateChangeReason"]), done["Status"]
    with pytest.raises(ClientError, match="FAILED"):
        lake.reader().client("athena").get_query_results(QueryExecutionId=done["QueryExecutionId"])


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SELECT max(amount) AS amount FROM {} WHERE amount > 0 ORDER BY amount", "5.0"),
        ("WITH s AS (SELECT amount AS a FROM {}) SELECT max(a) AS a FROM s WHERE a > 0", "5.0"),
        ("SELECT a FROM (SELECT max(amount) AS a FROM {}) WHERE a > 0", "5.0"),
        (
            "SELECT count(*) AS n FROM {} WHERE amount > 3 AND lower('A') = 'a' "
            "AND date '2024-01-02' > date '2023-01-01'",
            "2",
        ),
        (
            "SELECT sum(n) AS n FROM (SELECT 3 AS n FROM {} WHERE amount > 3) WHERE n IN (3, 2.5)",
            "6",
        ),
    ],
)
def test_a_name_of_the_source_is_meant_before_an_alias(lake: Lake, sql: str, answer: str) -> None:
    lake.open()
    athena = lake.reader().client("athena")
    done = run(athena, sql.format(lake.named))
    assert done["Status"]["State"] == "SUCCEEDED", done
    assert rows(athena, done)[1:] == [[answer]]


# ------------------------------------------------------------------------ executions
def test_a_token_starts_one_query(lake: Lake) -> None:
    athena = lake.aws.client("athena", CONSUMER)
    request = {
        "QueryString": "SELECT 1 AS one",
        "ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/q/"},
        "ClientRequestToken": "t" * 32,
    }
    first = athena.start_query_execution(**request)["QueryExecutionId"]
    assert athena.start_query_execution(**request)["QueryExecutionId"] == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        athena.start_query_execution(**request | {"QueryString": "SELECT 2 AS two"})
    assert settled(athena, first)["Status"]["State"] == "SUCCEEDED"
    assert first in athena.list_query_executions()["QueryExecutionIds"]


def test_a_query_that_runs_is_stopped(lake: Lake) -> None:
    athena = lake.reader().client("athena")
    many = ", ".join(f"{lake.named} t{n}" for n in range(12))
    started = athena.start_query_execution(
        QueryString=f"SELECT count(*) FROM {many}",
        ResultConfiguration={"OutputLocation": f"s3://{RESULTS}/q/"},
    )["QueryExecutionId"]
    athena.stop_query_execution(QueryExecutionId=started)
    done = settled(athena, started)
    assert done["Status"]["State"] == "CANCELLED", done
    executions = lake.aws.cloud.store(Executions, ACCOUNTS[CONSUMER], REGION)
    assert executions.by_id[started].ended.wait(5), "it still runs"


def test_a_workgroup_decides_where_results_go(lake: Lake) -> None:
    athena = checked(lake.aws.client("athena", CONSUMER))
    athena.create_work_group(
        Name="causeway",
        Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/enforced/"}},
    )
    started = athena.start_query_execution(
        QueryString="SELECT 1 AS one",
        WorkGroup="causeway",
        ResultConfiguration={"OutputLocation": f"s3://{RESULTS}/mine/"},
    )
    done = settled(athena, started["QueryExecutionId"])
    location = done["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{RESULTS}/enforced/{done['QueryExecutionId']}.csv"
    with pytest.raises(ClientError, match="No output location"):
        athena.start_query_execution(QueryString="SELECT 1")
    athena.update_work_group(WorkGroup="causeway", State="DISABLED")
    with pytest.raises(ClientError, match="disabled"):
        athena.start_query_execution(QueryString="SELECT 1", WorkGroup="causeway")
