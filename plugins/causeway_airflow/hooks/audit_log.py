"""CloudTrail's event history: who called what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from causeway_airflow.hooks.base import CausewayHook

PAGE = 50  # LookupEvents' limit; it takes two calls a second
#: How far back LookupEvents reaches (API reference), and what the call may take to get there.
HISTORY: Final = timedelta(days=90)
MARGIN: Final = timedelta(minutes=5)


class AuditLogHook(CausewayHook):
    """The management events of an account and region."""

    service = "cloudtrail"

    def calls(self, operation: str, since: datetime, until: datetime | None = None) -> list[str]:
        """Return CloudTrail's JSON of each call of an operation since then, the newest first.

        The history goes back 90 days: what is older is in a trail's bucket alone.
        """
        oldest = datetime.now(UTC) - HISTORY + MARGIN
        if since < oldest:
            self.log.warning(
                "CloudTrail's event history goes back 90 days: %s is looked for since %s, not %s",
                *(
                    operation,
                    oldest.isoformat(timespec="minutes"),
                    since.isoformat(timespec="minutes"),
                ),
            )
        events = self.pages(
            "lookup_events",
            "Events",
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": operation}],
            StartTime=max(since, oldest),
            MaxResults=PAGE,
            **({"EndTime": until} if until else {}),
        )
        return [str(event["CloudTrailEvent"]) for event in events]

    def event(self, event_id: str) -> str | None:
        """Return CloudTrail's JSON of one event of the last 90 days, or None."""
        events = self.pages(
            "lookup_events",
            "Events",
            LookupAttributes=[{"AttributeKey": "EventId", "AttributeValue": event_id}],
            MaxResults=PAGE,
        )
        return next((str(event["CloudTrailEvent"]) for event in events), None)
