"""The chain of entries: what is written is verified, and what is tampered with is found.

`make test` tampers with 100 chains for each property, `make soak` (CAUSEWAY_DEPTH=full) with 10,000
in all.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from causeway.governance.audit import (
    Action,
    Actor,
    AuditEntry,
    Change,
    Door,
    Head,
    append,
    entries_after,
    entry_item,
    entry_of,
    head_key,
    item_digest,
    item_key,
    token,
)
from causeway.governance.audit_heads import (
    LockedHead,
    last_written,
    locked_head_of,
    object_key,
    unlike_their_entries,
    verify,
)
from causeway.items import Key, create

FULL = os.environ.get("CAUSEWAY_DEPTH") == "full"
tampered = settings(max_examples=2500 if FULL else 100)
CHAIN, NOW = "credit-risk", datetime(2026, 3, 1, tzinfo=UTC)
BY = Actor("model-owner", Door.REGISTRY, "platform__governance_sync run-1", "arn:aws:sts::1:x")
Items = list[dict[str, Any]]


def change(number: int, **said: Any) -> Change:
    key = Key(f"VERSION#{number % 3}", "STAGE#test")
    update = create(key, key.item() | {"status": str(number)})
    about = {"subject": f"version {number % 3}", "account": "333333333333", "after": str(number)}
    return Change((update,), CHAIN, Action.RECORDED, BY, NOW, **about | said)


def chain(length: int) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number in range(1, length + 1):
        end = Head(entries[-1].number, entries[-1].digest) if entries else Head()
        entries += entries_after(end, [change(number)], "arn:writer")
    return entries


def items(entries: list[AuditEntry], head: Head | None = None) -> Items:
    last = head or Head(entries[-1].number, entries[-1].digest)
    end = head_key(CHAIN).item() | {"number": last.number, "digest": last.digest}
    return [*map(entry_item, entries), end]


def locked(*entries: AuditEntry) -> list[LockedHead]:
    return [LockedHead(each.chain, Head(each.number, each.digest)) for each in entries]


def rechained(entries: list[AuditEntry]) -> list[AuditEntry]:
    """Return the entries as somebody writes them who can write everything: numbers, digests."""
    right: list[AuditEntry] = []
    for entry in entries:
        before = Head(right[-1].number, right[-1].digest) if right else Head()
        right.append(replace(entry, number=before.number + 1, previous=before.digest))
    return right


def test_a_chain_as_it_was_written_has_no_break() -> None:
    entries = chain(5)
    assert verify(CHAIN, items(entries), locked(entries[1], entries[4])) is None
    assert verify(CHAIN, [], []) is None
    assert verify(CHAIN, items(entries), locked(*chain(3))) is None  # locked more than once


def test_an_entry_says_all_that_the_change_does() -> None:
    (entry,) = entries_after(Head(), [change(1, reason="ok", digests={"package": "f"})], "writer")
    assert entry.principal == "arn:aws:sts::1:x"
    assert entry.digests == {"package": "f"}
    ((name, digest),) = entry.items.items()
    assert item_key(name) == Key("VERSION#1", "STAGE#test")
    assert digest == item_digest(change(1).updates[0].item or {})
    assert entry_of(entry_item(entry)) == entry
    assert len(token([entry])) == 36
    (by_writer,) = entries_after(
        Head(), [replace(change(1), by=replace(BY, principal=""))], "writer"
    )
    assert by_writer.principal == "writer"


def test_several_changes_are_one_writing_under_one_condition() -> None:
    head = Head(4, "d" * 64)
    entries = entries_after(head, [change(1), change(2)], "writer")
    moved, *added = append(head, entries)
    assert moved.values == {":number": 4, ":digest": "d" * 64}
    assert moved.item == head_key(CHAIN).item() | {"number": 6, "digest": entries[1].digest}
    assert [update.key.sk for update in added] == ["000000000005", "000000000006"]
    assert append(Head(), chain(1))[0].condition == "attribute_not_exists(pk)"


def test_the_name_of_a_locked_head_says_what_it_is() -> None:
    for name in (CHAIN, "use-case/credit_risk"):
        head = LockedHead(name, Head(12, "a" * 64))
        assert locked_head_of(object_key(name, head.head)) == head
    assert locked_head_of("reports/x.json") is None
    assert locked_head_of("heads/x/12-abc") is None


def test_an_item_that_its_last_entry_does_not_describe_is_named() -> None:
    entries = chain(4)  # entry 4 is about the same item as entry 1
    last = last_written(items(entries))
    assert {name: number for name, (number, _) in last.items()} == {
        "VERSION#1 STAGE#test": 4,
        "VERSION#2 STAGE#test": 2,
        "VERSION#0 STAGE#test": 3,
    }
    stored = {
        name: dict(change(entry.number).updates[0].item or {})
        for entry in entries
        for name in entry.items
    }
    assert unlike_their_entries(CHAIN, last, stored) == []
    stored["VERSION#1 STAGE#test"]["status"] = "approved"
    del stored["VERSION#2 STAGE#test"]
    assert [str(each) for each in unlike_their_entries(CHAIN, last, stored)] == [
        f"chain {CHAIN}, entry 2: VERSION#2 STAGE#test is gone",
        f"chain {CHAIN}, entry 4: VERSION#1 STAGE#test is not what the entry says",
    ]


MEMBERS = ("at", "person", "principal", "door", "action", "subject", "before", "after", "reason")
lengths = st.integers(2, 12)


@tampered
@given(lengths, st.data())
def test_an_entry_that_was_edited_is_the_first_bad_one(length: int, data: Any) -> None:
    entries = chain(length)
    at = data.draw(st.integers(0, length - 1))
    stored = items(entries)
    member = data.draw(
        st.sampled_from([*MEMBERS, "digests", "items", "number", "previous", "digest", "new"])
    )
    stored[at][member] = data.draw(st.sampled_from(["", "somebody", 7, {"package": "0"}, None]))
    if stored[at] == entry_item(entries[at]):
        return
    broken = verify(CHAIN, stored, locked(entries[-1]))
    assert broken is not None and broken.number == at + 1


@tampered
@given(lengths, st.data())
def test_entries_that_are_gone_out_of_order_or_doubled_are_found(length: int, data: Any) -> None:
    entries = chain(length)
    at = data.draw(st.integers(0, length - 2))
    how = data.draw(st.sampled_from(["delete", "insert", "reorder", "truncate"]))
    moved = list(entries)
    if how == "delete":
        del moved[at]
    elif how == "insert":
        moved.insert(at + 1, entries[data.draw(st.integers(0, at))])
        at += 1
    elif how == "reorder":
        moved[at], moved[at + 1] = moved[at + 1], moved[at]
    else:
        del moved[at:]
    stored = items(moved, Head(length, entries[-1].digest))
    if data.draw(st.booleans()):  # each stands under the key of its place
        for number, item in enumerate(stored[:-1], start=1):
            item["sk"] = f"{number:012d}"
    elif how in ("insert", "reorder"):
        return  # under their own keys they are where they were
    broken = verify(CHAIN, stored, data.draw(st.sampled_from([[], locked(entries[-1])])))
    assert broken is not None and broken.number == at + 1


@tampered
@given(lengths, st.data())
def test_a_head_that_was_deleted_or_set_shows(length: int, data: Any) -> None:
    entries = chain(length)
    stored = items(entries)
    number = data.draw(st.integers(0, length + 3))
    digest = data.draw(st.sampled_from([*(each.digest for each in entries), "0" * 64]))
    if (number, digest) == (length, entries[-1].digest):
        stored.pop()
    else:
        stored[-1] |= {"number": number, "digest": digest}
    broken = verify(CHAIN, stored, [])
    assert broken is not None
    assert broken.number == min(number + 1, length) if number < length else broken.number >= length


@tampered
@given(lengths, st.data())
def test_a_chain_written_anew_by_who_can_write_all_of_it_is_found_up_to_the_newest_locked_head(
    length: int, data: Any
) -> None:
    """Which of the entries was the first is known to lie after the last head that still holds."""
    entries = chain(length)
    newest = data.draw(st.integers(1, length))
    heads = sorted({newest, *data.draw(st.sets(st.integers(1, newest)))})
    at = data.draw(st.integers(0, length - 1))
    how = data.draw(st.sampled_from(["edit", "delete", "insert", "truncate"]))
    forged = replace(entries[at], person="nobody", reason="was always so")
    moved = list(entries)
    if how == "edit":
        moved[at] = forged
    elif how == "delete":
        del moved[at]
    elif how == "insert":
        moved.insert(at, forged)
    else:
        del moved[at:]
    moved = rechained(moved)
    stored = items(moved) if moved else []
    broken = verify(CHAIN, stored, locked(*(entries[number - 1] for number in heads)))
    if at + 1 > newest:
        assert broken is None  # after the newest locked head: what the threat model says
        return
    assert broken is not None
    assert broken.trusted <= at < broken.number <= newest
    if how == "truncate":
        assert broken.number == at + 1
