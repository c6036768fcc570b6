"""The erasure of one record: which groups are searched, and its deletion from one of them.

The governance table says what was begun, the stores show what is left: an erasure that was killed
goes on from there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from causeway.erasure.erasures import Erasure, Request, begin, erasure_key, erasure_of
from causeway.erasure.offline_rows import StoredRows
from causeway.errors import BadInput, ConfigError, NotArrivedYet
from causeway.features.event_times import instant_of
from causeway.pages import text_table
from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import case_of, topology
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.hooks.governance import GovernanceHook
from causeway_airflow.hooks.offline_objects import OfflineObjectsHook, OfflineStore
from causeway_airflow.hooks.record_deletes import RecordDeletesHook
from causeway_airflow.results import Erased
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.offline_records import OfflineRecord
from causeway_airflow.tasks.record_deletes import delete_online, has_online_store, online_time

log = logging.getLogger(__name__)

#: Seconds in which the worker waits for a deletion to arrive offline; then the task's retries do.
ARRIVAL_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.3


def request_of(record: str, reason: str, user: str | None, run: str) -> Request:
    """Return who requests an erasure, by the topology's name of the Airflow user if it has one."""
    person = topology().person_of_airflow_user(user) or user or "nobody named"
    return Request(record, reason, person, run)


@dataclass(frozen=True)
class Holding:
    """What a group has of a record: its online copy, its rows offline, and an earlier erasure."""

    online: bool
    rows: int  # of current objects
    versions: int  # of objects with rows of it, old ones included
    marks: int
    erased: bool

    @property
    def is_known(self) -> bool:
        """Whether the group has or had the record."""
        return self.online or self.versions > 0 or self.marks > 0 or self.erased


def groups_to_search(
    hook: Hooks,
    use_case: str,
    groups: Sequence[str],
    record: str,
    reason: str,
    *,
    only_look: bool = False,
) -> list[str]:
    """Return the names of the groups to erase a record from; none named: all of the use case's.

    What each has of the record is logged. Where it is only to look, no group is returned.

    Raises:
        BadInput: a parameter is missing, no group has or had the record, or none is named of a use
            case with several raw sources.
        ConfigError: a group does not exist, or its offline store cannot be rewritten.
    """
    if not use_case or not record.strip() or not reason.strip():
        raise BadInput(
            "an erasure needs a record, a use case and a reason; nothing was deleted",
            next_step="Trigger it with all of them; the reason stands in the report.",
        )
    case = case_of(use_case)
    if not groups and len(case.raw_sources) > 1:
        raise _of_which_source(case)
    names = [case.group(name).name for name in groups] or [g.name for g in case.feature_groups]
    descriptions = {name: _erasable(hook(FeatureGroupsHook), name) for name in names}
    holdings = {name: _holding(hook, name, descriptions[name], record) for name in names}
    if not any(holding.is_known for holding in holdings.values()):
        raise BadInput(
            f"no record {record} is or was in {', '.join(names)}; nothing was deleted",
            next_step="Check the identifier: it is compared letter by letter.",
        )
    log.info("record %s:\n%s", record, _table(holdings))
    if only_look:
        log.info("a dry run: nothing was deleted")
        return []
    return names


def _table(holdings: Mapping[str, Holding]) -> str:
    head = ("feature group", "online", "rows", "object versions", "deletion marks", "erased")
    return text_table(
        head,
        [
            (name, _word(h.online), *map(str, (h.rows, h.versions, h.marks)), _word(h.erased))
            for name, h in holdings.items()
        ],
    )


def _word(value: bool) -> str:
    return "yes" if value else "no"


def _of_which_source(case: UseCase) -> BadInput:
    sources = [
        f"of {source.name}: {', '.join(group.name for group in source.groups)}"
        for source in case.raw_sources
    ]
    return BadInput(
        f"use case {case.id} has several raw sources with ids of their own, so that one id may be "
        "of two records; nothing was deleted",
        next_step=f"Name the groups in `feature_groups`, {'; '.join(sources)}.",
    )


