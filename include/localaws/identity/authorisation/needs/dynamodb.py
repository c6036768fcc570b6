"""What DynamoDB calls need: tables and indexes, one action for each item of a transaction.

Source: Service Authorization Reference, "Amazon DynamoDB"; Developer Guide, "Using IAM policy
conditions for fine-grained access control".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localaws.identity.authorisation.needs.derived import tags_of
from localaws.identity.authorisation.request import (
    AuthorisationRequest,
    Need,
    needs_of_service,
    present,
)
from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.service import ServiceError

WITHOUT_TABLE = {
    "DescribeEndpoints",
    "DescribeLimits",
    "ListBackups",
    "ListContributorInsights",
    "ListExports",
    "ListGlobalTables",
    "ListImports",
    "ListTables",
}
OF_ITEM = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
OF_ITEM |= {"ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}
# One statement on one table, which nothing quoted comes before.
STATEMENT = re.compile(
    r"\s*(?P<kind>SELECT\s[^'\"]*?\sFROM|INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s*"
    r"(?<![\w])\"?(?P<table>[\w.:/-]+?)\"?(\.\"?(?P<index>[\w.-]+)\"?)?(\s|$)",
    re.IGNORECASE,
)
PARTIQL = {"INSERT": "Insert", "UPDATE": "Update", "DELETE": "Delete", "SELECT": "Select"}


@needs_of_service("dynamodb")
def dynamodb_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its table or index, for each table or item of a batch."""
    params, operation = request.params, request.operation
    if operation in ("BatchGetItem", "BatchWriteItem"):
        for name, operation_params in (params.get("RequestItems") or {}).items():
            keys = _keys_of_batch(operation_params)
            yield Need(
                f"dynamodb:{operation}", _table(request, name), _leading(request, name, keys)
            )
    elif operation in ("TransactWriteItems", "TransactGetItems"):
        for item in params.get("TransactItems") or []:
            for kind, operation_params in item.items():
                if kind not in OF_ITEM:
                    raise ServiceError("ValidationException", f"An item has no action {kind}")
                name, key = (
                    str(operation_params.get("TableName")),
                    operation_params.get("Key") or operation_params.get("Item"),
                )
                context = _leading(request, name, [key or {}])
                context |= {"dynamodb:EnclosingOperation": operation}
                yield Need(f"dynamodb:{OF_ITEM[kind]}", _table(request, name), context)
    elif operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        for statement in _statements(params):
            yield _of_statement(request, statement)
    elif operation in WITHOUT_TABLE:
        yield Need(f"dynamodb:{operation}")
    else:
        name = str(params.get("TableName") or params.get("ResourceArn") or "")
        arn = _table(request, name) if name else "*"
        if index := params.get("IndexName"):
            arn = f"{arn}/index/{index}"
        key = params.get("Key") or params.get("Item")
        context = _leading(request, name, [key] if key else _queried(request, name))
        context |= present(
            dynamodb__ReturnValues=params.get("ReturnValues"),
            dynamodb__Select=params.get("Select"),
        )
        yield Need(f"dynamodb:{operation}", arn, context | tags_of(params))


def _table(request: AuthorisationRequest, name_or_arn: str) -> str:
    return name_or_arn if is_arn(name_or_arn) else request.arn(f"table/{name_or_arn}")


def _hash_key(request: AuthorisationRequest, name_or_arn: str, index: Any = None) -> str | None:
    from moto.dynamodb.models import dynamodb_backends

    arn = parse_arn(_table(request, name_or_arn))
    if arn.resource_type != "table":
        return None
    name = arn.resource_id.split("/", 1)[0]
    table = dynamodb_backends[arn.account][arn.region].tables.get(name)
    if table is None:
        return None
    for candidate in [*table.global_indexes, *table.indexes] if index else ():
        if candidate.name == index:
            keys = [key["AttributeName"] for key in candidate.schema if key["KeyType"] == "HASH"]
            return str(keys[0]) if keys else None
    return str(table.hash_key_attr)


def _leading(
    request: AuthorisationRequest, name: str, keys: list[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return `dynamodb:LeadingKeys`: the partition keys that the call touches."""
    attribute = _hash_key(request, name, request.params.get("IndexName")) if name and keys else None
    if any(attribute and len(key.get(attribute) or "1") != 1 for key in keys):
        raise ServiceError(
            "ValidationException",
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
            "the supported datatypes",
        )
    values = {
        str(next(iter(key[attribute].values())))
        for key in keys
        if attribute and isinstance(key.get(attribute), dict)
    }
    return {"dynamodb:LeadingKeys": sorted(values)} if values else {}


def _keys_of_batch(requests: Any) -> list[Mapping[str, Any]]:
    if isinstance(requests, dict):
        return list(requests.get("Keys") or [])
    keys = []
    for item in requests or []:
        put, deletion = item.get("PutRequest") or {}, item.get("DeleteRequest") or {}
        key = put.get("Item") or deletion.get("Key")
        if not key or (put and deletion):
            raise ServiceError("ValidationException", "A request must have one Item or one Key")
        keys.append(key)
    return keys


def _queried(request: AuthorisationRequest, name: str) -> list[Mapping[str, Any]]:
    """Return the partition key that a query compares for equality; a query has to have one."""
    attribute = (
        _hash_key(request, name, request.params.get("IndexName"))
        if request.operation == "Query"
        else None
    )
    if attribute is None:
        return []
    values = [*_in_expression(request.params, attribute), *_in_conditions(request, attribute)]
    if len(values) != 1:
        raise ServiceError(
            "ValidationException", f"Query condition missed key schema element: {attribute}"
        )
    return [{attribute: values[0]}]


def _in_expression(params: Mapping[str, Any], attribute: str) -> Iterator[Any]:
    names = params.get("ExpressionAttributeNames") or {}
    values = params.get("ExpressionAttributeValues") or {}
    expression = str(params.get("KeyConditionExpression") or "")
    for part in re.split(r"\sand\s", expression, flags=re.IGNORECASE):
        left, equal, right = (side.strip(" ()\t\r\n") for side in part.partition("="))
        if equal and names.get(left, left) == attribute and right in values:
            yield values[right]


def _in_conditions(request: AuthorisationRequest, attribute: str) -> Iterator[Any]:
    """Yield the key of the older parameter KeyConditions."""
    condition = (request.params.get("KeyConditions") or {}).get(attribute) or {}
    if condition.get("ComparisonOperator") == "EQ":
        yield from condition.get("AttributeValueList") or []


def _statements(params: Mapping[str, Any]) -> list[str]:
    if "Statement" in params:
        return [str(params["Statement"])]
    items = params.get("Statements") or params.get("TransactStatements") or []
    return [str(item.get("Statement")) for item in items]


def _of_statement(request: AuthorisationRequest, statement: str) -> Need:
    """Return what a statement needs; one whose table cannot be told for certain is refused."""
    match = STATEMENT.match(statement)
    if match is None:
        raise ServiceError(
            "ValidationException", "Statement wasn't well formed, can't be processed"
        )
    kind = PARTIQL[match["kind"].split()[0].upper()]
    index = f"/index/{match['index']}" if match["index"] else ""
    return Need(f"dynamodb:PartiQL{kind}", _table(request, match["table"]) + index)
