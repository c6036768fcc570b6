"""Deletion of records from the online store."""

from __future__ import annotations

from causeway_airflow.hooks.base import CausewayHook


class RecordDeletesHook(CausewayHook):
    """The part of the feature store's data plane that takes records out."""

    service = "sagemaker-featurestore-runtime"

    def stored_time(self, group: str, event_time: str, record: str) -> str | None:
        """Return the event time of an online record, None when there is no such record.

        `group` is a name or another account's ARN, `event_time` the name of its feature.
        """
        values = self.call(
            "get_record",
            FeatureGroupName=group,
            RecordIdentifierValueAsString=record,
            FeatureNames=[event_time],
        ).get("Record")
        if not values:
            return None
        return next((str(v["ValueAsString"]) for v in values if v["FeatureName"] == event_time), "")

    def delete(self, group: str, record: str, event_time: str, *, hard: bool) -> None:
        """Delete a record online and mark the deletion offline.

        A soft delete keeps the deletion's event time online, so that an older write stays out; a
        hard one leaves nothing there.
        """
        self.call(
            "delete_record",
            FeatureGroupName=group,
            RecordIdentifierValueAsString=record,
            EventTime=event_time,
            DeletionMode="HardDelete" if hard else "SoftDelete",
        )
