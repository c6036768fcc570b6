"""Messages that AWS services send: SNS to subscribed queues, and S3's notifications.

moto writes directly into the state of queues, topics and rules. Here the policy of the target must
allow each message: it must allow the sending service for this source (`aws:SourceArn`,
`aws:SourceAccount`), otherwise any topic or bucket could write there (the confused deputy). A
message that is refused is logged and lost; the publisher gets no error.

Sources: SNS Developer Guide, "Subscribing an Amazon SQS queue to an Amazon SNS topic"; S3 User
Guide, "Granting permissions to publish event notification messages to a destination".
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

from localaws.engine import events
from localaws.identity.authorisation.resource_policies import of_resource
from localaws.kit.arns import parse_arn
from localaws.kit.capabilities import Events
from localaws.kit.service import ServiceError

log = logging.getLogger(__name__)
SNS, S3 = "sns.amazonaws.com", "s3.amazonaws.com"


class Sender(events.Deliverer, Events, Protocol):
    """What a service needs to send messages."""


def install(aws: Sender) -> None:
    """Make moto's deliveries subject to the policies of their targets.

    moto's state is global to the process, and so is this: the latest local AWS is used.
    """
    from moto.events.models import Rule
    from moto.s3 import notifications
    from moto.s3.models import FakeBucket
    from moto.sns.models import Subscription

    moto_publishes, moto_configures = _originals()

    def publish(subscription: Any, *message: Any, **more: Any) -> None:
        _to_subscriber(aws, moto_publishes, subscription, *message, **more)

    def configure(bucket: Any, configuration: dict[str, Any] | None) -> None:
        before = bucket.notification_configuration
        try:
            moto_configures(bucket, configuration)
        except Exception:
            bucket.notification_configuration = before
            raise

    def send_to_targets(rule: Any, event: dict[str, Any], transform_input: bool = True) -> None:
        if rule.state == "ENABLED" and rule.event_pattern.matches_event(event):
            time = event.get("time")
            if isinstance(time, int | float):
                event = event | {"time": f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}"}
            events.send(aws, rule, event)

    def send_event(account: str, name: str, bucket: Any, key: Any) -> None:
        _notify(aws, account, name, bucket, key)

    def send_test_event(account_id: str, bucket: Any) -> None:
        _try(aws, account_id, bucket)

    # The signatures are those that moto calls; its declared types are not followed.
    Subscription.publish = publish  # type: ignore[assignment, method-assign]
    FakeBucket.set_notification_configuration = configure  # type: ignore[assignment, method-assign]
    notifications.send_event = send_event  # type: ignore[assignment]
    notifications.send_test_event = send_test_event
    Rule.send_to_targets = send_to_targets  # type: ignore[assignment, method-assign]


@cache
def _originals() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return moto's own functions, read before they are replaced for the first time."""
    from moto.s3.models import FakeBucket
    from moto.sns.models import Subscription

    return Subscription.publish, FakeBucket.set_notification_configuration


# --------------------------------------------------------------------------------- SNS
def _to_subscriber(
    aws: Sender, publish: Callable[..., Any], subscription: Any, *message: Any, **more: Any
) -> None:
    """Send one message to one subscriber, which may be a queue of another account."""
    topic = parse_arn(subscription.topic.arn)
    if subscription.protocol in ("lambda", "firehose"):
        log.warning("%s: no delivery to %s", topic, subscription.endpoint)
        return
    if subscription.protocol == "sqs":
        queue = str(subscription.endpoint)
        if not _allows(aws, SNS, "sqs:SendMessage", queue, str(topic), topic.account):
            return
        subscription = copy.copy(subscription)
        subscription.account_id = parse_arn(
            queue
        ).account  # moto looks for the queue in this account
    try:
        publish(subscription, *message, **more)
    except Exception:
        log.exception("%s: delivery to %s failed", topic, subscription.endpoint)


# --------------------------------------------------------------------------------- S3
def _notify(aws: Sender, account: str, event_name: str, bucket: Any, key: Any) -> None:
    """Send a bucket's notifications about an object to its queues, topics and event bus."""
    from moto.s3.notifications import _detail_type, _get_s3_event

    configuration = bucket.notification_configuration
    if configuration is None:
        return
    for target in (*configuration.queue, *configuration.topic):
        if target.matches(event_name, key.name):
            document = _get_s3_event(event_name, bucket, key, target.id)
            _from_bucket(aws, account, bucket, target.arn, document)
    if configuration.event_bridge is not None:
        detail = {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": {
                "key": key.name,
                "size": key.size,
                "etag": key.etag.strip('"'),
                "version-id": key.version_id,
            },
            "reason": event_name.split(":")[1],
        }
        kind = _detail_type(event_name)
        aws.emit(account, bucket.region_name, "aws.s3", kind, detail, [bucket.arn])


def _try(aws: Sender, account: str, bucket: Any) -> None:
    """Send S3's test event; a destination that refuses it makes the call fail."""
    from moto.s3.exceptions import S3ClientError
    from moto.s3.notifications import _get_test_event

    configuration = bucket.notification_configuration
    for arn in {target.arn for target in (*configuration.queue, *configuration.topic)}:
        if not _from_bucket(aws, account, bucket, arn, _get_test_event(bucket.name)):
            raise S3ClientError(
                "InvalidArgument", "Unable to validate the following destination configurations"
            )


def _from_bucket(
    aws: Sender, account: str, bucket: Any, target: str, document: dict[str, Any]
) -> bool:
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    arn = parse_arn(target)
    action = "sqs:SendMessage" if arn.service == "sqs" else "sns:Publish"
    if not _allows(aws, S3, action, target, str(bucket.arn), account):
        return False
    text = json.dumps(document)
    try:
        if arn.service == "sqs":
            sqs_backends[arn.account][arn.region].send_message(arn.resource, text)
        else:
            sns_backends[arn.account][arn.region].publish(text, target)
    except Exception:
        log.exception("%s: notification of %s failed", bucket.arn, target)
        return False
    return True


def _allows(aws: Sender, service: str, action: str, target: str, source: str, account: str) -> bool:
    """Tell whether the target's policy allows a service to act on it for a source."""
    try:
        aws.authoriser.let_service(
            service,
            action,
            target,
            {"aws:SourceArn": source, "aws:SourceAccount": account},
            of_resource(aws, target),
            parse_arn(target).account,
        )
    except ServiceError as error:
        log.warning("%s: nothing is sent to %s: %s", source, target, error.message)
        return False
    return True
