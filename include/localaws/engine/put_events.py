"""EventBridge's `PutEvents` for clients, with the same delivery as for events of AWS services.

moto would deliver without checking the policies of buses and queues. The gateway has already
authorised every entry for its bus.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC
from typing import Any

from localaws.engine.events import deliver
from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.service import Call, Service

events = Service.named("events")
REQUIRED = ("Source", "DetailType", "Detail")


@events.operation("PutEvents", locked=False)
def put_events(call: Call) -> dict[str, Any]:
    """Deliver each valid entry; a malformed one gets its own error, as on AWS."""
    entries = [_put(call, entry) for entry in call.params["Entries"]]
    failed = sum("ErrorCode" in entry for entry in entries)
    return {"FailedEntryCount": failed, "Entries": entries}


def _put(call: Call, entry: dict[str, Any]) -> dict[str, str]:
    missing = next((name for name in REQUIRED if not entry.get(name)), None)
    if missing:
        return _refused("InvalidArgument", f"Parameter {missing} is not valid.")
    if str(entry["Source"]).startswith("aws."):
        return _refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        return _refused("MalformedDetail", "Detail is malformed.")
    bus = str(entry.get("EventBusName") or "default")
    account = parse_arn(bus).account if is_arn(bus) else call.account
    name = parse_arn(bus).resource_id if is_arn(bus) else bus
    time = entry.get("Time")
    moment = time.replace(tzinfo=UTC) if time else call.now()
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": call.caller.account,
        "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": call.region,
        "resources": list(entry.get("Resources") or []),
        "detail": detail,
    }
    deliver(call.host, account, call.region, name, event, hops=0)
    return {"EventId": str(event["id"])}


def _refused(code: str, message: str) -> dict[str, str]:
    return {"ErrorCode": code, "ErrorMessage": message}
