"""The governance table: items read and written, every write with the condition it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from causeway.errors import WriteConflict
from causeway.items import Key, Update
from causeway.topology.names import GOVERNANCE_TABLE
from causeway_airflow.hooks.base import AwsCallError, AwsTransientError, CausewayHook

KEYS_A_CALL = 100  # BatchGetItem's limit
READ_ATTEMPTS = 8
#: Why an item of a transaction was not written (TransactWriteItems in the DynamoDB API Reference).
REFUSED = "ConditionalCheckFailed"
PASSING = ("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")


class GovernanceHook(CausewayHook):
    """Items of the governance table, as plain dictionaries."""

    service = "dynamodb"

    def __init__(
        self, aws_conn_id: str, region_name: str | None = None, table: str = GOVERNANCE_TABLE
    ) -> None:
        super().__init__(aws_conn_id, region_name)
        self.table = table

    def get(self, key: Key) -> dict[str, Any] | None:
        """Return one item as it is now (consistent read), or None."""
        reply = self.call(
            "get_item", TableName=self.table, Key=self._encode(key.item()), ConsistentRead=True
        )
        return self._decode(reply["Item"]) if reply.get("Item") else None

    def get_many(self, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
        """Return the items that exist among `keys`, up to 100 a call, bounded in attempts."""
        waiting = [self._encode(key.item()) for key in dict.fromkeys(keys)]
        items: dict[Key, dict[str, Any]] = {}
        attempts = 0
        while waiting:
            part, waiting = waiting[:KEYS_A_CALL], waiting[KEYS_A_CALL:]
            reply = self.call(
                "batch_get_item",
                RequestItems={self.table: {"Keys": part, "ConsistentRead": True}},
            )
            for raw in reply["Responses"].get(self.table, []):
                item = self._decode(raw)
                items[Key(item["pk"], item["sk"])] = item
            unread = reply.get("UnprocessedKeys", {}).get(self.table, {}).get("Keys", [])
            attempts += bool(unread)
            if attempts > READ_ATTEMPTS:
                raise AwsTransientError(
                    f"DynamoDB left {len(unread)} keys of {self.table} unread "
                    f"{READ_ATTEMPTS} times",
                    code="ThrottlingException",
                    principal=self.principal,
                    next_step="The table is throttled: the task retries within its bound.",
                )
            waiting += unread
        return items

    def query(self, pk: str) -> list[dict[str, Any]]:
        """Return every item of a partition, in sort-key order."""
        items: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            reply = self.call(
                "query",
                TableName=self.table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=self._encode({":pk": pk}),
                ConsistentRead=True,
                **start,
            )
            items += [self._decode(raw) for raw in reply["Items"]]
            if not reply.get("LastEvaluatedKey"):
                return items
            start = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}

    def newest(
        self, index: str, attribute: str, value: str, limit: int, below: tuple[str, int] | None
    ) -> list[dict[str, Any]]:
        """Return a page of an index's items under one key, the highest sort key first.

        An index follows the table within moments, and is never read consistently (DynamoDB
        Developer Guide, "Using Global Secondary Indexes"). `below` bounds a number that sorts.
        """
        condition, values = "#key = :key", {":key": value}
        names: dict[str, str] = {"#key": attribute}
        extra: dict[str, Any] = {}
        if below is not None:
            names["#sort"], extra[":sort"] = below[0], below[1]
            condition += " AND #sort < :sort"
        reply = self.call(
            "query",
            TableName=self.table,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=self._encode({**values, **extra}),
            ScanIndexForward=False,
            Limit=limit,
        )
        return [self._decode(raw) for raw in reply["Items"]]

    def apply(self, update: Update) -> dict[str, Any] | None:
        """Write an item under its condition; returns it as stored, None when it did not hold."""
        extra: dict[str, Any] = {"ConditionExpression": update.condition}
        if update.values:
            extra["ExpressionAttributeValues"] = self._encode(update.values)
        if update.names:
            extra["ExpressionAttributeNames"] = dict(update.names)
        try:
            if update.item is not None:
                self.call("put_item", TableName=self.table, Item=self._encode(update.item), **extra)
                return dict(update.item)
            reply = self.call(
                "update_item",
                TableName=self.table,
                Key=self._encode(update.key.item()),
                UpdateExpression=update.expression,
                ReturnValues="ALL_NEW",
                **extra,
            )
        except AwsCallError as error:
            if error.conditional:
                return None
            raise
        return self._decode(reply["Attributes"])

    def write(self, update: Update) -> dict[str, Any]:
        """Write an item under its condition. Raises `WriteConflict` when it did not hold."""
        stored = self.apply(update)
        if stored is None:
            raise WriteConflict(
                f"{update.key.pk} {update.key.sk} is not in the state that this change was "
                f"planned against ({update.condition})",
                principal=self.principal,
                next_step="Somebody else changed it meanwhile: re-run, the new state decides.",
            )
        return stored

    def transact(self, updates: Sequence[Update], token: str | None = None) -> frozenset[int]:
        """Write items together, each under its condition.

        An update without item and expression only checks its condition. `token` makes a request
        that is sent twice one transaction.

        Returns:
            The positions of those whose condition did not hold; none means that all is written.

        Raises:
            AwsTransientError: another transaction was writing one of the items just then.
        """
        once = {"ClientRequestToken": token} if token else {}
        try:
            self.call(
                "transact_write_items",
                TransactItems=[self._action(update) for update in updates],
                **once,
            )
        except AwsCallError as error:
            reasons = _cancellation(error)
            refused = frozenset(n for n, reason in enumerate(reasons) if reason == REFUSED)
            passing = [reason for reason in reasons if reason in PASSING]
            if not refused and passing:
                raise AwsTransientError(
                    error.what,
                    code=passing[0],
                    text=error.text,
                    principal=self.principal,
                    next_step="It may pass: the task retries within its bound.",
                ) from error
            if not refused:
                raise
            return refused
        return frozenset()

    def _action(self, update: Update) -> dict[str, Any]:
        action: dict[str, Any] = {
            "TableName": self.table,
            "ConditionExpression": update.condition,
        }
        if update.values:
            action["ExpressionAttributeValues"] = self._encode(update.values)
        if update.names:
            action["ExpressionAttributeNames"] = dict(update.names)
        if update.item is not None:
            return {"Put": action | {"Item": self._encode(update.item)}}
        action["Key"] = self._encode(update.key.item())
        if update.expression is None:
            return {"ConditionCheck": action}
        return {"Update": action | {"UpdateExpression": update.expression}}

    @cached_property
    def _serializer(self) -> Any:
        from boto3.dynamodb.types import TypeSerializer

        return TypeSerializer()

    @cached_property
    def _deserializer(self) -> Any:
        from boto3.dynamodb.types import TypeDeserializer

        return TypeDeserializer()

    def _encode(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self._serializer.serialize(_exact(value)) for key, value in item.items()}

    def _decode(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        return {key: _plain(self._deserializer.deserialize(value)) for key, value in raw.items()}


def _cancellation(error: AwsCallError) -> list[str]:
    """Return why each item of a transaction that was cancelled was not written; `None` was fine."""
    cause = error.__cause__
    response = cause.response if isinstance(cause, ClientError) else {}
    return [str(reason.get("Code")) for reason in response.get("CancellationReasons", [])]


def _exact(value: Any) -> Any:
    """Return a value DynamoDB can hold: numbers as decimals, containers too."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: _exact(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(inner) for inner in value]
    return value


def _plain(value: Any) -> Any:
    """Return what DynamoDB held as JSON values: whole decimals as int, others as float."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
