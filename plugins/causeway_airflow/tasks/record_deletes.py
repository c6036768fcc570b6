"""Deletion of one record from the online store, with an event time later than the record's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from causeway.features.event_times import require_later
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.hooks.record_deletes import RecordDeletesHook
from causeway_airflow.results import DeletedRecord
from causeway_airflow.tasks.acting import Hooks

Mode = Literal["soft", "hard"]


def delete_record(
    hook: Hooks, group: str, record: str, event_time: str, mode: Mode
) -> DeletedRecord:
    """Delete a record of a group, which is a name or another account's ARN.

    Raises:
        StaleDelete: the event time is not later than the stored one; the store would ignore it.
    """
    description = hook(FeatureGroupsHook).describe(group)
    was_online = delete_online(
        hook(RecordDeletesHook), group, description, record, event_time, hard=mode == "hard"
    )
    return DeletedRecord(
        feature_group=group, record=record, event_time=event_time, was_online=was_online
    )


def delete_online(
    records: RecordDeletesHook,
    group: str,
    description: Mapping[str, Any],
    record: str,
    event_time: str,
    *,
    hard: bool,
) -> bool:
    """Delete a record online and mark the deletion offline; return whether it was online.

    Raises:
        StaleDelete: the event time is not later than the stored one.
    """
    stored = records.stored_time(group, description["EventTimeFeatureName"], record)
    if stored is not None:
        require_later(event_time, stored, record=record, group=group)
    records.delete(group, record, event_time, hard=hard)
    return stored is not None


def online_time(
    records: RecordDeletesHook, description: Mapping[str, Any], record: str
) -> str | None:
    """Return the event time of a group's online record, None when there is none."""
    if not has_online_store(description):
        return None
    name, event_time = description["FeatureGroupName"], description["EventTimeFeatureName"]
    return records.stored_time(name, event_time, record)


def has_online_store(description: Mapping[str, Any]) -> bool:
    """Tell whether a group, as `DescribeFeatureGroup` says, keeps records online."""
    return bool((description.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"))
