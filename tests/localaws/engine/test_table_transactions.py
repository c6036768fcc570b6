"""A cancelled transaction changes nothing, whatever its parts would have done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Aws
from tests.refusals import refused

FIRST = {"id": {"S": "a"}, "at": {"N": "1"}}
NEW, OTHER = {"id": {"S": "b"}, "at": {"N": "1"}}, {"id": {"S": "c"}, "at": {"N": "1"}}


@pytest.fixture(params=[True, False], ids=["range", "hash"])
def keys(request: pytest.FixtureRequest) -> list[str]:
    return ["id", "at"] if request.param else ["id"]


@pytest.fixture
def dynamodb(aws: Aws, keys: list[str]) -> Any:
    client = aws.client("dynamodb", "governance")
    client.create_table(
        TableName="t",
        KeySchema=[
            {"AttributeName": name, "KeyType": kind}
            for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": {"id": "S", "at": "N"}[name]} for name in keys
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for item in (FIRST, OTHER):
        client.put_item(TableName="t", Item={**item, "n": {"N": "1"}})
    return client


def parts(keys: list[str]) -> list[dict[str, Any]]:
    """Return an update, a put over what is there, a new item and a deletion."""

    def key(item: dict[str, Any]) -> dict[str, Any]:
        return {name: item[name] for name in keys}

    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    return [
        {"Update": {"TableName": "t", "Key": key(FIRST), **add}},
        {"Put": {"TableName": "t", "Item": {**NEW, "n": {"N": "7"}}}},
        {"Delete": {"TableName": "t", "Key": key(OTHER)}},
    ]


def stored(dynamodb: Any) -> dict[str, str]:
    items = dynamodb.scan(TableName="t", ConsistentRead=True)["Items"]
    return {item["id"]["S"]: item["n"]["N"] for item in items}


def test_a_transaction_that_is_cancelled_changes_nothing(dynamodb: Any, keys: list[str]) -> None:
    never = {"ConditionExpression": "attribute_not_exists(id)"}
    over = {"Put": {"TableName": "t", "Item": {**FIRST, "id": {"S": "c"}}, **never}}
    last = parts(keys)[:2]
    reply = refused(
        "TransactionCanceledException",
        dynamodb.transact_write_items,
        TransactItems=[*last, over],
    ).reply
    codes = [reason["Code"] for reason in reply["CancellationReasons"]]
    assert codes == ["None", "None", "ConditionalCheckFailed"]
    assert stored(dynamodb) == {"a": "1", "c": "1"}
    dynamodb.transact_write_items(TransactItems=parts(keys))
    assert stored(dynamodb) == {"a": "2", "b": "7"}


def test_a_transaction_with_one_item_twice_changes_nothing(dynamodb: Any, keys: list[str]) -> None:
    again = {"Put": {"TableName": "t", "Item": {**FIRST, "n": {"N": "9"}}}}
    refused(
        "ValidationException",
        dynamodb.transact_write_items,
        TransactItems=[*parts(keys), again],
    )
    assert stored(dynamodb) == {"a": "1", "c": "1"}


def test_what_was_cancelled_can_be_written_afterwards(dynamodb: Any, keys: list[str]) -> None:
    never = {
        "ConditionExpression": "n = :n",
        "ExpressionAttributeValues": {":n": {"N": "5"}},
    }
    key = {name: OTHER[name] for name in keys}
    check = {"ConditionCheck": {"TableName": "t", "Key": key, **never}}
    for _ in range(2):
        refused(
            "TransactionCanceledException",
            dynamodb.transact_write_items,
            TransactItems=[*parts(keys)[:2], check],
        )
    dynamodb.put_item(TableName="t", Item={**NEW, "n": {"N": "3"}})
    assert stored(dynamodb) == {"a": "1", "b": "3", "c": "1"}


def test_a_table_with_a_stream_is_set_back_too(dynamodb: Any, keys: list[str]) -> None:
    dynamodb.update_table(
        TableName="t",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    test_a_transaction_that_is_cancelled_changes_nothing(dynamodb, keys)
