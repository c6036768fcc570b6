"""CloudTrail's event history: who called what."""

from __future__ import annotations

from datetime import datetime

from causeway_airflow.hooks.base import CausewayHook

PAGE = 50  # LookupEvents' limit; it takes two calls a second


class AuditLogHook(CausewayHook):
    """The management events of an account and region."""

    service = "cloudtrail"

    def calls(self, operation: str, since: datetime) -> list[str]:
        """Return CloudTrail's JSON of each call of an operation since then, the newest first."""
        events = self.pages(
            "lookup_events",
            "Events",
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": operation}],
            StartTime=since,
            MaxResults=PAGE,
        )
        return [str(event["CloudTrailEvent"]) for event in events]
