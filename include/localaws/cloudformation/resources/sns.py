"""SNS topics and their policies."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from localaws.cloudformation.errors import DeployError
from localaws.cloudformation.properties import (
    ANYTHING,
    Property,
    document,
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
    tag_list,
    unless,
)

ABSENT = ("NotFound", "NotFoundException")


@REGISTER.add
class Topic(ResourceType):
    """AWS::SNS::Topic, standard, without subscriptions."""

    name = "AWS::SNS::Topic"
    attributes = ("TopicArn", "TopicName")
    properties = {
        "DisplayName": Property(text, default=""),
        "KmsMasterKeyId": Property(text, default=""),
        "Tags": Property(tags, default={}),
        "TopicName": Property(text, default=ANYTHING, replaces=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the topic and return its ARN; CreateTopic would return an existing topic."""
        sns, name = context.client("sns"), instance["TopicName"]
        if name is ANYTHING:
            name = context.generated_name(instance.logical_id)
        arn = context.arn("sns", name)
        if exists(lambda: sns.get_topic_attributes(TopicArn=arn), *ABSENT):
            raise DeployError(f"{name} already exists")
        return str(sns.create_topic(Name=name)["TopicArn"])

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write attributes and tags."""
        sns, arn = context.client("sns"), instance.physical_id
        for name in sorted({"DisplayName", "KmsMasterKeyId"} & set(changed)):
            sns.set_topic_attributes(
                TopicArn=arn, AttributeName=name, AttributeValue=instance[name]
            )
        if "Tags" in changed:
            gone = {tag["Key"] for tag in _tags(sns, arn)} - set(instance["Tags"])
            if gone:
                sns.untag_resource(ResourceArn=arn, TagKeys=sorted(gone))
            if instance["Tags"]:
                sns.tag_resource(ResourceArn=arn, Tags=tag_list(instance["Tags"]))

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read attributes and tags."""
        sns, arn = context.client("sns"), instance.physical_id
        attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        return {
            "DisplayName": attributes.get("DisplayName", ""),
            "KmsMasterKeyId": attributes.get("KmsMasterKeyId", ""),
            "Tags": _tags(sns, arn),
            "TopicName": attributes["TopicArn"].rsplit(":", 1)[1],
        }

    def delete(self, context: Context, instance: Instance) -> None:
        """Delete the topic with its subscriptions."""
        sns = context.client("sns")
        unless(lambda: sns.delete_topic(TopicArn=instance.physical_id), *ABSENT)

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return the topic's ARN or name."""
        arn = instance.physical_id
        return arn if name == "TopicArn" else arn.rsplit(":", 1)[1]


def _tags(sns: Any, arn: str) -> list[dict[str, str]]:
    tags_read: list[dict[str, str]] = sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
    return tags_read


@REGISTER.add
class TopicPolicy(ResourceType):
    """AWS::SNS::TopicPolicy."""

    name = "AWS::SNS::TopicPolicy"
    properties = {
        "PolicyDocument": Property(document, required=True),
        "Topics": Property(unordered, required=True, replaces=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Return a name for the policy; `apply` puts it on the topics."""
        return context.generated_name(instance.logical_id)

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Replace the policy of every topic."""
        for arn in instance["Topics"] if changed else ():
            _put(context, arn, instance["PolicyDocument"])

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the policy of every topic and return the first that differs."""
        sns = context.client("sns")
        policies = [
            json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
            for arn in instance["Topics"]
        ]
        other = [policy for policy in policies if policy != instance["PolicyDocument"]]
        return {"Topics": instance["Topics"], "PolicyDocument": (other or policies)[0]}

    def delete(self, context: Context, instance: Instance) -> None:
        """Restore the default policy of the topics that exist: a topic always has a policy."""
        for arn in instance["Topics"]:
            unless(_restore(context, arn), *ABSENT)


def _put(context: Context, arn: str, policy: Mapping[str, Any]) -> None:
    context.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )


def _restore(context: Context, arn: str) -> Any:
    """Return a call that restores the default policy of a topic (SNS Developer Guide)."""
    actions = [
        *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission"),
        *("DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish"),
    ]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": context.account}},
    }
    policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    return lambda: _put(context, arn, policy)
