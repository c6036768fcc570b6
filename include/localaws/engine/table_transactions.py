"""Transactions that remember the items that they write; moto copies the table, once for each item.

moto 5.2.5 keeps a deep copy of the whole table for a transaction that is cancelled, so that each
takes longer the more there is in the table. A table with a stream is copied as moto does it.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from contextvars import ContextVar
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from localaws.door.protocol import Reply
from localaws.engine.corrections import MotoCall, Serve, around
from localaws.kit.arns import name_of

#: The keys or items of the transaction that is being served, by the table's name.
_touched: ContextVar[dict[str, list[dict[str, Any]]] | None] = ContextVar("touched", default=None)


def install() -> None:
    """Have moto copy of a table what a transaction may change."""
    Table.__deepcopy__ = _copy  # type: ignore[attr-defined]


@around("dynamodb", "TransactWriteItems")
def transact(call: MotoCall, serve: Serve) -> Reply:
    """Serve a transaction, whose items are known meanwhile."""
    touched: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in call.params["TransactItems"]:
        for operation in item.values():
            key = operation.get("Key") or operation.get("Item") or {}
            touched[name_of(str(operation["TableName"]))].append(key)
    token = _touched.set(touched)
    try:
        return serve()
    finally:
        _touched.reset(token)


def _copy(table: Table, memo: dict[int, Any]) -> Any:
    touched = _touched.get()
    copied: Any = table.__class__.__new__(table.__class__)
    memo[id(table)] = copied
    if touched is None or table.stream_shard is not None:
        vars(copied).update({name: copy.deepcopy(v, memo) for name, v in vars(table).items()})
        return copied
    vars(copied).update(vars(table))
    copied.items = table.items.copy()
    for key in touched.get(table.name, []):
        _copy_item(table, copied, key)
    return copied


def _copy_item(table: Table, copied: Any, key: dict[str, Any]) -> None:
    """Give a copy an item of its own: an update changes it in place."""
    if not set(table.table_key_attrs) <= set(key):
        return  # moto refuses the transaction
    of = DynamoType(key[table.hash_key_attr])
    if of not in table.items:
        return
    if not table.range_key_attr:
        copied.items[of] = copy.deepcopy(table.items[of])
        return
    partition = copied.items[of] = dict(copied.items[of])
    at = DynamoType(key[table.range_key_attr])
    if at in partition:
        partition[at] = copy.deepcopy(table.items[of][at])
