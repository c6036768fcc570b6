"""DynamoDB's limit of a batch, unused placeholders, and what an update returns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Aws
from tests.refusals import refused


@pytest.fixture
def dynamodb(aws: Aws) -> Any:
    client = aws.client("dynamodb", "governance")
    client.create_table(
        TableName="stages",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def writes(count: int) -> dict[str, Any]:
    items = [{"PutRequest": {"Item": {"id": {"S": str(number)}}}} for number in range(count)]
    return {"stages": items}


def test_a_batch_has_at_most_25_items(dynamodb: Any) -> None:
    refused("ValidationException", dynamodb.batch_write_item, RequestItems=writes(26))
    dynamodb.batch_write_item(RequestItems=writes(25))
    assert dynamodb.scan(TableName="stages")["Count"] == 25


def test_placeholders_that_no_expression_uses_are_refused(dynamodb: Any) -> None:
    key = {"id": {"S": "1"}}
    used = {"UpdateExpression": "SET #a = :a", "ExpressionAttributeNames": {"#a": "stage"}}
    values = {":a": {"S": "live"}}
    more = values | {":b": {"S": "unused"}}
    update = {"TableName": "stages", "Key": key, **used}
    refused("ValidationException", dynamodb.update_item, **update, ExpressionAttributeValues=more)
    refused(
        "ValidationException",
        dynamodb.put_item,
        TableName="stages",
        Item=key,
        ExpressionAttributeValues=values,
    )
    operation = {"Update": update | {"ExpressionAttributeValues": more}}
    refused("ValidationException", dynamodb.transact_write_items, TransactItems=[operation])
    dynamodb.update_item(**update, ExpressionAttributeValues=values)


def test_an_update_returns_the_updated_attributes_without_the_key(dynamodb: Any) -> None:
    reply = dynamodb.update_item(
        TableName="stages",
        Key={"id": {"S": "1"}},
        UpdateExpression="SET stage = :a",
        ExpressionAttributeValues={":a": {"S": "live"}},
        ReturnValues="UPDATED_NEW",
    )
    assert reply["Attributes"] == {"stage": {"S": "live"}}
