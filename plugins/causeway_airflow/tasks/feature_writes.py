"""Staged records are written to the stores: in batches, or offline alone as Parquet objects."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import pyarrow as pa

from causeway.errors import ConfigError
from causeway.features.event_times import instant_of
from causeway.ingestion.backfill import Backfill, Spool, spooled
from causeway.ingestion.bodies import Body, bodies, record_text, texts_of
from causeway_airflow.hooks.feature_records import Failed, FeatureRecordsHook
from causeway_airflow.hooks.offline_objects import OfflineObjectsHook, OfflineStore
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.progress import Progress
from causeway_airflow.tasks.staging import Staged, Stores

log = logging.getLogger(__name__)

#: The code of a record that the online store would not take.
NOT_LATER: Final = "EventTimeNotLater"
#: The `TargetStores` of a record; none named means every store that the group has.
TARGETS: Final[Mapping[Stores, list[str]]] = {"both": [], "online": ["OnlineStore"], "offline": []}


def write_staged(
    hook: Hooks,
    staged: Staged,
    stores: Stores,
    description: Mapping[str, Any],
    *,
    skip_unchanged: bool,
) -> None:
    """Write the staged records; afterwards every row is accounted for.

    `description` is `DescribeFeatureGroup` of the group. With `skip_unchanged`, records that the
    online store has in the same form are left out.
    """
    if isinstance(staged.target, Backfill):
        _add_objects(hook(OfflineObjectsHook), staged, staged.target, description)
    elif staged.rows > staged.rejected:
        _write_records(hook(FeatureRecordsHook), staged, staged.target, stores, skip_unchanged)
    if staged.older:
        log.info(
            "%s: of %d records the online store has later ones; these went offline alone",
            *(staged.group.name, staged.older),
        )


def _write_records(
    records: FeatureRecordsHook, staged: Staged, spool: Spool, stores: Stores, skip_unchanged: bool
) -> None:
    progress = Progress(f"{staged.group.name}: sent")
    for outcome in records.write(
        _requests(records, staged, spool, TARGETS[stores], skip_unchanged)
    ):
        staged.written += outcome.written
        staged.retried += outcome.retried
        staged.failed += outcome.failed
        progress.at(staged.written + staged.unchanged + len(staged.failed))


def _requests(
    records: FeatureRecordsHook,
    staged: Staged,
    spool: Spool,
    targets: list[str],
    skip_unchanged: bool,
) -> Iterator[Body]:
    group = staged.group
    for numbers, columns in spooled(spool.path):
        for start, texts in texts_of(columns, len(numbers)):
            part = slice(start, start + len(texts))
            rows = numbers[part]
            if skip_unchanged:
                chunk = {name: column[part] for name, column in columns.items()}
                history = not targets and group.offline.enabled
                changed = _changed(records, staged, chunk, rows.tolist(), texts, history)
                rows, texts = rows[changed], texts.take(pa.array(changed, pa.int64()))
            yield from bodies(group.name, rows, texts, stores=targets)


def _changed(
    records: FeatureRecordsHook,
    staged: Staged,
    columns: Mapping[str, pa.Array],
    rows: Sequence[int],
    texts: pa.Array,
    history: bool,
) -> list[int]:
    """Return the positions of the records to write, and count the others.

    One that the online store has in this form is unchanged. One that differs from it with the same
    event time fails: the online store would keep what it has (PutRecord, API reference), and each
    re-run would append it offline again. One with an earlier event time is `history`, which goes to
    the offline store alone; where that is not written to, it fails, too.
    """
    group = staged.group
    ids = columns[group.record_identifier].to_pylist()
    times = columns[group.event_time].to_pylist()
    stored = records.read(group.name, group.record_identifier, ids)
    changed = []
    for position, (name, time, text) in enumerate(zip(ids, times, texts.to_pylist(), strict=True)):
        record = stored.get(name)
        if record is None:
            changed.append(position)
            continue
        if record_text(record, list(columns)) == text:
            staged.unchanged += 1
            continue
        stored_time = next(
            v["ValueAsString"] for v in record if v["FeatureName"] == group.event_time
        )
        older = _instant(time) < _instant(stored_time)
        if _instant(time) > _instant(stored_time) or (older and history):
            staged.older += older
            changed.append(position)
            continue
        message = (
            f"record {name} differs from the stored one, and its event time {time} is not later "
            f"than {stored_time}: the online store keeps what it has"
        )
        staged.failed.append(Failed(rows[position], NOT_LATER, message))
    return changed


@lru_cache(maxsize=1024)
def _instant(text: str) -> datetime:
    return instant_of(text)


def _add_objects(
    objects: OfflineObjectsHook,
    staged: Staged,
    backfill: Backfill,
    description: Mapping[str, Any],
) -> None:
    """Store the objects of a backfill; one that is there already is left as it is."""
    store = OfflineStore.of(description)
    if store is None:
        raise ConfigError(
            f"feature group {staged.group.name} has no offline store",
            next_step="Ingest it with `stores` set to `online`.",
        )
    for stored in backfill.objects:
        if objects.add(store, stored.key, stored.path, {"input": backfill.digest}):
            staged.written += stored.rows
        else:
            staged.unchanged += stored.rows
        uri = f"s3://{store.bucket}/{store.prefix}/{stored.key}"
        log.info("%s: %d rows in %s", staged.group.name, stored.rows, uri)
