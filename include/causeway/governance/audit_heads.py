"""Heads of chains under object lock, and what a chain looks like beside them.

A head is an object of the governance account's audit bucket, whose name says all of it:
`heads/<chain>/<number>-<digest>`. While it is locked nobody can delete it, whatever they may do to
the table. A name that is written a second time is another version of the same head.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from causeway.governance.audit import (
    HEAD,
    Action,
    Head,
    entry_item,
    entry_key,
    entry_of,
    head_of,
    item_digest,
    item_name,
)
from causeway.items import Key
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import has_entry

PREFIX: Final = "heads/"
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


def is_head_of(head: Head, last: Mapping[str, Any] | None) -> bool:
    """Tell whether a head names an entry, number and digest, and the entry says what it said."""
    try:
        entry = entry_of(last or {})
        return Head(entry.number, entry.digest) == head
    except (KeyError, TypeError, ValueError):
        return False


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
        intact = dict(item) == entry_item(entry)
    except (KeyError, TypeError, ValueError):
        intact = False
    if not intact:
        return "it was changed: its digest is not that of what it says"
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


def last_written(items: Iterable[Mapping[str, Any]]) -> dict[str, tuple[int, str]]:
    """Return the last entry about each item of the table and the item's digest, by its name."""
    entries = sorted(
        (entry_of(item) for item in items if item["sk"] != HEAD), key=lambda entry: entry.number
    )
    return {
        name: (entry.number, digest) for entry in entries for name, digest in entry.items.items()
    }


def first_sights(items: Iterable[Mapping[str, Any]]) -> dict[ModelPackageArn, int]:
    """Return the versions that the chain knows from their first sight, with that entry's number.

    Of an older version, items may be there that were written before there was an audit.
    """
    entries = [entry_of(item) for item in items if item["sk"] != HEAD]
    return {
        ModelPackageArn.parse(entry.subject): entry.number
        for entry in entries
        if entry.action == Action.SEEN
    }


def without_entry(
    chain: str,
    seen: int,
    written: Mapping[str, tuple[int, str]],
    items: Iterable[Mapping[str, Any]],
) -> list[Break]:
    """Return the items of a version that no entry is about; `seen` is the version's first entry.

    Evidence that is copied there has none (`versions.keys.has_entry`).
    """
    keys = [Key(str(item["pk"]), str(item["sk"])) for item in items]
    return [
        Break(chain, seen, f"{item_name(key)} stands in the table, and no entry is about it")
        for key in keys
        if item_name(key) not in written and has_entry(key)
    ]


def unlike_their_entries(
    chain: str,
    written: Mapping[str, tuple[int, str]],
    stored: Mapping[str, Mapping[str, Any]],
) -> list[Break]:
    """Return where items of the table do not hold what their last entries say."""
    breaks = []
    for name, (number, digest) in written.items():
        item = stored.get(name)
        if item is None or item_digest(item) != digest:
            what = f"{name} is {'gone' if item is None else 'not what the entry says'}"
            breaks.append(Break(chain, number, what))
    return sorted(breaks, key=lambda each: each.number)
