"""Partitions of a table: added, listed, filtered, removed; and tables by Hive's wildcards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Aws
from tests.localaws.shapes import checked
from tests.refusals import refused

PLACE = {"DatabaseName": "lake", "TableName": "sales"}


@pytest.fixture
def glue(aws: Aws) -> Any:
    client = checked(aws.client("glue", "data"))
    client.create_database(DatabaseInput={"Name": "lake"})
    for name in ("sales", "sales_old", "stock"):
        client.create_table(
            DatabaseName="lake",
            TableInput={
                "Name": name,
                "PartitionKeys": [
                    {"Name": "year", "Type": "int"},
                    {"Name": "shop", "Type": "string"},
                ],
                "StorageDescriptor": {"Location": "s3://lake/sales/"},
            },
        )
    partitions = [{"Values": [year, shop]} for year in ("2023", "2024") for shop in ("a", "b")]
    assert client.batch_create_partition(**PLACE, PartitionInputList=partitions)["Errors"] == []
    return client


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("", 4),
        ("year = 2024", 2),
        ("year > 2023 AND shop = 'a'", 1),
        ("shop in ('a', 'c')", 2),
        ("(year <= 2023) and (shop <> 'b')", 1),
    ],
)
def test_partitions_are_listed_by_a_filter(glue: Any, expression: str, count: int) -> None:
    more = {"Expression": expression} if expression else {}
    assert len(glue.get_partitions(**PLACE, **more)["Partitions"]) == count


def test_segments_have_every_partition_once(glue: Any) -> None:
    segments = [{"SegmentNumber": number, "TotalSegments": 3} for number in range(3)]
    values = [
        tuple(partition["Values"])
        for segment in segments
        for partition in glue.get_partitions(**PLACE, Segment=segment)["Partitions"]
    ]
    assert len(values) == len(set(values)) == 4


def test_a_filter_that_cannot_be_read_is_refused(glue: Any) -> None:
    for expression in ("month = 1", "year like '2%'", "year = 2024 or shop = 'a'"):
        refused("InvalidInputException", glue.get_partitions, **PLACE, Expression=expression)


def test_a_partition_has_a_value_for_each_key_and_exists_once(glue: Any) -> None:
    twice = {"PartitionInput": {"Values": ["2024", "a"]}}
    refused("AlreadyExistsException", glue.create_partition, **PLACE, **twice)
    short = {"PartitionInput": {"Values": ["2024"]}}
    refused("InvalidInputException", glue.create_partition, **PLACE, **short)
    errors = glue.batch_create_partition(**PLACE, PartitionInputList=[{"Values": ["2024", "a"]}])
    assert errors["Errors"][0]["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException"


def test_a_partition_is_changed_and_removed(glue: Any) -> None:
    glue.update_partition(
        **PLACE,
        PartitionValueList=["2024", "a"],
        PartitionInput={"Values": ["2024", "a"], "Parameters": {"rows": "3"}},
    )
    partition = glue.get_partition(**PLACE, PartitionValues=["2024", "a"])["Partition"]
    assert partition["Parameters"] == {"rows": "3"}
    glue.delete_partition(**PLACE, PartitionValues=["2024", "a"])
    refused("EntityNotFoundException", glue.get_partition, **PLACE, PartitionValues=["2024", "a"])
    gone = [{"Values": ["2024", "a"]}, {"Values": ["2024", "b"]}]
    assert len(glue.batch_get_partition(**PLACE, PartitionsToGet=gone)["Partitions"]) == 1
    errors = glue.batch_delete_partition(**PLACE, PartitionsToDelete=gone)["Errors"]
    assert [error["PartitionValues"] for error in errors] == [["2024", "a"]]
    assert len(glue.get_partitions(**PLACE)["Partitions"]) == 2


@pytest.mark.parametrize(
    ("expression", "count"),
    [("sales", 1), ("s*", 3), ("*old", 1), ("*a*", 2), ("sales.*", 2), ("sales|stock", 2)],
)
def test_tables_are_listed_by_hives_wildcards(glue: Any, expression: str, count: int) -> None:
    assert len(glue.get_tables(DatabaseName="lake", Expression=expression)["TableList"]) == count


def test_partitions_need_the_permission_on_the_table(aws: Aws, glue: Any) -> None:
    aws.role("data", "nobody", allow=[])
    stranger = aws.assume("data", "nobody").client("glue")
    refusal = refused("AccessDeniedException", stranger.get_partitions, **PLACE)
    assert "glue:GetPartitions" in refusal.message
