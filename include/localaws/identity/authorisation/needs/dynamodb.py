"""What DynamoDB calls need: tables and indexes, one action for each item of a transaction.

Source: Service Authorization Reference, "Amazon DynamoDB"; Developer Guide, "Using IAM policy
conditions for fine-grained access control".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from localaws.identity.authorisation.asked import Asked, Need, needs_of_service, present
from localaws.identity.authorisation.needs.derived import tags_of
from localaws.kit.arns import is_arn, parse_arn

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
PARTIQL = {"INSERT": "Insert", "UPDATE": "Update", "DELETE": "Delete", "SELECT": "Select"}


@needs_of_service("dynamodb")
def dynamodb_needs(asked: Asked) -> Iterator[Need]:
    """Yield the operation on its table or index; each table or item of a batch by itself."""
    params, operation = asked.params, asked.operation
    if operation in ("BatchGetItem", "BatchWriteItem"):
        for name, wanted in (params.get("RequestItems") or {}).items():
            keys = _keys_of_batch(wanted)
            yield Need(f"dynamodb:{operation}", _table(asked, name), _leading(asked, name, keys))
    elif operation in ("TransactWriteItems", "TransactGetItems"):
        for item in params.get("TransactItems") or []:
            for kind, wanted in item.items():
                name, key = str(wanted.get("TableName")), wanted.get("Key") or wanted.get("Item")
                context = _leading(asked, name, [key or {}])
                context |= {"dynamodb:EnclosingOperation": operation}
                yield Need(f"dynamodb:{OF_ITEM[kind]}", _table(asked, name), context)
    elif operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        for statement in _statements(params):
            yield _of_statement(asked, statement)
    elif operation in WITHOUT_TABLE:
        yield Need(f"dynamodb:{operation}")
    else:
        name = str(params.get("TableName") or params.get("ResourceArn") or "")
        arn = _table(asked, name) if name else "*"
        if index := params.get("IndexName"):
            arn = f"{arn}/index/{index}"
        key = params.get("Key") or params.get("Item")
        context = _leading(asked, name, [key] if key else _queried(asked, name))
        context |= present(
            dynamodb__ReturnValues=params.get("ReturnValues"),
            dynamodb__Select=params.get("Select"),
        )
        yield Need(f"dynamodb:{operation}", arn, context | tags_of(params))


def _table(asked: Asked, name_or_arn: str) -> str:
    return name_or_arn if is_arn(name_or_arn) else asked.arn(f"table/{name_or_arn}")


def _hash_key(asked: Asked, name_or_arn: str, index: Any = None) -> str | None:
    from moto.dynamodb.models import dynamodb_backends

    arn = parse_arn(_table(asked, name_or_arn))
    if arn.resource_type != "table":
        return None
    name = arn.resource_id.split("/", 1)[0]
    table = dynamodb_backends[arn.account][arn.region].tables.get(name)
    if table is None:
        return None
    for one in [*table.global_indexes, *table.indexes] if index else ():
        if one.name == index:
            keys = [key["AttributeName"] for key in one.schema if key["KeyType"] == "HASH"]
            return str(keys[0]) if keys else None
    return str(table.hash_key_attr)


def _leading(asked: Asked, name: str, keys: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `dynamodb:LeadingKeys`: the partition keys that the call touches."""
    attribute = _hash_key(asked, name, asked.params.get("IndexName")) if name and keys else None
    values = {
        str(next(iter(key[attribute].values())))
        for key in keys
        if attribute and isinstance(key.get(attribute), dict)
    }
    return {"dynamodb:LeadingKeys": sorted(values)} if values else {}


def _keys_of_batch(wanted: Any) -> list[Mapping[str, Any]]:
    if isinstance(wanted, dict):
        return list(wanted.get("Keys") or [])
    return [
        put["PutRequest"]["Item"] if "PutRequest" in put else put["DeleteRequest"]["Key"]
        for put in wanted or []
    ]


def _queried(asked: Asked, name: str) -> list[Mapping[str, Any]]:
    """Return the partition key that a query compares for equality."""
    expression = str(asked.params.get("KeyConditionExpression") or "")
    attribute = _hash_key(asked, name, asked.params.get("IndexName")) if expression else None
    if attribute is None:
        return []
    names = asked.params.get("ExpressionAttributeNames") or {}
    values = asked.params.get("ExpressionAttributeValues") or {}
    for part in expression.replace(" and ", " AND ").split(" AND "):
        left, _, right = (side.strip(" ()") for side in part.partition("="))
        if names.get(left, left) == attribute and right in values:
            return [{attribute: values[right]}]
    return []


def _statements(params: Mapping[str, Any]) -> list[str]:
    if "Statement" in params:
        return [str(params["Statement"])]
    items = params.get("Statements") or params.get("TransactStatements") or []
    return [str(item.get("Statement")) for item in items]


def _of_statement(asked: Asked, statement: str) -> Need:
    words = statement.replace("(", " ").split()
    kind = PARTIQL.get(words[0].upper() if words else "", "Select")
    after = {"Insert": "INTO", "Update": "UPDATE", "Delete": "FROM", "Select": "FROM"}[kind]
    upper = [word.upper() for word in words]
    place = words[upper.index(after) + 1] if after in upper[:-1] else ""
    name, _, index = place.replace('"', "").partition(".")
    arn = _table(asked, name) + (f"/index/{index}" if index else "")
    return Need(f"dynamodb:PartiQL{kind}", arn)
