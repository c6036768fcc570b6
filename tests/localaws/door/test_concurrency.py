"""Many clients at once: no update is lost and no call ends in a server error.

`make test` lets 48 at the server, `make soak` (CAUSEWAY_DEPTH=full) 200 of five calls each. Every
client has a connection of its own; retries are off, so a server error would be seen.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws
from tests.localaws.versions import SPECIFICATION

FULL = os.environ.get("CAUSEWAY_DEPTH") == "full"
CLIENTS = 200 if FULL else 48
CALLS = 5 if FULL else 3  # of each client
COUNTERS = 4
ROLE = "governance"


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Do the work of every client, all of them let go at the same moment."""
    gate = threading.Barrier(CLIENTS)

    def run(number: int) -> Any:
        gate.wait(60)
        return work(number)

    with ThreadPoolExecutor(CLIENTS) as threads:  # each of which holds a connection
        return list(threads.map(run, range(CLIENTS)))


@pytest.fixture
def table(aws: Aws) -> Any:
    client = aws.client("dynamodb", ROLE, max_pool_connections=CLIENTS)
    client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def value(table: Any, key: str, name: str) -> int:
    reply = table.get_item(TableName="t", Key={"pk": {"S": key}}, ConsistentRead=True)
    return int(reply["Item"][name]["N"])


def test_no_increment_is_lost_and_each_is_seen_once(table: Any) -> None:
    def work(number: int) -> list[tuple[str, int]]:
        numbers = []
        for _ in range(CALLS):
            key = f"counter-{number % COUNTERS}"
            reply = table.update_item(
                TableName="t",
                Key={"pk": {"S": key}},
                UpdateExpression="ADD hits :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
                ReturnValues="UPDATED_NEW",
            )
            numbers.append((key, int(reply["Attributes"]["hits"]["N"])))
        return numbers

    numbers = [number for part in at_once(work) for number in part]
    each = CLIENTS * CALLS // COUNTERS
    for counter in range(COUNTERS):
        assert value(table, f"counter-{counter}", "hits") == each
    assert len(set(numbers)) == len(numbers)  # no two clients were told the same number


def test_of_all_who_create_an_item_one_succeeds(table: Any) -> None:
    def work(number: int) -> Counter[str]:
        won: Counter[str] = Counter()
        for name in range(CALLS):
            try:
                table.put_item(
                    TableName="t",
                    Item={"pk": {"S": f"lease-{name}"}, "owner": {"N": str(number)}},
                    ConditionExpression="attribute_not_exists(pk)",
                )
                won[f"{name}:{number}"] += 1
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ConditionalCheckFailedException", error
        return won

    won = sum(at_once(work), Counter())
    assert sorted(winner.split(":")[0] for winner in won.elements()) == [
        str(n) for n in range(CALLS)
    ]
    for winner in won:
        name, number = winner.split(":")
        assert value(table, f"lease-{name}", "owner") == int(number)


def test_transactions_and_updates_of_one_item_add_up(table: Any) -> None:
    def work(number: int) -> None:
        change = {
            "TableName": "t",
            "Key": {"pk": {"S": "sum"}},
            "UpdateExpression": "ADD hits :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        if number % 2:
            table.update_item(**change)
            return
        audit = {"pk": {"S": f"audit-{number}"}}
        table.transact_write_items(
            TransactItems=[{"Update": change}, {"Put": {"TableName": "t", "Item": audit}}]
        )

    at_once(work)
    assert value(table, "sum", "hits") == CLIENTS
    count = table.scan(TableName="t", Select="COUNT")
    assert count["Count"] == 1 + CLIENTS // 2


def test_objects_are_read_as_they_were_written(aws: Aws) -> None:
    s3 = aws.client("s3", ROLE, max_pool_connections=CLIENTS)
    s3.create_bucket(Bucket="crowd", CreateBucketConfiguration={"LocationConstraint": aws.region})

    def work(number: int) -> bool:
        body = bytes([number]) * 5000
        s3.put_object(Bucket="crowd", Key=f"own/{number}", Body=body)
        try:
            s3.put_object(Bucket="crowd", Key="once", Body=body, IfNoneMatch="*")
            first = True
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412), error
            first = False
        assert s3.get_object(Bucket="crowd", Key=f"own/{number}")["Body"].read() == body
        return first

    assert sum(at_once(work)) == 1
    assert s3.list_objects_v2(Bucket="crowd")["KeyCount"] == CLIENTS + 1


def test_versions_are_numbered_without_gaps_and_described_meanwhile(aws: Aws) -> None:
    registry = aws.client("sagemaker", ROLE, max_pool_connections=CLIENTS)
    registry.create_model_package_group(ModelPackageGroupName="crowd")

    def work(number: int) -> int:
        arn = registry.create_model_package(
            ModelPackageGroupName="crowd", InferenceSpecification=SPECIFICATION
        )["ModelPackageArn"]
        version = registry.describe_model_package(ModelPackageName=arn)
        assert version["ModelPackageArn"] == arn
        return int(version["ModelPackageVersion"])

    assert sorted(at_once(work)) == list(range(1, CLIENTS + 1))


def test_messages_are_received_once_by_one_client(aws: Aws) -> None:
    sqs = aws.client("sqs", ROLE, max_pool_connections=CLIENTS)
    url = sqs.create_queue(QueueName="crowd")["QueueUrl"]

    def work(number: int) -> list[str]:
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in messages]

    taken = [body for part in at_once(work) for body in part]
    while left := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        taken += [message["Body"] for message in left]
    assert sorted(taken, key=int) == [str(number) for number in range(CLIENTS)]


def test_who_waits_for_a_message_keeps_nobody_from_sending_one(aws: Aws) -> None:
    sqs = aws.client("sqs", ROLE, max_pool_connections=CLIENTS)
    url = sqs.create_queue(QueueName="quiet")["QueueUrl"]

    def wait(_: int) -> list[str]:
        request = {"QueueUrl": url, "WaitTimeSeconds": 20, "MaxNumberOfMessages": 1}
        return [message["Body"] for message in sqs.receive_message(**request).get("Messages", [])]

    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(wait, number) for number in range(4)]
        for number in range(4):  # while all four wait
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        heard = sorted(body for future in waiting for body in future.result(15))
    assert heard == ["0", "1", "2", "3"]
