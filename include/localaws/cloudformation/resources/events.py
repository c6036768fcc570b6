"""EventBridge buses, their policies, and rules with targets."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from localaws.cloudformation.errors import DeployError
from localaws.cloudformation.properties import (
    ANYTHING,
    Property,
    document,
    keyed,
    one_of,
    structure,
    tags,
    text,
    texts,
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

ABSENT = "ResourceNotFoundException"


@REGISTER.add
class EventBus(ResourceType):
    """AWS::Events::EventBus."""

    name = "AWS::Events::EventBus"
    attributes = ("Arn", "Name")
    made_with = ("Name",)
    properties = {
        "Name": Property(text, required=True, replaces=True),
        "Tags": Property(tags, default={}),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the bus; EventBridge refuses one that exists."""
        context.client("events").create_event_bus(Name=instance["Name"])
        return str(instance["Name"])

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write the tags."""
        if "Tags" not in changed:
            return
        events, arn = context.client("events"), self.read_attribute(context, instance, "Arn")
        gone = {tag["Key"] for tag in _tags(events, arn)} - set(instance["Tags"])
        if gone:
            events.untag_resource(ResourceARN=arn, TagKeys=sorted(gone))
        if instance["Tags"]:
            events.tag_resource(ResourceARN=arn, Tags=tag_list(instance["Tags"]))

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the bus and its tags."""
        events = context.client("events")
        bus = events.describe_event_bus(Name=instance.physical_id)
        return {"Name": bus["Name"], "Tags": _tags(events, bus["Arn"])}

    def delete(self, context: Context, instance: Instance) -> None:
        """Delete the bus."""
        events = context.client("events")
        unless(lambda: events.delete_event_bus(Name=instance.physical_id), ABSENT)

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return the bus's ARN or name."""
        bus = instance.physical_id
        return context.arn("events", f"event-bus/{bus}") if name == "Arn" else bus


def _tags(events: Any, arn: str) -> list[dict[str, str]]:
    tags_read: list[dict[str, str]] = events.list_tags_for_resource(ResourceARN=arn)["Tags"]
    return tags_read


def _statement(value: Any, path: str) -> Any:
    """Read a policy statement; its Sid is the resource's StatementId."""
    return {key: item for key, item in document(value, path).items() if key != "Sid"}


