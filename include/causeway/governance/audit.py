"""The audit: what changed, by whom and why, as a chain of entries that shows tampering.

Each model group and each use case has a chain of its own. An entry holds the digest of the entry
before it, and the chain's head the number and digest of its last one. Heads are also kept where
nobody can change them (`audit_heads`): a chain agrees with itself, its head, and each of those.

A chain is a partition of the governance table, `AUDIT#<chain>`. No model group has a `/` in its
name: `use-case/<id>` is the chain of a use case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from causeway.digests import canonical_json, sha256
from causeway.instants import instant
from causeway.items import Key, Update, create

#: The sort key of a chain's head. Those of entries are numbers, which sort before it.
HEAD: Final = "HEAD"
#: What the first entry of a chain follows.
NOTHING: Final = "0" * 64
#: Lets one case through: nobody added an entry since the head was read.
#: Names: #number, #digest; values: :number, :digest.
HEAD_UNCHANGED: Final = "#number = :number AND #digest = :digest"
#: Lets one case through: the entry is the one that the head names. Names: #digest; values: :digest.
SAME_DIGEST: Final = "#digest = :digest"


class Door(StrEnum):
    """The way in: a person's own call in the registry, a run that a person started, or a DAG."""

    REGISTRY = "registry"
    AIRFLOW = "airflow"
    DAG = "dag"


class Action(StrEnum):
    """What was done to a version."""

    SEEN = "seen"
    DECIDED = "decided"
    STOPPED = "stopped"
    REFUSED = "refused"
    RECORDED = "recorded"
    PROMOTION = "promotion"
    WENT_LIVE = "went_live"
    WENT_BACK = "went_back"
    REMOVED = "removed"


@dataclass(frozen=True)
class Actor:
    """Who changes something.

    `person` is a person of the topology, or `airflow:` and a DAG or the user of Airflow that
    started it; `principal` the AWS session that asked for it, empty for the one that writes.
    """

    person: str
    door: Door
    run: str
    principal: str = ""


@dataclass(frozen=True)
class Change:
    """What was done to a version: the writes of the governance table, and what their entry says."""

    updates: tuple[Update, ...]
    chain: str
    action: Action
    by: Actor
    at: datetime
    subject: str
    account: str
    stage: str = ""
    before: str = ""
    after: str = ""
    reason: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AuditEntry:
    """One entry of a chain.

    `digests` are those of the version (package, artifact, gate report), `items` those of the items
    that were written, by their names.
    """

    chain: str
    number: int
    previous: str
    at: str
    person: str
    principal: str
    door: str
    action: str
    subject: str
    stage: str
    before: str
    after: str
    reason: str
    digests: Mapping[str, str]
    account: str
    run: str
    items: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The SHA-256 of all that the entry says, the digest of the entry before it included."""
        return sha256(canonical_json(_content(self)))


@dataclass(frozen=True)
class UnreadableEntry:
    """What stands in an entry's place and is none: somebody changed it."""

    number: str


@dataclass(frozen=True)
class Head:
    """The end of a chain: the number and digest of its last entry."""

    number: int = 0
    digest: str = NOTHING


def chain_pk(chain: str) -> str:
    """Return the partition of a chain."""
    return f"AUDIT#{chain}"


def head_key(chain: str) -> Key:
    """Return the key of a chain's head."""
    return Key(chain_pk(chain), HEAD)


def entry_key(chain: str, number: int) -> Key:
    """Return the key of an entry."""
    return Key(chain_pk(chain), f"{number:012d}")


def head_of(item: Mapping[str, Any] | None) -> Head:
    """Read a chain's head; a chain without one has no entry."""
    return Head(int(item["number"]), str(item["digest"])) if item else Head()


def item_name(key: Key) -> str:
    """Return how an entry names an item; no key has a space."""
    return f"{key.pk} {key.sk}"


def item_key(name: str) -> Key:
    """Return the key of an item that an entry names."""
    pk, _, sk = name.partition(" ")
    return Key(pk, sk)


def item_digest(item: Mapping[str, Any]) -> str:
    """Return the digest of an item as it is written and read."""
    return sha256(canonical_json(dict(item)))


def entry_item(entry: AuditEntry) -> dict[str, Any]:
    """Write an entry as an item."""
    key = entry_key(entry.chain, entry.number)
    return key.item() | _content(entry) | {"digest": entry.digest}


def entry_of(item: Mapping[str, Any]) -> AuditEntry:
    """Read an entry from its item; a member that is missing raises `KeyError`."""
    return AuditEntry(**{each.name: item[each.name] for each in fields(AuditEntry)})


def entry_as_it_is(item: Mapping[str, Any]) -> AuditEntry | UnreadableEntry:
    """Read an entry for people, who are told when it is not as it was written."""
    try:
        entry = entry_of(item)
        intact = dict(item) == entry_item(entry)
    except (KeyError, TypeError, ValueError):
        intact = False
    return entry if intact else UnreadableEntry(str(item["sk"]).lstrip("0"))


def entries_after(head: Head, changes: Iterable[Change], principal: str) -> list[AuditEntry]:
    """Return the entries of changes of one chain, in their order; `principal` is who writes."""
    entries: list[AuditEntry] = []
    for change in changes:
        entry = AuditEntry(
            chain=change.chain,
            number=head.number + 1,
            previous=head.digest,
            at=instant(change.at),
            person=change.by.person,
            principal=change.by.principal or principal,
            door=change.by.door.value,
            action=change.action.value,
            subject=change.subject,
            stage=change.stage,
            before=change.before,
            after=change.after,
            reason=change.reason,
            digests=change.digests,
            account=change.account,
            run=change.by.run,
            items={
                item_name(update.key): item_digest(update.item or {}) for update in change.updates
            },
        )
        entries.append(entry)
        head = Head(entry.number, entry.digest)
    return entries


def append(head: Head, entries: Sequence[AuditEntry]) -> list[Update]:
    """Return the writes that add entries to a chain: its head first, while nobody has moved it."""
    last = entries[-1]
    key = head_key(last.chain)
    item = key.item() | {"number": last.number, "digest": last.digest}
    moved = create(key, item)
    if head.number:
        values = {":number": head.number, ":digest": head.digest}
        names = {"#number": "number", "#digest": "digest"}
        moved = Update(key, HEAD_UNCHANGED, values, names, item=item)
    added = [create(entry_key(entry.chain, entry.number), entry_item(entry)) for entry in entries]
    return [moved, *added]


def last_entry(chain: str, head: Head) -> list[Update]:
    """Return the check that a chain's last entry is the one that its head names.

    A head that was moved, or says another digest, is not followed: its chain would fork.
    """
    if not head.number:
        return []
    names, values = {"#digest": "digest"}, {":digest": head.digest}
    return [Update(entry_key(chain, head.number), SAME_DIGEST, values, names)]


def token(entries: Sequence[AuditEntry]) -> str:
    """Return the `ClientRequestToken` of a transaction: the last entry's digest names all of it.

    DynamoDB takes up to 36 characters.
    """
    return entries[-1].digest[:36]


def _content(entry: AuditEntry) -> dict[str, Any]:
    content = {each.name: getattr(entry, each.name) for each in fields(entry)}
    return content | {"digests": dict(entry.digests), "items": dict(entry.items)}
