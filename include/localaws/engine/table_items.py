"""Limits and rules of DynamoDB's expressions that moto does not check.

Sources: DynamoDB API Reference, BatchWriteItem ("up to 25 item put or delete operations"),
UpdateItem (`UPDATED_NEW` "returns only the updated attributes"); the sentences are those that
DynamoDB sends for unused names and values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from localaws.door.protocol import Reply
from localaws.engine.corrections import MotoCall, Serve, around, before
from localaws.kit.arns import name_of
from localaws.kit.service import ServiceError

BATCH_WRITES = 25
_PLACEHOLDER = re.compile(r"[#:][A-Za-z0-9_]+")
EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)


@before("dynamodb", "BatchWriteItem")
def check_batch(call: MotoCall) -> None:
    """Refuse more than 25 items in one batch."""
    if sum(len(writes) for writes in call.params["RequestItems"].values()) > BATCH_WRITES:
        raise ServiceError(
            "ValidationException", "Too many items requested for the BatchWriteItem call"
        )


@before("dynamodb", "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan")
def check_placeholders(call: MotoCall) -> None:
    """Refuse names and values that no expression uses, and those without any expression."""
    _check(call.params)


@before("dynamodb", "TransactWriteItems", "TransactGetItems")
def check_placeholders_of_transaction(call: MotoCall) -> None:
    """Refuse unused names and values in each operation of a transaction."""
    for item in call.params["TransactItems"]:
        for operation in item.values():
            _check(operation)


@around("dynamodb", "UpdateItem")
def update_item(call: MotoCall, serve: Serve) -> Reply:
    """Return only updated attributes when these are asked for: never the key."""
    reply = serve()
    if reply.status != 200 or call.params.get("ReturnValues") not in ("UPDATED_NEW", "UPDATED_OLD"):
        return reply
    document = json.loads(reply.body)
    keys = set(_key_attributes(call))
    attributes = {n: v for n, v in (document.get("Attributes") or {}).items() if n not in keys}
    document["Attributes"] = attributes
    if not attributes:
        del document["Attributes"]
    headers = [(name, text) for name, text in reply.headers if name.lower() != "content-length"]
    return Reply(reply.status, headers, json.dumps(document).encode())


def _check(operation: dict[str, Any]) -> None:
    texts = [str(operation[name]) for name in EXPRESSIONS if operation.get(name)]
    used = {name for text in texts for name in _PLACEHOLDER.findall(text)}
    for kind in ("Names", "Values"):
        expression_parameters = operation.get(f"ExpressionAttribute{kind}")
        if not expression_parameters:
            continue
        if not texts:
            raise ServiceError(
                "ValidationException",
                f"ExpressionAttribute{kind} can only be specified when using expressions",
            )
        unused = sorted(set(expression_parameters) - used)
        if unused:
            raise ServiceError(
                "ValidationException",
                f"Value provided in ExpressionAttribute{kind} unused in expressions: "
                f"keys: {{{', '.join(unused)}}}",
            )


def _key_attributes(call: MotoCall) -> Iterator[str]:
    from moto.dynamodb.models import dynamodb_backends

    name = name_of(str(call.params["TableName"]))
    yield from dynamodb_backends[call.account][call.region].tables[name].table_key_attrs
