"""CloudTrail: LookupEvents."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from localaws.cloudtrail.event import Event
from localaws.cloudtrail.history import History
from localaws.kit.service import Call, Service, ServiceError

cloudtrail = Service.named("cloudtrail")
MOST = 50
HISTORY = timedelta(days=90)


@cloudtrail.operation("LookupEvents", locked=False)
def lookup_events(call: Call) -> dict[str, Any]:
    """Return a page of the account's management events, the newest first.

    At most one attribute can be given, as on AWS. A token is the id of the last event of a page, so
    new events do not shift the pages.
    """
    params = call.params
    attributes = params.get("LookupAttributes") or []
    if len(attributes) > 1:
        raise ServiceError(
            "InvalidLookupAttributesException", "Only one lookup attribute can be given."
        )
    start, end = params.get("StartTime"), params.get("EndTime")
    if start and end and start > end:
        raise ServiceError("InvalidTimeRangeException", "StartTime is after EndTime.")
    # AWS keeps 90 days (API reference). Not verified: whether it refuses a start before them, as
    # "the range of possible values" in the description of InvalidTimeRangeException may mean.
    oldest = call.now() - HISTORY
    events = [
        event
        for event in History.of(call).of_account(call.account)
        if all(
            _has(event, attribute["AttributeKey"], attribute["AttributeValue"])
            for attribute in attributes
        )
        and event.time.timestamp() >= oldest.timestamp()
        and (start is None or event.time.timestamp() >= start.timestamp())
        and (end is None or event.time.timestamp() <= end.timestamp())
    ]
    if token := params.get("NextToken"):
        ids = [event.id for event in events]
        if token not in ids:
            raise ServiceError("InvalidNextTokenException", "The token is not valid.")
        events = events[ids.index(token) + 1 :]
    size = int(params.get("MaxResults") or MOST)
    page = events[:size]
    reply: dict[str, Any] = {"Events": [_described(event, call.account) for event in page]}
    if len(events) > size:
        reply["NextToken"] = page[-1].id
    return reply


def _has(event: Event, key: str, value: str) -> bool:
    attributes = {
        "EventId": event.id,
        "EventName": event.name,
        "EventSource": event.source,
        "Username": event.username,
        "AccessKeyId": event.caller.access_key_id,
        "ReadOnly": "true" if event.read_only else "false",
    }
    if key in attributes:
        return attributes[key] == value
    return key == "ResourceName" and value in event.resources


def _described(event: Event, account: str) -> dict[str, Any]:
    return {
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": "true" if event.read_only else "false",
        "AccessKeyId": event.caller.access_key_id,
        "EventTime": event.time,
        "EventSource": event.source,
        "Username": event.username,
        "Resources": [{"ResourceName": name} for name in event.resources],
        "CloudTrailEvent": json.dumps(event.document(account)),
    }
