"""Changes and their entries: one transaction, one winner, one unbroken chain.

`make test` has 50 writers go through 20 transitions of one model on the local AWS, and on a table
in memory; `make soak` (CAUSEWAY_DEPTH=full) through 200 and 1,000.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from causeway.errors import WriteConflict
from causeway.governance.audit import chain_pk, entry_key, head_key
from causeway.governance.audit_heads import last_written, unlike_their_entries, verify
from causeway.items import Key, Update, absent, create
from causeway_airflow.hooks.audited_table import AuditedTableHook, ChainBroken
from causeway_airflow.hooks.base import AwsTransientError
from tests.local_platform import LocalPlatform
from tests.plugins.table_records import transition
from tests.properties.items import Items

FULL = os.environ.get("CAUSEWAY_DEPTH") == "full"
WRITERS = 50
TRANSITIONS = 200 if FULL else 20
IN_MEMORY = 1000 if FULL else 20
THREADS = 16


def table() -> AuditedTableHook:
    return AuditedTableHook("causeway_governance_recorder")


def compete(writers: Sequence[AuditedTableHook], chain: str, transitions: int) -> list[list[int]]:
    """Have all writers try each transition at once; return who succeeded, by transition."""
    winners = []
    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(1, transitions + 1):

            def attempt(writer: int, number: int = number) -> bool:
                return writers[writer].record([transition(chain, number, writer)])

            written = list(threads.map(attempt, range(len(writers))))
            winners.append([writer for writer, won in enumerate(written) if won])
    return winners


def require_one_chain(
    items: Sequence[dict[str, Any]], chain: str, winners: list[list[int]]
) -> None:
    assert [len(each) for each in winners] == [1] * len(winners)
    assert verify(chain, items, []) is None
    entries = [item for item in items if item["sk"] != "HEAD"]
    assert [(entry["after"], entry["person"]) for entry in entries] == [
        (str(number), f"writer-{winner}") for number, (winner,) in enumerate(winners, start=1)
    ]


def test_of_many_writers_one_wins_each_transition_and_the_chain_has_each_once(
    platform: LocalPlatform,
) -> None:
    writers = [table() for _ in range(WRITERS)]
    winners = compete(writers, "many-writers", TRANSITIONS)
    require_one_chain(table().query(chain_pk("many-writers")), "many-writers", winners)


class InMemory(AuditedTableHook):
    """The same conditions on a dictionary; one transaction at a time, as DynamoDB orders them."""

    principal = writer = "writer"  # type: ignore[assignment]

    def __init__(self, items: Items, lock: threading.Lock) -> None:
        self.items, self.lock = items, lock

    def get(self, key: Key) -> dict[str, Any] | None:
        return self.items.get("recorder", key)

    def transact(self, updates: Sequence[Update], token: str | None = None) -> frozenset[int]:
        with self.lock:
            return self.items.transact("recorder", updates)


def test_the_same_holds_for_many_transitions_in_memory() -> None:
    items, lock = Items(), threading.Lock()
    writers = [InMemory(items, lock) for _ in range(WRITERS)]
    winners = compete(writers, "in-memory", IN_MEMORY)
    require_one_chain(items.query("recorder", chain_pk("in-memory")), "in-memory", winners)


def test_writers_of_other_items_go_behind_each_other(platform: LocalPlatform) -> None:
    """Nobody's change is lost because somebody else moved the head."""

    def write(writer: int) -> bool:
        own = table()
        return all(
            own.record([transition("side-by-side", number, writer, f"STAGE#{writer}")])
            for number in range(1, 6)
        )

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(write, range(8)))
    items = table().query(chain_pk("side-by-side"))
    assert verify("side-by-side", items, []) is None
    assert len(items) == 8 * 5 + 1
    stored = {
        f"VERSION#side-by-side {each['sk']}": each for each in table().query("VERSION#side-by-side")
    }
    assert unlike_their_entries("side-by-side", last_written(items), stored) == []


def test_a_change_whose_condition_does_not_hold_leaves_no_entry(platform: LocalPlatform) -> None:
    own = table()
    assert own.record([transition("refused", 1, 1)])
    assert not own.record([transition("refused", 1, 2)])
    with pytest.raises(WriteConflict, match="VERSION#refused STAGE#test is not in the state"):
        own.record_or_raise(transition("refused", 3, 2))
    there = transition("refused", 1, 1).updates[0].key
    mark = Key("VERSION#refused", "CARD#1")
    own.write(create(mark, mark.item()))
    assert not own.record([transition("refused", 2, 1)], [absent(mark)])
    assert len(own.query(chain_pk("refused"))) == 2
    assert own.get(there) == {**there.item(), "status": "1", "writer": 1}


