"""Heads of chains under object lock, and what a chain looks like beside them.

A head is an object of the governance account's audit bucket, whose name says all of it:
`heads/<chain>/<number>-<digest>`. While it is locked nobody can delete it, whatever they may do to
the table. A name that is written a second time is another version of the same head.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from causeway.governance.audit import (
    HEAD,
    AuditEntry,
    Head,
    entry_key,
    entry_of,
    head_of,
    item_digest,
)
from causeway.items import Key

PREFIX: Final = "heads/"
#: What an entry's item has, and nothing else.
ENTRY_MEMBERS: Final = {each.name for each in fields(AuditEntry)} | {"pk", "sk", "digest"}
_KEY: Final = re.compile(r"heads/(?P<chain>.+)/(?P<number>\d{12})-(?P<digest>[0-9a-f]{64})")


@dataclass(frozen=True)
class LockedHead:
    """A head as it was locked."""

    chain: str
    head: Head


@dataclass(frozen=True)
class Break:
    """The first entry of a chain that is not as it was written.

    `trusted` is the last entry below it that a locked head vouches for: somebody who wrote all
    entries after that anew shows only at the next locked head.
    """

    chain: str
    number: int
    what: str
    trusted: int = 0

    def __str__(self) -> str:
        since = f"; entries up to {self.trusted} are as they were locked" if self.trusted else ""
        return f"chain {self.chain}, entry {self.number}: {self.what}{since}"


def object_key(chain: str, head: Head) -> str:
    """Return the name of a head's object."""
    return f"{PREFIX}{chain}/{head.number:012d}-{head.digest}"


def locked_head_of(key: str) -> LockedHead | None:
    """Read a head from the name of its object; None when it is none."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    return LockedHead(match["chain"], Head(int(match["number"]), match["digest"]))


def verify(
    chain: str, items: Iterable[Mapping[str, Any]], locked: Iterable[LockedHead]
) -> Break | None:
    """Return the first break of a chain, or None.

    Args:
        chain: its name.
        items: its partition, entries and head.
        locked: heads that were locked; those of other chains do not count.
    """
    by_key = {str(item["sk"]): item for item in items}
    head = by_key.pop(HEAD, None)
    vouched: dict[int, set[str]] = {}
    for each in locked:
        if each.chain == chain:
            vouched.setdefault(each.head.number, set()).add(each.head.digest)
    reached, trusted = Head(), 0
    for number, sort_key in enumerate(sorted(by_key), start=1):
        wrong = _wrong_entry(by_key[sort_key], chain, reached)
        digest = str(by_key[sort_key].get("digest"))
        if wrong is None and vouched.get(number, {digest}) != {digest}:
            wrong = "it is not the entry that was locked"
        if wrong is not None:
            return Break(chain, number, wrong, trusted)
        reached = Head(number, digest)
        trusted = number if number in vouched else trusted
    end = _wrong_end(reached, max(vouched, default=0), head)
    return Break(chain, *end, trusted=trusted) if end else None


def _wrong_entry(item: Mapping[str, Any], chain: str, before: Head) -> str | None:
    """Return what is wrong with the item that stands where the next entry should."""
    key = entry_key(chain, before.number + 1)
    if Key(str(item.get("pk")), str(item["sk"])) != key:
        return f"it is missing; {item['sk']} comes next"
    try:
        entry = entry_of(item)
        intact = entry.digest == item["digest"] and set(item) == ENTRY_MEMBERS
    except (KeyError, TypeError, ValueError):
        intact = False
    if not intact:
        return "it was changed: its digest is not that of what it says"
    if (entry.chain, entry.number) != (chain, before.number + 1):
        return f"it is entry {entry.number} of chain {entry.chain}"
    if entry.previous != before.digest:
        return "it does not follow the entry before it"
    return None


def _wrong_end(
    reached: Head, newest: int, item: Mapping[str, Any] | None
) -> tuple[int, str] | None:
    """Return which entry is wrong at the end of a chain whose entries are right, and how."""
    if newest > reached.number:
        return reached.number + 1, f"it is missing; entry {newest} was locked"
    try:
        head = head_of(item)
    except (KeyError, TypeError, ValueError):
        return reached.number, "the head cannot be read"
    if item is None and reached.number:
        return reached.number, "the head is missing"
    if head.number > reached.number:
        return reached.number + 1, f"it is missing; the head is at {head.number}"
    if head != reached:
        return min(head.number + 1, reached.number), f"the head is at {head.number}, not there"
    return None


def last_written(items: Iterable[Mapping[str, Any]]) -> dict[str, AuditEntry]:
    """Return the last entry about each item of the table, by the item's name."""
    entries = [entry_of(item) for item in items if item["sk"] != HEAD]
    return {entry.item: entry for entry in sorted(entries, key=lambda entry: entry.number)}


def unlike_its_entry(
    entries: Mapping[str, AuditEntry], stored: Mapping[str, Mapping[str, Any]]
) -> list[Break]:
    """Return the items of the table that do not hold what their last entries say they do."""
    breaks = []
    for name, entry in entries.items():
        item = stored.get(name)
        if item is None or item_digest(item) != entry.digests["item"]:
            what = f"{name} is {'gone' if item is None else 'not what the entry says'}"
            breaks.append(Break(entry.chain, entry.number, what))
    return sorted(breaks, key=lambda each: each.number)
