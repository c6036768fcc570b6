"""Deletion of records from the online store, each later than what it deletes."""

from __future__ import annotations

from causeway.features.event_times import require_later
from causeway_airflow.hooks.base import CausewayHook


class RecordDeletesHook(CausewayHook):
    """The part of the feature store's data plane that takes records out."""

    service = "sagemaker-featurestore-runtime"

    def stored_time(self, group: str, event_time: str, record: str) -> str | None:
        """Return the event time of an online record, None when there is no such record.

        `group` is a name or another account's ARN, `event_time` the name of its feature.
        """
        found = self.call(
            "get_record",
            FeatureGroupName=group,
            RecordIdentifierValueAsString=record,
            FeatureNames=[event_time],
        ).get("Record")
        if not found:
            return None
        return next((str(f["ValueAsString"]) for f in found if f["FeatureName"] == event_time), "")

    def delete(self, group: str, event_time: str, record: str, moment: str, *, hard: bool) -> bool:
        """Delete a record online and mark the deletion offline; return whether it was online.

        A soft delete keeps the deletion's event time online, so that an older write stays out; a
        hard one leaves nothing there.

        Raises:
            StaleDelete: `moment` is not later than the stored event time.
        """
        stored = self.stored_time(group, event_time, record)
        if stored is not None:
            require_later(moment, stored, record=record, group=group)
        self.call(
            "delete_record",
            FeatureGroupName=group,
            RecordIdentifierValueAsString=record,
            EventTime=moment,
            DeletionMode="HardDelete" if hard else "SoftDelete",
        )
        return stored is not None