def erase(hook: Hooks, group: str, request: Request) -> Erased:
    """Erase a record from a group: hard online, then every row of it offline.

    Raises:
        NotArrivedYet: the deletion has not reached the offline store; a retry goes on.
    """
    table, record = hook(GovernanceHook, "governance", "recorder"), request.record
    description = hook(FeatureGroupsHook).describe(group)
    earlier = erasure_of(table.get(erasure_key(group, record)))
    online = online_time(hook(RecordDeletesHook), description, record)
    offline = _offline(hook, description, record)
    erasure = _begin(group, request, earlier, online, offline)
    if erasure is None:
        log.info("%s holds nothing of record %s", group, record)
        return _outcome(group, request, earlier)
    table.write(erasure.write(earlier))
    if has_online_store(description):
        # Also when the record is not online: when the deletion's mark is there offline, every
        # earlier write has arrived there, too.
        delete_online(
            hook(RecordDeletesHook), group, description, record, erasure.event_time, hard=True
        )
        if offline is not None:
            _await_mark(offline, erasure)
    if offline is not None:
        rows, versions = offline.erase()
        log.info("%s: %d rows in current objects, %d versions of objects", group, rows, versions)
    done = erasure.done(datetime.now(UTC))
    table.write(done.write(erasure))
    return _outcome(group, request, done)


def _erasable(groups: FeatureGroupsHook, name: str) -> dict[str, Any]:
    """Return the description of a group whose offline objects can be written again."""
    description = groups.describe(name)
    if (description.get("OfflineStoreConfig") or {}).get("TableFormat") == "Iceberg":
        raise ConfigError(
            f"the offline store of {name} is an Iceberg table, whose files are not rewritten "
            "one by one; nothing was deleted",
            next_step="Erase there by Athena: DELETE, then OPTIMIZE and VACUUM the table.",
        )
    return description


def _holding(hook: Hooks, name: str, description: Mapping[str, Any], record: str) -> Holding:
    table = hook(GovernanceHook, "governance", "recorder")
    offline = _offline(hook, description, record)
    contents = offline.by_version() if offline is not None else {}
    return Holding(
        online=online_time(hook(RecordDeletesHook), description, record) is not None,
        rows=sum(content.rows for version, content in contents.items() if version.latest),
        versions=sum(bool(content.rows) for content in contents.values()),
        marks=len({mark for content in contents.values() for mark in content.marks}),
        erased=table.get(erasure_key(name, record)) is not None,
    )


def _offline(hook: Hooks, description: Mapping[str, Any], record: str) -> OfflineRecord | None:
    """Return the record in a group's offline store, None where the group has no such store."""
    store = OfflineStore.of(description)
    return None if store is None else OfflineRecord(hook(OfflineObjectsHook), store, record)


def _begin(
    group: str,
    request: Request,
    earlier: Erasure | None,
    online: str | None,
    offline: OfflineRecord | None,
) -> Erasure | None:
    """Return the erasure to begin or to go on with; None when there is nothing to erase."""
    contents = offline.by_version() if offline is not None else {}
    current = sum(content.rows for version, content in contents.items() if version.latest)
    whole = sum(contents.values(), StoredRows())
    return begin(
        group,
        request,
        earlier,
        online,
        StoredRows(current, whole.times, whole.marks),
        sum(bool(content.rows) for content in contents.values()),
        datetime.now(UTC),
    )


def _await_mark(offline: OfflineRecord, erasure: Erasure) -> None:
    """Wait for the deletion's mark in the offline store."""
    moment, deadline = instant_of(erasure.event_time), time.monotonic() + ARRIVAL_SECONDS
    while not any(moment in content.marks for content in offline.by_version().values()):
        if time.monotonic() > deadline:
            raise NotArrivedYet(
                f"the deletion of record {erasure.record} at {erasure.event_time} has not reached "
                f"the offline store of {erasure.group}",
                principal=offline.objects.principal,
                next_step="It takes up to 15 minutes; the task looks again and goes on.",
            )
        time.sleep(LOOK_SECONDS)


def _outcome(group: str, request: Request, erasure: Erasure | None) -> Erased:
    """Return what this run erased; what another run erased is not counted again."""
    if erasure is None:
        return Erased(group=group, changed=False, online=False, rows=0, versions=0, event_time="")
    changed = erasure.run == request.run
    return Erased(
        group=group,
        changed=changed,
        online=changed and erasure.online,
        rows=erasure.rows if changed else 0,
        versions=erasure.versions if changed else 0,
        event_time=erasure.event_time,
    )
