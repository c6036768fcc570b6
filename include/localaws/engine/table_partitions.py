"""Queries that look at their own partition; moto sorts the whole table for each of them.

moto 5.2.5 lists and sorts every item before it picks those of the key, so that a query grows with
the table instead of with its partition. The items of an index's key are remembered until something
is written.
"""

from __future__ import annotations

from contextvars import ContextVar
from inspect import signature
from typing import Any, Final

from moto.dynamodb.models.table import Table

from localaws.engine.corrections import MotoCall, before

#: What the query that is being served may look at; None: the whole table.
_candidates: ContextVar[list[Any] | None] = ContextVar("candidates", default=None)
_all_items: Final = Table.all_items
_query: Final = Table.query
_SIGNATURE: Final = signature(_query)
#: The attribute of a table that has its items by index and key.
INDEXED: Final = "_causeway_indexed"


def install() -> None:
    """Have moto's queries look at their partition."""
    for name, ours in (("all_items", _narrowed), ("query", _query_of_partition)):
        setattr(Table, name, ours)


@before(
    "dynamodb",
    "BatchExecuteStatement",
    "BatchWriteItem",
    "DeleteItem",
    "ExecuteStatement",
    "ExecuteTransaction",
    "PutItem",
    "TransactWriteItems",
    "UpdateItem",
)
def forget(call: MotoCall) -> None:
    """Forget the items of indexes before a write; the account's calls take turns."""
    from moto.dynamodb.models import dynamodb_backends

    for table in dynamodb_backends[call.account][call.region].tables.values():
        vars(table).pop(INDEXED, None)


def _narrowed(table: Table) -> list[Any]:
    candidates = _candidates.get()
    return _all_items(table) if candidates is None else candidates


def _query_of_partition(table: Table, hash_key: Any, *rest: Any, **named: Any) -> Any:
    arguments = _SIGNATURE.bind(table, hash_key, *rest, **named).arguments
    index, conditions = arguments.get("index_name"), arguments.get("hash_key_conditions") or []
    if index is None:
        partition = table.items.get(hash_key, {})
        items = _in_order(partition) if table.range_key_attr else [partition] if partition else []
    elif conditions:
        items = _of_index(table, *conditions[0])
    else:
        return _query(table, hash_key, *rest, **named)
    token = _candidates.set(items)
    try:
        return _query(table, hash_key, *rest, **named)
    finally:
        _candidates.reset(token)


def _in_order(partition: Any) -> list[Any]:
    return sorted(partition.values(), key=lambda item: item.range_key)


def _of_index(table: Table, attribute: str, value: Any) -> list[Any]:
    """Return the items that have a value in an attribute, in the order of the table."""
    indexed: dict[str, dict[Any, list[Any]]] = vars(table).setdefault(INDEXED, {})
    if attribute not in indexed:
        by_value: dict[Any, list[Any]] = {}
        for item in _all_items(table):
            if attribute in item.attrs:
                by_value.setdefault(item.attrs[attribute], []).append(item)
        indexed[attribute] = by_value
    return indexed[attribute].get(value, [])
