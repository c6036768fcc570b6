"""A governance table in memory: conditional writes, transactions, and the real policies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from causeway.iam import Policies, PolicyType, Principal, Request, evaluate, parse
from causeway.items import Key, Update
from causeway_airflow.hooks.base import AwsCallError
from localaws.cloudformation.template import load
from tests.accounts import ACCOUNTS

GUARDS: Final = Path(__file__).parents[2] / "include/infra/guards/governance.yaml"
TABLE: Final = f"arn:aws:dynamodb:eu-central-1:{ACCOUNTS['governance']}:table/causeway-governance"
Item = dict[str, Any]


@cache
def policies_of(duty: str) -> Policies:
    """Return what the template allows a duty of the governance account; others have nothing."""
    documents = [
        policy["PolicyDocument"]
        for resource in load(GUARDS.read_text()).resources.values()
        if resource.properties.get("RoleName") == f"causeway-{duty}"
        for policy in resource.properties["Policies"]
    ]
    return Policies(tuple(parse(_resolved(text), PolicyType.IDENTITY) for text in documents))


def _resolved(value: Any) -> Any:
    if isinstance(value, list):
        return [_resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("Fn::GetAtt") in ("GovernanceTable.Arn", ["GovernanceTable", "Arn"]):
        return TABLE
    if "Fn::GetAtt" in value or "Fn::Sub" in value or "Ref" in value:
        return "arn:aws:s3:::another"  # of no interest to the table
    return {name: _resolved(inner) for name, inner in value.items()}


@cache
def may(duty: str, action: str, pk: str) -> bool:
    """Tell whether a duty may do something with a partition of the table."""
    role = f"arn:aws:sts::{ACCOUNTS['governance']}:assumed-role/causeway-{duty}/run"
    context = {"dynamodb:LeadingKeys": [pk], "aws:SecureTransport": True}
    request = Request(Principal.of_arn(role), f"dynamodb:{action}", TABLE, context)
    return evaluate(request, policies_of(duty)).allowed


def holds(update: Update, item: Item | None) -> bool:
    """Evaluate a condition: comparisons and `attribute_not_exists`, joined by AND and OR."""
    return any(
        all(_term(term, update, item or {}) for term in alternative.split(" AND "))
        for alternative in update.condition.split(" OR ")
    )


def _term(term: str, update: Update, item: Item) -> bool:
    absent = re.fullmatch(r"attribute_not_exists\((\w+)\)", term)
    if absent:
        return absent[1] not in item
    name, operator, value = term.split()
    name = update.names.get(name, name)
    if name not in item:
        return False
    left, right = item[name], update.values[value]
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: a == b,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
    }
    return compare[operator](left, right)


def changed(update: Update, item: Item | None) -> Item:
    """Return the item after the update's expression: SET of values, ADD of numbers."""
    new = dict(item or update.key.item())
    sets, _, adds = str(update.expression).removeprefix("SET ").partition(" ADD ")
    for assignment in sets.split(", "):
        name, value = assignment.split(" = ")
        new[update.names.get(name, name)] = update.values[value]
    if adds:
        name, value = adds.split()
        new[name] = new.get(name, 0) + update.values[value]
    return new


class Items:
    """The items of the table."""

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}

    def get(self, duty: str, key: Key) -> Item | None:
        self._require(duty, "GetItem", key)
        item = self.items.get(key)
        return dict(item) if item else None

    def query(self, duty: str, pk: str) -> list[Item]:
        self._require(duty, "Query", Key(pk, ""))
        found = sorted((key for key in self.items if key.pk == pk), key=lambda key: key.sk)
        return [dict(self.items[key]) for key in found]

    def apply(self, duty: str, update: Update) -> Item | None:
        self._require(duty, "PutItem" if update.item is not None else "UpdateItem", update.key)
        return self._write(update) if holds(update, self.items.get(update.key)) else None

    def transact(self, duty: str, updates: Sequence[Update]) -> frozenset[int]:
        """Write all, or return the positions of those whose conditions do not hold."""
        for update in updates:
            check = update.item is None and update.expression is None
            action = "ConditionCheckItem" if check else "PutItem"
            self._require(duty, action, update.key)
        assert len({update.key for update in updates}) == len(updates), "an item twice"
        refused = [not holds(update, self.items.get(update.key)) for update in updates]
        if any(refused):
            return frozenset(n for n, each in enumerate(refused) if each)
        for update in updates:
            if update.item is not None or update.expression is not None:
                self._write(update)
        return frozenset()

    def put(self, duty: str, item: Mapping[str, Any]) -> bool:
        """Put an item whatever is there; False when the duty may not."""
        key = Key(item["pk"], item["sk"])
        if may(duty, "PutItem", key.pk):
            self.items[key] = dict(item)
            return True
        return False

    def delete(self, duty: str, key: Key) -> bool:
        """Delete an item; False when the duty may not."""
        if may(duty, "DeleteItem", key.pk):
            self.items.pop(key, None)
            return True
        return False

    def _write(self, update: Update) -> Item:
        item = update.item if update.item is not None else None
        new = dict(item) if item is not None else changed(update, self.items.get(update.key))
        assert Key(new["pk"], new["sk"]) == update.key
        self.items[update.key] = new
        return dict(new)

    def _require(self, duty: str, action: str, key: Key) -> None:
        if not may(duty, action, key.pk):
            raise AwsCallError(f"{duty} may not {action} {key}", code="AccessDeniedException")