@REGISTER.add
class EventBusPolicy(ResourceType):
    """AWS::Events::EventBusPolicy: one statement of a bus's policy; others are not changed."""

    name = "AWS::Events::EventBusPolicy"
    properties = {
        "EventBusName": Property(text, default="default", replaces=True),
        "Statement": Property(_statement, required=True),
        "StatementId": Property(text, required=True, replaces=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Check that the statement id is free; `apply` writes the statement."""
        if instance["StatementId"] in _statements(context, instance["EventBusName"]):
            raise DeployError(f"{instance['StatementId']} already exists")
        return f"{instance['EventBusName']}|{instance['StatementId']}"

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Put the statement into the bus's policy."""
        if not changed:
            return
        statements = _statements(context, instance["EventBusName"])
        sid = instance["StatementId"]
        statements[sid] = {"Sid": sid, **instance["Statement"]}
        policy = {"Version": "2012-10-17", "Statement": list(statements.values())}
        context.client("events").put_permission(
            EventBusName=instance["EventBusName"], Policy=json.dumps(policy)
        )

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the statement."""
        statement = _statements(context, instance["EventBusName"]).get(instance["StatementId"], {})
        return {**instance.properties, "Statement": statement}

    def delete(self, context: Context, instance: Instance) -> None:
        """Remove the statement from the bus's policy."""
        events = context.client("events")
        unless(
            lambda: events.remove_permission(
                EventBusName=instance["EventBusName"], StatementId=instance["StatementId"]
            ),
            ABSENT,
        )


def _statements(context: Context, bus: str) -> dict[str, Any]:
    policy = context.client("events").describe_event_bus(Name=bus).get("Policy") or "{}"
    return {item.get("Sid", ""): item for item in json.loads(policy).get("Statement", [])}


@REGISTER.add
class Rule(ResourceType):
    """AWS::Events::Rule with an event pattern; schedules are not supported."""

    name = "AWS::Events::Rule"
    attributes = ("Arn",)
    properties = {
        "Description": Property(text, default=""),
        "EventBusName": Property(text, default="default", replaces=True),
        "EventPattern": Property(document, required=True),
        "Name": Property(text, default=ANYTHING, replaces=True),
        "State": Property(one_of("ENABLED", "DISABLED"), default="ENABLED"),
        "Targets": Property(
            keyed(
                "Id",
                structure(
                    Arn=text,
                    DeadLetterConfig=structure(Arn=text),
                    Id=text,
                    Input=text,
                    InputPath=text,
                    InputTransformer=structure(InputPathsMap=texts, InputTemplate=text),
                    RoleArn=text,
                ),
            ),
            default={},
        ),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Check that the name is free; `apply` calls PutRule, which would overwrite a rule.

        The physical id of a rule on a custom bus is `bus|rule`, as in CloudFormation.
        """
        name, bus = instance["Name"], instance["EventBusName"]
        if name is ANYTHING:
            name = context.generated_name(instance.logical_id)[:64]
        events = context.client("events")
        if exists(lambda: events.describe_rule(Name=name, EventBusName=bus), ABSENT):
            raise DeployError(f"{name} already exists")
        return str(name) if bus == "default" else f"{bus}|{name}"

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write the rule and set its targets."""
        events, where = context.client("events"), _names(instance)
        if {"Description", "EventPattern", "State"} & set(changed):
            events.put_rule(
                Name=where["Rule"],
                EventBusName=where["EventBusName"],
                EventPattern=json.dumps(instance["EventPattern"]),
                State=instance["State"],
                Description=instance["Description"],
            )
        if "Targets" in changed:
            self._set_targets(events, where, instance["Targets"])

    @staticmethod
    def _set_targets(events: Any, where: dict[str, str], targets: Mapping[str, Any]) -> None:
        gone = sorted({target["Id"] for target in _targets(events, where)} - set(targets))
        if gone:
            events.remove_targets(**where, Ids=gone)
        if targets:
            reply = events.put_targets(**where, Targets=list(targets.values()))
            if reply["FailedEntryCount"]:
                failed = reply["FailedEntries"][0]
                raise DeployError(f"target {failed['TargetId']}: {failed['ErrorMessage']}")

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the rule and its targets."""
        events, where = context.client("events"), _names(instance)
        rule = events.describe_rule(Name=where["Rule"], EventBusName=where["EventBusName"])
        return {
            "Description": rule.get("Description", ""),
            "EventBusName": rule["EventBusName"],
            "EventPattern": rule["EventPattern"],
            "Name": rule["Name"],
            "State": rule["State"],
            "Targets": _targets(events, where),
        }

    def delete(self, context: Context, instance: Instance) -> None:
        """Remove the targets, then the rule."""
        events, where = context.client("events"), _names(instance)
        if unless(lambda: _targets(events, where), ABSENT) is None:
            return
        self._set_targets(events, where, {})
        events.delete_rule(Name=where["Rule"], EventBusName=where["EventBusName"])

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return the rule's ARN, which contains the name of a custom bus."""
        where = _names(instance)
        bus = "" if where["EventBusName"] == "default" else f"{where['EventBusName']}/"
        return context.arn("events", f"rule/{bus}{where['Rule']}")


def _names(rule: Instance) -> dict[str, str]:
    return {"Rule": rule.physical_id.rsplit("|", 1)[-1], "EventBusName": rule["EventBusName"]}


def _targets(events: Any, where: dict[str, str]) -> list[dict[str, Any]]:
    targets: list[dict[str, Any]] = events.list_targets_by_rule(**where)["Targets"]
    return targets