def test_several_changes_are_written_together_or_not_at_all(platform: LocalPlatform) -> None:
    own = table()
    both = [transition("together", 1, 1), transition("together", 1, 1, "STAGE#production")]
    assert own.record(both)
    again = [transition("together", 2, 1), transition("together", 3, 1, "STAGE#production")]
    assert not own.record(again)
    items = own.query(chain_pk("together"))
    assert [item["number"] for item in items] == [1, 2, 2]
    assert verify("together", items, []) is None


def test_a_hook_whose_head_is_outdated_reads_it_again(platform: LocalPlatform) -> None:
    first, second = table(), table()
    assert first.record([transition("outdated", 1, 1)])
    assert second.record([transition("outdated", 2, 2)])
    assert first.record([transition("outdated", 3, 1)])
    assert verify("outdated", first.query(chain_pk("outdated")), []) is None


def test_nothing_is_written_behind_a_head_that_somebody_set_back(platform: LocalPlatform) -> None:
    own = table()
    for number in (1, 2, 3):
        assert own.record([transition("set-back", number, 1)])
    database = platform.client("dynamodb", "governance")
    first = own.get(entry_key("set-back", 1)) or {}
    head = head_key("set-back").item() | {"number": 1, "digest": first["digest"]}
    database.put_item(TableName="causeway-governance", Item=own._encode(head))
    with pytest.raises(ChainBroken, match="has an entry 2, but its head is at 1"):
        table().record([transition("set-back", 4, 1)])
    key = own._encode(head_key("set-back").item())
    database.delete_item(TableName="causeway-governance", Key=key)
    with pytest.raises(ChainBroken, match="has an entry 1, but its head is at 0"):
        table().record([transition("set-back", 4, 1)])
    stored = own.get(Key("VERSION#set-back", "STAGE#test")) or {}
    assert stored["status"] == "3"


@pytest.mark.parametrize("said", [{"digest": "f" * 64}, {"number": 7}, {"number": 1}])
def test_a_chain_is_not_continued_after_a_head_that_was_changed(
    platform: LocalPlatform, said: dict[str, Any]
) -> None:
    own, chain = table(), f"changed-{'-'.join(map(str, said.values()))[:9]}"
    for number in (1, 2):
        assert own.record([transition(chain, number, 1)])
    before = own.query(chain_pk(chain))
    head = (own.get(head_key(chain)) or {}) | said
    database = platform.client("dynamodb", "governance")
    database.put_item(TableName="causeway-governance", Item=own._encode(head))
    for duty in ("recorder", "decider"):
        writer = AuditedTableHook(f"causeway_governance_{duty}")
        change = transition(chain, 3, 1)
        if duty == "decider":
            key = Key(f"DECISION#{chain}", "FACTS")
            change = replace(change, updates=(create(key, key.item()),))
        with pytest.raises(ChainBroken, match=f"chain {chain} has no entry"):
            writer.record([change])
    assert own.query(chain_pk(chain))[:-1] == before[:-1]


@pytest.mark.parametrize("duty", ["recorder", "decider"])
def test_no_duty_deletes_or_updates_an_entry(platform: LocalPlatform, duty: str) -> None:
    chain = f"kept-by-{duty}"
    assert table().record([transition(chain, 1, 1)])
    own = AuditedTableHook(f"causeway_governance_{duty}")
    key = own._encode(entry_key(chain, 1).item())
    for operation, more in (
        ("delete_item", {}),
        (
            "update_item",
            {
                "UpdateExpression": "SET reason = :r",
                "ExpressionAttributeValues": {":r": {"S": "x"}},
            },
        ),
    ):
        with pytest.raises(Exception, match="AccessDeniedException"):
            own.call(operation, TableName=own.table, Key=key, **more)


def test_a_conflict_with_another_transaction_is_tried_again(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = table()
    call, asked = own.call, []

    def conflicting(operation: str, **params: Any) -> dict[str, Any]:
        asked.append(operation)
        if operation == "transact_write_items" and asked.count(operation) == 1:
            raise AwsTransientError("another transaction", code="TransactionConflict")
        return call(operation, **params)

    monkeypatch.setattr(own, "call", conflicting)
    assert own.record([transition("conflict", 1, 1)])
    assert asked.count("transact_write_items") == 2


def test_a_request_that_is_sent_twice_is_one_change(platform: LocalPlatform) -> None:
    """The token is the last entry's digest: a retry after a lost answer writes nothing more."""
    own = table()
    call = own.call

    def twice(operation: str, **params: Any) -> dict[str, Any]:
        if operation == "transact_write_items":
            call(operation, **params)
        return call(operation, **params)

    own.call = twice  # type: ignore[method-assign]
    assert own.record([transition("twice", 1, 1)])
    assert len(own.query(chain_pk("twice"))) == 2
