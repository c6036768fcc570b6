"""DynamoDB's ClientRequestToken: a transaction sent twice acts once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Aws
from tests.refusals import refused

OWNER = "governance"


@pytest.fixture
def table(aws: Aws) -> Any:
    client = aws.client("dynamodb", OWNER)
    client.create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def add(client: Any, token: str, amount: int = 1) -> Any:
    update = {
        "TableName": "records",
        "Key": {"id": {"S": "a"}},
        "UpdateExpression": "ADD hits :n",
        "ExpressionAttributeValues": {":n": {"N": str(amount)}},
    }
    return client.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken=token)


def hits(client: Any) -> int:
    item = client.get_item(TableName="records", Key={"id": {"S": "a"}})["Item"]
    return int(item["hits"]["N"])


def test_the_same_token_acts_once(table: Any) -> None:
    add(table, "t1")
    add(table, "t1")
    assert hits(table) == 1
    add(table, "t2")
    assert hits(table) == 2


def test_a_token_of_another_transaction_is_refused(table: Any) -> None:
    add(table, "t1")
    refused("IdempotentParameterMismatchException", add, table, "t1", 5)
    assert hits(table) == 1


def test_a_token_is_forgotten_after_ten_minutes(aws: Aws, table: Any) -> None:
    add(table, "t1")
    aws.advance(9 * 60)
    add(table, "t1")
    assert hits(table) == 1
    aws.advance(2 * 60)
    add(table, "t1")
    assert hits(table) == 2


def test_a_cancelled_transaction_is_not_remembered(table: Any) -> None:
    def guarded(token: str) -> Any:
        put = {
            "TableName": "records",
            "Item": {"id": {"S": "b"}},
            "ConditionExpression": "attribute_exists(id)",
        }
        return table.transact_write_items(TransactItems=[{"Put": put}], ClientRequestToken=token)

    refused("TransactionCanceledException", guarded, "t1")
    table.put_item(TableName="records", Item={"id": {"S": "b"}})
    guarded("t1")


def test_tokens_of_two_accounts_are_two(aws: Aws, table: Any) -> None:
    other = aws.client("dynamodb", "prod")
    other.create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    add(table, "t1")
    add(other, "t1", 3)
    assert (hits(table), hits(other)) == (1, 3)
