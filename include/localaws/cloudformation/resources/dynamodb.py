"""DynamoDB tables, on demand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from localaws.cloudformation.errors import DeployError
from localaws.cloudformation.properties import (
    ANYTHING,
    Property,
    boolean,
    keyed,
    listing,
    one_of,
    structure,
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

NO_TTL = {"Enabled": False}


@REGISTER.add
class Table(ResourceType):
    """AWS::DynamoDB::Table."""

    name = "AWS::DynamoDB::Table"
    attributes = ("Arn",)
    made_with = (
        "AttributeDefinitions",
        "BillingMode",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "SSESpecification",
        "TableName",
    )
    properties = {
        # Of a table that is there, only attributes of new indexes are added.
        "AttributeDefinitions": Property(
            keyed("AttributeName", structure(AttributeName=text, AttributeType=text)),
            required=True,
        ),
        "BillingMode": Property(one_of("PAY_PER_REQUEST"), required=True, replaces=True),
        "DeletionProtectionEnabled": Property(boolean, default=False),
        "GlobalSecondaryIndexes": Property(
            keyed(
                "IndexName",
                structure(
                    IndexName=text,
                    KeySchema=listing(structure(AttributeName=text, KeyType=text)),
                    Projection=structure(ProjectionType=one_of("ALL", "KEYS_ONLY")),
                ),
            ),
            default={},
        ),
        "KeySchema": Property(
            listing(structure(AttributeName=text, KeyType=text)), required=True, replaces=True
        ),
        "PointInTimeRecoverySpecification": Property(
            structure(PointInTimeRecoveryEnabled=boolean),
            default={"PointInTimeRecoveryEnabled": False},
        ),
        "SSESpecification": Property(
            structure({"SSEType": "KMS"}, SSEEnabled=boolean, SSEType=text), default=ANYTHING
        ),
        "TableName": Property(text, default=ANYTHING, replaces=True),
        "Tags": Property(tags, default={}),
        "TimeToLiveSpecification": Property(
            structure(AttributeName=text, Enabled=boolean), default=NO_TTL
        ),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the table and wait until it is active."""
        dynamodb, name = context.client("dynamodb"), instance["TableName"]
        if name is ANYTHING:
            name = context.generated_name(instance.logical_id)
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=list(instance["AttributeDefinitions"].values()),
            KeySchema=instance["KeySchema"],
            BillingMode=instance["BillingMode"],
            **_indexes(instance),
            **_encryption(instance),
        )
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        return str(name)

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write recovery, expiry, encryption, protection and tags."""
        dynamodb, table = context.client("dynamodb"), instance.physical_id
        if "GlobalSecondaryIndexes" in changed:
            self._change_indexes(dynamodb, table, instance)
        if "PointInTimeRecoverySpecification" in changed:
            dynamodb.update_continuous_backups(
                TableName=table,
                PointInTimeRecoverySpecification=instance["PointInTimeRecoverySpecification"],
            )
        if "TimeToLiveSpecification" in changed:
            self._set_expiry(dynamodb, table, instance["TimeToLiveSpecification"])
        if "SSESpecification" in changed and _encryption(instance):
            # moto does not change the encryption of a table; the verification then fails.
            dynamodb.update_table(TableName=table, **_encryption(instance))
        if "DeletionProtectionEnabled" in changed:
            protected = instance["DeletionProtectionEnabled"]
            dynamodb.update_table(TableName=table, DeletionProtectionEnabled=protected)
        if "Tags" in changed:
            arn = context.arn("dynamodb", f"table/{table}")
            gone = {tag["Key"] for tag in _tags(dynamodb, arn)} - set(instance["Tags"])
            if gone:
                dynamodb.untag_resource(ResourceArn=arn, TagKeys=sorted(gone))
            if instance["Tags"]:
                dynamodb.tag_resource(ResourceArn=arn, Tags=tag_list(instance["Tags"]))

    @staticmethod
    def _change_indexes(dynamodb: Any, table: str, instance: Instance) -> None:
        """Add or delete an index; DynamoDB takes one such change, and the stack fails with more."""
        present = _indexes_of(dynamodb.describe_table(TableName=table)["Table"])
        declared = instance["GlobalSecondaryIndexes"]
        changes = [
            *({"Delete": {"IndexName": name}} for name in present if name not in declared),
            *({"Create": index} for name, index in declared.items() if name not in present),
        ]
        if len(changes) > 1:
            raise DeployError(
                "Cannot perform more than one GSI creation or deletion in a single update"
            )
        for change in changes:
            dynamodb.update_table(
                TableName=table,
                AttributeDefinitions=list(instance["AttributeDefinitions"].values()),
                GlobalSecondaryIndexUpdates=[change],
            )

    @staticmethod
    def _set_expiry(dynamodb: Any, table: str, expiry: Mapping[str, Any]) -> None:
        if expiry == NO_TTL:  # disabling needs the name of the attribute
            current = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            if "AttributeName" not in current:
                return
            expiry = {"AttributeName": current["AttributeName"], "Enabled": False}
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=dict(expiry))

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the table, its backups, expiry and tags."""
        dynamodb, table = context.client("dynamodb"), instance.physical_id
        description = dynamodb.describe_table(TableName=table)["Table"]
        backups = dynamodb.describe_continuous_backups(TableName=table)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        encryption = description.get("SSEDescription", {})
        properties = {
            "AttributeDefinitions": description["AttributeDefinitions"],
            "BillingMode": description["BillingModeSummary"]["BillingMode"],
            "DeletionProtectionEnabled": description.get("DeletionProtectionEnabled", False),
            "GlobalSecondaryIndexes": list(_indexes_of(description).values()),
            "KeySchema": description["KeySchema"],
            "PointInTimeRecoverySpecification": {
                "PointInTimeRecoveryEnabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED"
            },
            "SSESpecification": {
                "SSEEnabled": encryption.get("Status") == "ENABLED",
                "SSEType": encryption.get("SSEType", "KMS"),
            },
            "TableName": description["TableName"],
            "Tags": _tags(dynamodb, description["TableArn"]),
        }
        if expiry["TimeToLiveStatus"] in ("ENABLED", "ENABLING"):
            properties["TimeToLiveSpecification"] = {
                "AttributeName": expiry["AttributeName"],
                "Enabled": True,
            }
        return properties

    def delete(self, context: Context, instance: Instance) -> None:
        """Delete the table; a protected table is not deleted, which is an error."""
        dynamodb, table = context.client("dynamodb"), instance.physical_id
        unless(lambda: dynamodb.delete_table(TableName=table), "ResourceNotFoundException")

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return the table's ARN."""
        return context.arn("dynamodb", f"table/{instance.physical_id}")


def _indexes(instance: Instance) -> dict[str, Any]:
    indexes = list(instance["GlobalSecondaryIndexes"].values())
    return {"GlobalSecondaryIndexes": indexes} if indexes else {}


def _indexes_of(description: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a table's indexes as a template says them, by name."""
    return {
        index["IndexName"]: {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in description.get("GlobalSecondaryIndexes", ())
    }


def _encryption(instance: Instance) -> dict[str, Any]:
    encryption = instance["SSESpecification"]
    if encryption is ANYTHING:
        return {}
    if not encryption["SSEEnabled"]:
        return {"SSESpecification": {"Enabled": False}}
    return {"SSESpecification": {"Enabled": True, "SSEType": encryption["SSEType"]}}


def _tags(dynamodb: Any, arn: str) -> list[dict[str, str]]:
    pages = dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
    return [tag for page in pages for tag in page["Tags"]]
