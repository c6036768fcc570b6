"""EventBridge: events of AWS services are matched with moto's rules and delivered here.

moto's own delivery changes account, time and id of an event that crosses accounts. Here an event
is delivered unchanged, as on AWS.
"""

from __future__ import annotations

import json
import logging
import uuid
from typing import Any, Protocol, cast

from localaws.door.faults import Faults
from localaws.engine import event_inputs
from localaws.kit.arns import parse_arn
from localaws.kit.capabilities import Authorisation, Identities, Resources, Timed
from localaws.kit.service import ServiceError

log = logging.getLogger(__name__)
Event = dict[str, Any]
PRINCIPAL = "events.amazonaws.com"


class Deliverer(Resources, Identities, Authorisation, Protocol):
    """What delivery needs: the policies of the targets, and authorisation."""


class Emitter(Deliverer, Timed, Protocol):
    """What emitting an event needs: delivery, and the time."""


def emit(
    aws: Emitter,
    account: str,
    region: str,
    source: str,
    detail_type: str,
    detail: dict[str, Any],
    resources: list[str],
) -> None:
    """Put an event on an account's default bus and deliver it to the matching rules' targets."""
    event: Event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": aws.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": resources,
        "detail": json.loads(json.dumps(detail, default=str)),
    }
    # AWS may send several events for one change (EventBridge guide for SageMaker).
    for _ in range(Faults.of(aws).deliveries(detail_type)):
        deliver(aws, account, region, "default", event, hops=0)


def deliver(
    aws: Deliverer, account: str, region: str, bus_name: str, event: Event, hops: int
) -> None:
    """Send an event to every target of the enabled rules of a bus that match it.

    An event is passed on to another account's bus only once (EventBridge does not chain further).
    """
    from moto.events.models import events_backends

    backend = events_backends[account][region]
    bus = backend.event_buses.get(bus_name)
    if bus is None:
        log.warning("event %s: no bus %s in account %s", event["id"], bus_name, account)
        return
    for rule in list(bus.rules.values()):
        if rule.state == "ENABLED" and rule.event_pattern.matches_event(cast(Any, event)):
            send(aws, rule, event, hops)


def send(aws: Deliverer, rule: Any, event: Event, hops: int = 0) -> None:
    """Send an event to every target of a rule (moto's).

    A target that fails, or whose policy refuses the event, does not affect the others. The event
    goes to the target's dead-letter queue, if it has one.
    """
    for target in list(rule.targets):
        try:
            _send(aws, str(rule.arn), target, event, hops)
        except ServiceError as error:
            log.warning("event %s: %s: %s", event["id"], target["Arn"], error.message)
            _send_dead_letter(aws, str(rule.arn), target, event, "NO_PERMISSIONS", error.message)
        except Exception as error:
            log.exception("event %s: target %s failed", event["id"], target["Arn"])
            _send_dead_letter(aws, str(rule.arn), target, event, "ERROR_FROM_TARGET", str(error))


def _send(aws: Deliverer, rule_arn: str, target: dict[str, Any], event: Event, hops: int) -> None:
    arn = parse_arn(target["Arn"])
    if arn.service == "sqs":
        from moto.sqs.models import sqs_backends

        _allowed(aws, rule_arn, target, "sqs:SendMessage")
        queue = sqs_backends[arn.account][arn.region]
        body = event_inputs.body_for(target, event, rule_arn)
        queue.send_message(queue_name=arn.resource, message_body=body)
    elif arn.service == "events" and arn.resource_type == "event-bus":
        if hops == 0:
            _allowed(aws, rule_arn, target, "events:PutEvents")
            deliver(aws, arn.account, arn.region, arn.resource_id, event, hops + 1)
    else:
        log.warning("event %s: the local AWS has no delivery to %s", event["id"], target["Arn"])


def _send_dead_letter(
    aws: Deliverer, rule_arn: str, target: dict[str, Any], event: Event, code: str, message: str
) -> None:
    """Put an undelivered event into the dead-letter queue, if its policy allows EventBridge.

    Source: EventBridge User Guide, "Using dead-letter queues to process undelivered events".
    """
    from moto.sqs.models import sqs_backends

    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        return
    attributes = {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": str(target["Arn"]),
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
    }
    try:
        _allowed(aws, rule_arn, {"Arn": queue}, "sqs:SendMessage")
        arn = parse_arn(queue)
        sqs_backends[arn.account][arn.region].send_message(
            arn.resource,
            json.dumps(event),
            message_attributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )
    except ServiceError as error:
        log.warning("event %s: lost; %s: %s", event["id"], queue, error.message)
    except Exception:
        log.exception("event %s: lost; dead-letter queue %s failed", event["id"], queue)


def _allowed(aws: Deliverer, rule_arn: str, target: dict[str, Any], action: str) -> None:
    """Raise AccessDenied unless the rule may send to its target.

    With a role on the target, the event is sent as that role. Without one, the policy of a queue
    must allow EventBridge, and the policy of a bus the account of the rule (EventBridge User Guide,
    "Using resource-based policies" and "Sending and receiving events between AWS accounts").
    """
    from localaws.identity.authorisation.resource_policies import of_resource

    account = parse_arn(rule_arn).account
    resource = str(target["Arn"])
    if role := target.get("RoleArn"):
        session = aws.assume(role, "events", PRINCIPAL, rule_arn)
        aws.authoriser.check(session.principal, action, resource, service="events")
    elif action == "events:PutEvents":
        owner = aws.credentials.administrator(account).principal
        aws.authoriser.check(owner, action, resource, service="events")
    else:
        aws.authoriser.let_service(
            PRINCIPAL,
            action,
            resource,
            {"aws:SourceArn": rule_arn, "aws:SourceAccount": account},
            of_resource(aws, resource),
            parse_arn(resource).account,
        )
