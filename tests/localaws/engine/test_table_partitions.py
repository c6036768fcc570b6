"""Queries of a partition and of an index, before and after writes of every kind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Aws

KEYS = {"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}


@pytest.fixture
def dynamodb(aws: Aws) -> Any:
    client = aws.client("dynamodb", "governance")
    client.create_table(
        TableName="stages",
        KeySchema=list(KEYS),
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (("id", "S"), ("at", "N"), ("of", "S"))
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-of",
                "KeySchema": [
                    {"AttributeName": "of", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in range(12):
        client.put_item(TableName="stages", Item=item(number))
    return client


def item(number: int, of: str | None = None) -> dict[str, Any]:
    kept = {"of": {"S": of or f"of-{number % 2}"}} if number % 4 != 3 or of else {}
    return {"id": {"S": f"id-{number % 3}"}, "at": {"N": str(number)}, **kept}


def query(dynamodb: Any, key: str, value: str, **more: Any) -> list[int]:
    reply = dynamodb.query(
        TableName="stages",
        KeyConditionExpression="#key = :value",
        ExpressionAttributeNames={"#key": key},
        ExpressionAttributeValues={":value": {"S": value}},
        **more,
    )
    return [int(found["at"]["N"]) for found in reply["Items"]]


def test_a_query_has_its_own_partition_in_order(dynamodb: Any) -> None:
    assert query(dynamodb, "id", "id-1") == [1, 4, 7, 10]
    assert query(dynamodb, "id", "id-1", ScanIndexForward=False, Limit=2) == [10, 7]
    assert query(dynamodb, "id", "nobody") == []


def test_an_index_has_the_items_that_have_its_keys(dynamodb: Any) -> None:
    assert query(dynamodb, "of", "of-1", IndexName="by-of") == [1, 5, 9]
    assert query(dynamodb, "of", "of-0", IndexName="by-of", ScanIndexForward=False, Limit=2) == [
        10,
        8,
    ]


def test_an_index_follows_every_kind_of_write(dynamodb: Any) -> None:
    def new() -> list[int]:
        return query(dynamodb, "of", "new", IndexName="by-of")

    assert new() == []
    dynamodb.put_item(TableName="stages", Item=item(20, "new"))
    assert new() == [20]
    key = {"id": {"S": "id-1"}, "at": {"N": "1"}}
    dynamodb.update_item(
        TableName="stages",
        Key=key,
        UpdateExpression="SET #of = :of",
        ExpressionAttributeNames={"#of": "of"},
        ExpressionAttributeValues={":of": {"S": "new"}},
    )
    assert new() == [1, 20]
    put = {"Put": {"TableName": "stages", "Item": item(21, "new")}}
    dynamodb.transact_write_items(TransactItems=[put])
    assert new() == [1, 20, 21]
    writes = [{"PutRequest": {"Item": item(22, "new")}}, {"DeleteRequest": {"Key": key}}]
    dynamodb.batch_write_item(RequestItems={"stages": writes})
    assert new() == [20, 21, 22]
    dynamodb.delete_item(TableName="stages", Key={"id": {"S": "id-2"}, "at": {"N": "20"}})
    assert new() == [21, 22]


def test_a_transaction_that_fails_leaves_the_index_as_it_was(dynamodb: Any) -> None:
    good = {"Put": {"TableName": "stages", "Item": item(30, "new")}}
    condition = {"ConditionExpression": "attribute_not_exists(id)"}
    bad = {"Put": {"TableName": "stages", "Item": item(1), **condition}}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[good, bad])
    assert query(dynamodb, "of", "new", IndexName="by-of") == []
    assert query(dynamodb, "id", "id-0") == [0, 3, 6, 9]
