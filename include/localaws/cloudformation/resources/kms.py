"""KMS keys and aliases."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from localaws.cloudformation.properties import (
    ANYTHING,
    Property,
    boolean,
    document,
    integer,
    key_id,
    tags,
    text,
)
from localaws.cloudformation.resource import (
    REGISTER,
    Context,
    Instance,
    ResourceType,
    tag_list,
    unless,
)

WAITING_DAYS = 30  # before a deleted key is gone; CloudFormation's default


@REGISTER.add
class Key(ResourceType):
    """AWS::KMS::Key."""

    name = "AWS::KMS::Key"
    attributes = ("Arn", "KeyId")
    made_with = ("KeyPolicy", "KeySpec", "KeyUsage")
    properties = {
        "Description": Property(text, default=""),
        "EnableKeyRotation": Property(boolean, default=False),
        "KeyPolicy": Property(document, default=ANYTHING),
        "KeySpec": Property(text, default="SYMMETRIC_DEFAULT", replaces=True),
        "KeyUsage": Property(text, default="ENCRYPT_DECRYPT", replaces=True),
        "Enabled": Property(boolean, default=True),
        "PendingWindowInDays": Property(integer, default=WAITING_DAYS),
        "Tags": Property(tags, default={}),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the key with its policy."""
        policy = instance["KeyPolicy"]
        optional = {} if policy is ANYTHING else {"Policy": json.dumps(policy)}
        key = context.client("kms").create_key(
            KeySpec=instance["KeySpec"], KeyUsage=instance["KeyUsage"], **optional
        )
        return str(key["KeyMetadata"]["KeyId"])

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write policy, description, rotation, tags and whether the key is enabled."""
        kms, key = context.client("kms"), instance.physical_id
        if "Enabled" in changed and instance["Enabled"]:
            kms.enable_key(KeyId=key)
        if "KeyPolicy" in changed and instance["KeyPolicy"] is not ANYTHING:
            policy = json.dumps(instance["KeyPolicy"])
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
        if "Description" in changed:
            kms.update_key_description(KeyId=key, Description=instance["Description"])
        if "EnableKeyRotation" in changed:
            on = instance["EnableKeyRotation"]
            (kms.enable_key_rotation if on else kms.disable_key_rotation)(KeyId=key)
        if "Tags" in changed:
            gone = {tag["TagKey"] for tag in _tags(kms, key)} - set(instance["Tags"])
            if gone:
                kms.untag_resource(KeyId=key, TagKeys=sorted(gone))
            if instance["Tags"]:
                key_tags = tag_list(instance["Tags"], "TagKey", "TagValue")
                kms.tag_resource(KeyId=key, Tags=key_tags)
        if "Enabled" in changed and not instance["Enabled"]:
            kms.disable_key(KeyId=key)

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the key, its policy, rotation and tags."""
        kms, key = context.client("kms"), instance.physical_id
        metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
        return {
            "Description": metadata.get("Description", ""),
            "Enabled": metadata["Enabled"],
            # The service does not keep it: it counts when the key is deleted.
            "PendingWindowInDays": instance["PendingWindowInDays"],
            "EnableKeyRotation": kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"],
            "KeyPolicy": kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
            "KeySpec": metadata["KeySpec"],
            # moto leaves the usage out of the reply if it was not set.
            "KeyUsage": metadata.get("KeyUsage", "ENCRYPT_DECRYPT"),
            "Tags": [{"Key": t["TagKey"], "Value": t["TagValue"]} for t in _tags(kms, key)],
        }

    def delete(self, context: Context, instance: Instance) -> None:
        """Schedule the key's deletion, unless it is already scheduled."""
        kms, key = context.client("kms"), instance.physical_id
        description = unless(lambda: kms.describe_key(KeyId=key), "NotFoundException")
        if description and description["KeyMetadata"]["KeyState"] != "PendingDeletion":
            days = instance["PendingWindowInDays"]
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=days)

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return the key's ARN or id."""
        key = instance.physical_id
        return context.arn("kms", f"key/{key}") if name == "Arn" else key


def _tags(kms: Any, key: str) -> list[dict[str, str]]:
    tags_read: list[dict[str, str]] = kms.list_resource_tags(KeyId=key)["Tags"]
    return tags_read


@REGISTER.add
class Alias(ResourceType):
    """AWS::KMS::Alias."""

    name = "AWS::KMS::Alias"
    made_with = ("AliasName", "TargetKeyId")
    properties = {
        "AliasName": Property(text, required=True, replaces=True),
        "TargetKeyId": Property(key_id, required=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the alias; KMS refuses one that exists."""
        name = str(instance["AliasName"])
        context.client("kms").create_alias(AliasName=name, TargetKeyId=instance["TargetKeyId"])
        return name

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Point the alias at another key."""
        if "TargetKeyId" in changed:
            context.client("kms").update_alias(
                AliasName=instance.physical_id, TargetKeyId=instance["TargetKeyId"]
            )

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Find the alias among the account's."""
        pages = context.client("kms").get_paginator("list_aliases").paginate()
        for page in pages:
            for alias in page["Aliases"]:
                if alias["AliasName"] == instance.physical_id:
                    return {
                        "AliasName": alias["AliasName"],
                        "TargetKeyId": alias.get("TargetKeyId", ""),
                    }
        return {"AliasName": "", "TargetKeyId": ""}

    def delete(self, context: Context, instance: Instance) -> None:
        """Delete the alias."""
        kms = context.client("kms")
        unless(lambda: kms.delete_alias(AliasName=instance.physical_id), "NotFoundException")
