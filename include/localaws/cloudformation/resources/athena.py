"""Athena data catalogues and workgroups."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from localaws.cloudformation.properties import (
    Property,
    boolean,
    document,
    integer,
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

ABSENT = "InvalidRequestException"
RESULTS = structure(
    EncryptionConfiguration=structure(EncryptionOption=text, KmsKey=text), OutputLocation=text
)
CONFIGURATION = structure(
    {
        "EnableMinimumEncryptionConfiguration": False,
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
    },
    BytesScannedCutoffPerQuery=integer,
    EnableMinimumEncryptionConfiguration=boolean,
    EnforceWorkGroupConfiguration=boolean,
    PublishCloudWatchMetricsEnabled=boolean,
    RequesterPaysEnabled=boolean,
    ResultConfiguration=RESULTS,
)


class Tagged(ResourceType):
    """What both types share: tags by ARN."""

    kind: str

    def arn(self, context: Context, instance: Instance) -> str:
        """Return the resource's ARN."""
        return context.arn("athena", f"{self.kind}/{instance.physical_id}")

    def write_tags(self, context: Context, instance: Instance) -> None:
        """Set the tags to those of the instance."""
        athena, arn = context.client("athena"), self.arn(context, instance)
        gone = {tag["Key"] for tag in self.read_tags(context, instance)} - set(instance["Tags"])
        if gone:
            athena.untag_resource(ResourceARN=arn, TagKeys=sorted(gone))
        if instance["Tags"]:
            athena.tag_resource(ResourceARN=arn, Tags=tag_list(instance["Tags"]))

    def read_tags(self, context: Context, instance: Instance) -> list[dict[str, str]]:
        """Return the tags of the resource in the service."""
        tags_read: list[dict[str, str]] = context.client("athena").list_tags_for_resource(
            ResourceARN=self.arn(context, instance)
        )["Tags"]
        return tags_read


@REGISTER.add
class DataCatalog(Tagged):
    """AWS::Athena::DataCatalog, of type GLUE."""

    name = "AWS::Athena::DataCatalog"
    kind = "datacatalog"
    made_with = ("Name", "Type", "Parameters", "Description")
    properties = {
        "Description": Property(text, default=""),
        "Name": Property(text, required=True, replaces=True),
        "Parameters": Property(document, default={}),
        "Tags": Property(tags, default={}),
        "Type": Property(one_of("GLUE"), required=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Register the catalogue."""
        context.client("athena").create_data_catalog(**_definition(instance))
        return str(instance["Name"])

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write the definition and the tags."""
        if set(changed) - {"Tags"}:
            context.client("athena").update_data_catalog(**_definition(instance))
        if "Tags" in changed:
            self.write_tags(context, instance)

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the registration."""
        catalog = context.client("athena").get_data_catalog(Name=instance.physical_id)[
            "DataCatalog"
        ]
        definition = {name: catalog[name] for name in self.made_with if name in catalog}
        return {**definition, "Tags": self.read_tags(context, instance)}

    def delete(self, context: Context, instance: Instance) -> None:
        """Delete the registration."""
        athena = context.client("athena")
        unless(lambda: athena.delete_data_catalog(Name=instance.physical_id), ABSENT)


@REGISTER.add
class WorkGroup(Tagged):
    """AWS::Athena::WorkGroup."""

    name = "AWS::Athena::WorkGroup"
    kind = "workgroup"
    made_with = ("Name", "Description", "WorkGroupConfiguration")
    properties = {
        "Description": Property(text, default=""),
        "Name": Property(text, required=True, replaces=True),
        "State": Property(one_of("ENABLED", "DISABLED"), default="ENABLED"),
        "Tags": Property(tags, default={}),
        "WorkGroupConfiguration": Property(CONFIGURATION, required=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the workgroup."""
        context.client("athena").create_work_group(
            Name=instance["Name"],
            Description=instance["Description"],
            Configuration=instance["WorkGroupConfiguration"],
        )
        return str(instance["Name"])

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write configuration, description, state and tags."""
        if set(changed) - {"Tags"}:
            updates = dict(instance["WorkGroupConfiguration"])
            if "BytesScannedCutoffPerQuery" not in updates:
                updates["RemoveBytesScannedCutoffPerQuery"] = True
            results = dict(updates.pop("ResultConfiguration", {}))
            for member in ("OutputLocation", "EncryptionConfiguration"):
                if member not in results:
                    results[f"Remove{member}"] = True
            context.client("athena").update_work_group(
                WorkGroup=instance.physical_id,
                Description=instance["Description"],
                State=instance["State"],
                ConfigurationUpdates={**updates, "ResultConfigurationUpdates": results},
            )
        if "Tags" in changed:
            self.write_tags(context, instance)

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the workgroup."""
        group = context.client("athena").get_work_group(WorkGroup=instance.physical_id)["WorkGroup"]
        configuration = {k: v for k, v in group["Configuration"].items() if k != "EngineVersion"}
        if not configuration["ResultConfiguration"]:
            del configuration["ResultConfiguration"]
        return {
            "Description": group.get("Description", ""),
            "Name": group["Name"],
            "State": group["State"],
            "Tags": self.read_tags(context, instance),
            "WorkGroupConfiguration": configuration,
        }

    def delete(self, context: Context, instance: Instance) -> None:
        """Delete the workgroup."""
        athena = context.client("athena")
        unless(lambda: athena.delete_work_group(WorkGroup=instance.physical_id), ABSENT)


def _definition(instance: Instance) -> dict[str, Any]:
    # Athena does not accept an empty description; leaving it out removes it.
    return {name: instance[name] for name in DataCatalog.made_with if instance[name] != ""}
