"""Staged records are written to the stores: in batches, or offline alone as Parquet objects."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pyarrow as pa

from causeway.errors import ConfigError
from causeway.ingestion.backfill import Backfill, Spool, spooled
from causeway.ingestion.bodies import Body, bodies, record_text, texts_of
from causeway.use_cases.contracts import FeatureGroup
from causeway_airflow.hooks.feature_records import FeatureRecordsHook
from causeway_airflow.hooks.offline_objects import OfflineObjectsHook, OfflineStore
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.progress import Progress
from causeway_airflow.tasks.staging import Staged, Stores

log = logging.getLogger(__name__)

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
            rows = numbers[start : start + len(texts)]
            if skip_unchanged:
                ids = columns[group.record_identifier].slice(start, len(texts))
                changed = _changed(records, group, list(columns), ids.to_pylist(), texts)
                staged.unchanged += len(rows) - len(changed)
                rows, texts = rows[changed], texts.take(pa.array(changed, pa.int64()))
            yield from bodies(group.name, rows, texts, stores=targets)


def _changed(
    records: FeatureRecordsHook,
    group: FeatureGroup,
    names: list[str],
    ids: list[str],
    texts: pa.Array,
) -> list[int]:
    """Return the positions of the records that the online store does not have in this form."""
    stored = records.read(group.name, group.record_identifier, ids)
    stored_texts = {name: record_text(record, names) for name, record in stored.items()}
    return [
        position
        for position, (name, text) in enumerate(zip(ids, texts.to_pylist(), strict=True))
        if stored_texts.get(name) != text
    ]


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
