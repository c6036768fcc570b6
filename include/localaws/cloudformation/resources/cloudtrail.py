"""CloudTrail trails."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from localaws.cloudformation.properties import (
    ANYTHING,
    Property,
    boolean,
    listing,
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

_OPERATORS = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")
# What a trail logs by default (CloudTrail API Reference, `PutEventSelectors`).
_DEFAULT = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}]
_PLACE = ("S3BucketName", "S3KeyPrefix", "IncludeGlobalServiceEvents", "IsMultiRegionTrail")


@REGISTER.add
class Trail(ResourceType):
    """AWS::CloudTrail::Trail."""

    name = "AWS::CloudTrail::Trail"
    attributes = ("Arn",)
    made_with = ("TrailName", *_PLACE)
    properties = {
        "AdvancedEventSelectors": Property(
            listing(
                structure(
                    Name=text,
                    FieldSelectors=listing(
                        structure(Field=text, **dict.fromkeys(_OPERATORS, listing(text)))
                    ),
                )
            )
        ),
        "EventSelectors": Property(
            listing(
                structure(
                    _DEFAULT[0],
                    ReadWriteType=text,
                    IncludeManagementEvents=boolean,
                    DataResources=listing(structure(Type=text, Values=listing(text))),
                )
            )
        ),
        "IncludeGlobalServiceEvents": Property(boolean, default=True),
        "IsLogging": Property(boolean, required=True),
        "IsMultiRegionTrail": Property(boolean, default=False),
        "S3BucketName": Property(text, required=True),
        "S3KeyPrefix": Property(text, default=""),
        "Tags": Property(tags, default={}),
        "TrailName": Property(text, default=ANYTHING, replaces=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the trail; CloudTrail checks that the bucket's policy allows it."""
        name = instance["TrailName"]
        if name is ANYTHING:
            name = context.generated_name(instance.logical_id)
        context.client("cloudtrail").create_trail(Name=name, **_delivery(instance))
        return str(name)

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write the changed settings, selectors and tags, and start or stop logging."""
        cloudtrail, name = context.client("cloudtrail"), instance.physical_id
        if set(changed) & set(_PLACE):
            cloudtrail.update_trail(Name=name, **_delivery(instance))
        if set(changed) & {"AdvancedEventSelectors", "EventSelectors"}:
            advanced = instance["AdvancedEventSelectors"]
            selected = (
                {"AdvancedEventSelectors": advanced}
                if advanced
                else {"EventSelectors": instance["EventSelectors"] or _DEFAULT}
            )
            cloudtrail.put_event_selectors(TrailName=name, **selected)
        if "Tags" in changed:
            arn = self.read_attribute(context, instance, "Arn")
            gone = set(_tags(cloudtrail, arn)) - set(instance["Tags"])
            if gone:
                listed = [{"Key": key} for key in sorted(gone)]
                cloudtrail.remove_tags(ResourceId=arn, TagsList=listed)
            if instance["Tags"]:
                cloudtrail.add_tags(ResourceId=arn, TagsList=tag_list(instance["Tags"]))
        if "IsLogging" in changed:
            on = instance["IsLogging"]
            (cloudtrail.start_logging if on else cloudtrail.stop_logging)(Name=name)

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the trail, its selectors and tags, and whether it is logging."""
        cloudtrail, name = context.client("cloudtrail"), instance.physical_id
        trail = cloudtrail.get_trail(Name=name)["Trail"]
        selected = cloudtrail.get_event_selectors(TrailName=name)
        basic: Any = [
            {key: selector[key] for key in _DEFAULT[0]}
            for selector in selected.get("EventSelectors", [])
        ]
        if not basic or (basic == _DEFAULT and not instance["EventSelectors"]):
            basic = None
        by_key = _tags(cloudtrail, trail["TrailARN"])
        return {
            "AdvancedEventSelectors": selected.get("AdvancedEventSelectors"),
            "EventSelectors": basic,
            "IncludeGlobalServiceEvents": trail["IncludeGlobalServiceEvents"],
            "IsLogging": cloudtrail.get_trail_status(Name=name)["IsLogging"],
            "IsMultiRegionTrail": trail["IsMultiRegionTrail"],
            "S3BucketName": trail["S3BucketName"],
            "S3KeyPrefix": trail.get("S3KeyPrefix", ""),
            "Tags": [{"Key": key, "Value": value} for key, value in by_key.items()],
            "TrailName": name,
        }

    def delete(self, context: Context, instance: Instance) -> None:
        """Delete the trail; its log files are kept."""
        cloudtrail = context.client("cloudtrail")
        unless(lambda: cloudtrail.delete_trail(Name=instance.physical_id), "TrailNotFoundException")

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return the trail's ARN."""
        return context.arn("cloudtrail", f"trail/{instance.physical_id}")


def _delivery(instance: Instance) -> dict[str, Any]:
    return {name: instance[name] for name in _PLACE}


def _tags(cloudtrail: Any, arn: str) -> dict[str, str]:
    (resource,) = cloudtrail.list_tags(ResourceIdList=[arn])["ResourceTagList"]
    return {tag["Key"]: tag.get("Value", "") for tag in resource["TagsList"]}
