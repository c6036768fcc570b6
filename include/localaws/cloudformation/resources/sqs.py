"""SQS queues and their policies."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from localaws.cloudformation.errors import DeployError
from localaws.cloudformation.properties import (
    ANYTHING,
    Property,
    boolean,
    document,
    integer,
    structure,
    tags,
    text,
    unordered,
)
from localaws.cloudformation.resource import (
    REGISTER,
    Context,
    Instance,
    ResourceType,
    exists,
    unless,
)

ABSENT = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


@REGISTER.add
class Queue(ResourceType):
    """AWS::SQS::Queue, standard."""

    name = "AWS::SQS::Queue"
    attributes = ("Arn", "QueueName", "QueueUrl")
    made_with = ("QueueName",)
    properties = {
        "DelaySeconds": Property(integer, default=0),
        "MessageRetentionPeriod": Property(integer, default=345_600),
        "QueueName": Property(text, default=ANYTHING, replaces=True),
        "ReceiveMessageWaitTimeSeconds": Property(integer, default=0),
        "RedrivePolicy": Property(structure(deadLetterTargetArn=text, maxReceiveCount=integer)),
        "SqsManagedSseEnabled": Property(boolean, default=ANYTHING),
        "Tags": Property(tags, default={}),
        "VisibilityTimeout": Property(integer, default=30),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the queue and return its URL."""
        sqs, name = context.client("sqs"), instance["QueueName"]
        if name is ANYTHING:
            name = context.generated_name(instance.logical_id)[:80]
        # CreateQueue would return an existing queue with the same attributes.
        if exists(lambda: sqs.get_queue_url(QueueName=name), *ABSENT):
            raise DeployError(f"{name} already exists")
        return str(sqs.create_queue(QueueName=name)["QueueUrl"])

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write attributes and tags."""
        sqs, url = context.client("sqs"), instance.physical_id
        written = [n for n in changed if n != "Tags" and instance[n] is not ANYTHING]
        if written:
            sqs.set_queue_attributes(
                QueueUrl=url, Attributes={name: _attribute(instance[name]) for name in written}
            )
        if "Tags" in changed:
            gone = set(sqs.list_queue_tags(QueueUrl=url).get("Tags", {})) - set(instance["Tags"])
            if gone:
                sqs.untag_queue(QueueUrl=url, TagKeys=sorted(gone))
            if instance["Tags"]:
                sqs.tag_queue(QueueUrl=url, Tags=instance["Tags"])

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read attributes and tags."""
        sqs, url = context.client("sqs"), instance.physical_id
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        labels = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
        redrive = attributes.get("RedrivePolicy")
        return {
            **{name: attributes.get(name) for name in self.properties},
            "QueueName": attributes["QueueArn"].rsplit(":", 1)[1],
            "RedrivePolicy": json.loads(redrive) if redrive else None,
            "Tags": [{"Key": key, "Value": value} for key, value in labels.items()],
        }

    def delete(self, context: Context, instance: Instance) -> None:
        """Delete the queue."""
        sqs = context.client("sqs")
        unless(lambda: sqs.delete_queue(QueueUrl=instance.physical_id), *ABSENT)

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return the queue's ARN, name or URL."""
        queue = instance.physical_id.rsplit("/", 1)[1]
        attributes = {
            "Arn": context.arn("sqs", queue),
            "QueueName": queue,
            "QueueUrl": instance.physical_id,
        }
        return attributes[name]


def _attribute(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)


@REGISTER.add
class QueuePolicy(ResourceType):
    """AWS::SQS::QueuePolicy."""

    name = "AWS::SQS::QueuePolicy"
    properties = {
        "PolicyDocument": Property(document, required=True),
        "Queues": Property(unordered, required=True, replaces=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Return a name for the policy; `apply` puts it on the queues."""
        return context.generated_name(instance.logical_id)

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Replace the policy of every queue."""
        policy = json.dumps(instance["PolicyDocument"])
        for url in instance["Queues"] if changed else ():
            context.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the policy of every queue and return the first that differs."""
        policies = [self._policy(context, url) for url in instance["Queues"]]
        other = [policy for policy in policies if policy != instance["PolicyDocument"]]
        return {"Queues": instance["Queues"], "PolicyDocument": (other or policies)[0]}

    @staticmethod
    def _policy(context: Context, url: str) -> Any:
        reply = context.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
        return json.loads(reply.get("Attributes", {}).get("Policy") or "{}")

    def delete(self, context: Context, instance: Instance) -> None:
        """Remove the policy from the queues that exist."""
        sqs = context.client("sqs")
        for url in instance["Queues"]:
            unless(_clear(sqs, url), *ABSENT)


def _clear(sqs: Any, url: str) -> Any:
    return lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
