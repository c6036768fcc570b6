"""What SQS, SNS and EventBridge calls need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localaws.identity.authorisation.needs.derived import tags_of
from localaws.identity.authorisation.needs.passing import passed
from localaws.identity.authorisation.request import (
    AuthorisationRequest,
    Need,
    needs_of_service,
    present,
    tag_keys,
)
from localaws.kit.arns import is_arn, parse_arn

# A batch needs the permission of the single call (SQS Developer Guide, "API permissions").
BATCHES = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
EVENTS = "events.amazonaws.com"


@needs_of_service("sqs")
def sqs_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its queue."""
    params = request.params
    action = f"sqs:{BATCHES.get(request.operation, request.operation)}"
    if request.operation == "ListQueues":
        yield Need(action)
        return
    if request.operation.endswith("MessageMoveTask") or request.operation == "ListMessageMoveTasks":
        yield Need(action, str(params.get("SourceArn") or "*"))
        return
    name = str(params.get("QueueUrl") or params.get("QueueName") or "").rstrip("/").split("/")[-1]
    tags = params.get("tags") or params.get("Tags")
    yield Need(action, request.arn(name), tag_keys(tags) if tags else {})


@needs_of_service("sns")
def sns_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its topic; the default policy of a topic tests `aws:SourceOwner`."""
    params = request.params
    arn = next((params[n] for n in ("TopicArn", "TargetArn", "ResourceArn") if params.get(n)), None)
    if arn is None and params.get("SubscriptionArn"):
        arn = str(params["SubscriptionArn"]).rsplit(":", 1)[0]
    if arn is None and params.get("Name"):
        arn = request.arn(str(params["Name"]))
    context = present(sns__Endpoint=params.get("Endpoint"), sns__Protocol=params.get("Protocol"))
    action = "Publish" if request.operation == "PublishBatch" else request.operation
    context |= {"aws:SourceOwner": request.caller.account}
    yield Need(f"sns:{action}", str(arn or "*"), context)


@needs_of_service("events")
def events_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on the buses of its entries, or on its bus or rule."""
    params, action = request.params, f"events:{request.operation}"
    if request.operation == "PutEvents":
        yield from _entries(request)
        return
    bus = _bus(params.get("EventBusName"))
    if request.operation in ("PutPermission", "RemovePermission"):
        yield Need(action, request.arn(f"event-bus/{bus}"))
        return
    if arn := params.get("ResourceARN"):
        yield Need(action, str(arn), tags_of(params))
        return
    if request.operation in ("CreateEventBus", "DeleteEventBus", "UpdateEventBus"):
        yield Need(action, request.arn(f"event-bus/{params.get('Name')}"), tags_of(params))
        return
    if request.operation == "DescribeEventBus":
        yield Need(action, request.arn(f"event-bus/{_bus(params.get('Name'))}"))
        return
    rule = params.get("Rule") or (params.get("Name") if "Rule" in request.operation else None)
    if rule is None:
        yield Need(action)
        return
    resource = request.arn(f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}")
    targets = params.get("Targets") or []
    context = present(events__TargetArn=[str(t["Arn"]) for t in targets if t.get("Arn")])
    yield Need(action, resource, context | tags_of(params))
    for role in [params.get("RoleArn"), *(t.get("RoleArn") for t in targets)]:
        yield from passed(role, EVENTS, resource)


def _bus(name_or_arn: Any) -> str:
    text = str(name_or_arn or "default")
    return parse_arn(text).resource_id if is_arn(text) else text


def _entries(request: AuthorisationRequest) -> Iterator[Need]:
    buses: dict[str, list[dict[str, Any]]] = {}
    for entry in request.params.get("Entries") or []:
        named = entry.get("EventBusName")
        arn = str(named) if is_arn(named) else request.arn(f"event-bus/{_bus(named)}")
        buses.setdefault(arn, []).append(entry)
    for arn, entries in buses.items():
        context = present(
            events__source=sorted({str(e["Source"]) for e in entries if e.get("Source")}),
            **{
                "events__detail-type": sorted(
                    {str(e["DetailType"]) for e in entries if e.get("DetailType")}
                )
            },
        )
        yield Need("events:PutEvents", arn, context | {"events:eventBusInvocation": "false"})
