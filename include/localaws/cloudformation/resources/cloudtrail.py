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
# What a trail logs whose template says nothing (CloudTrail API Reference, `PutEventSelectors`).
_SILENT = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}]
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
                    _SILENT[0],
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

    def create(self, context: Context, wanted: Instance) -> str:
        """Make the trail; CloudTrail looks whether the bucket lets it in."""
        name = wanted["TrailName"]
        if name is ANYTHING:
            name = context.generated_name(wanted.logical_id)
        context.client("cloudtrail").create_trail(Name=name, **_place(wanted))
        return str(name)

    def apply(self, context: Context, wanted: Instance, changed: Collection[str]) -> None:
        """Write the changed settings, what is logged, the tags, and whether it logs at all."""
        cloudtrail, name = context.client("cloudtrail"), wanted.physical_id
        if set(changed) & set(_PLACE):
            cloudtrail.update_trail(Name=name, **_place(wanted))
        if set(changed) & {"AdvancedEventSelectors", "EventSelectors"}:
            advanced = wanted["AdvancedEventSelectors"]
            selected = (
                {"AdvancedEventSelectors": advanced}
                if advanced
                else {"EventSelectors": wanted["EventSelectors"] or _SILENT}
            )
            cloudtrail.put_event_selectors(TrailName=name, **selected)
        if "Tags" in changed:
            arn = self.read_attribute(context, wanted, "Arn")
            gone = set(_tags(cloudtrail, arn)) - set(wanted["Tags"])
            if gone:
                listed = [{"Key": key} for key in sorted(gone)]
                cloudtrail.remove_tags(ResourceId=arn, TagsList=listed)
            if wanted["Tags"]:
                cloudtrail.add_tags(ResourceId=arn, TagsList=tag_list(wanted["Tags"]))
        if "IsLogging" in changed:
            on = wanted["IsLogging"]
            (cloudtrail.start_logging if on else cloudtrail.stop_logging)(Name=name)

    def observe(self, context: Context, wanted: Instance) -> Mapping[str, Any]:
        """Read the trail, what it logs, its tags, and whether it logs."""
        cloudtrail, name = context.client("cloudtrail"), wanted.physical_id
        held = cloudtrail.get_trail(Name=name)["Trail"]
        selected = cloudtrail.get_event_selectors(TrailName=name)
        basic: Any = [
            {key: one[key] for key in _SILENT[0]} for one in selected.get("EventSelectors", [])
        ]
        if not basic or (basic == _SILENT and not wanted["EventSelectors"]):
            basic = None
        by_key = _tags(cloudtrail, held["TrailARN"])
        return {
            "AdvancedEventSelectors": selected.get("AdvancedEventSelectors"),
            "EventSelectors": basic,
            "IncludeGlobalServiceEvents": held["IncludeGlobalServiceEvents"],
            "IsLogging": cloudtrail.get_trail_status(Name=name)["IsLogging"],
            "IsMultiRegionTrail": held["IsMultiRegionTrail"],
            "S3BucketName": held["S3BucketName"],
            "S3KeyPrefix": held.get("S3KeyPrefix", ""),
            "Tags": [{"Key": key, "Value": value} for key, value in by_key.items()],
            "TrailName": name,
        }

    def delete(self, context: Context, made: Instance) -> None:
        """Delete the trail; its log files stay."""
        cloudtrail = context.client("cloudtrail")
        unless(lambda: cloudtrail.delete_trail(Name=made.physical_id), "TrailNotFoundException")

    def read_attribute(self, context: Context, made: Instance, name: str) -> Any:
        """Return the trail's ARN."""
        return context.arn("cloudtrail", f"trail/{made.physical_id}")


def _place(wanted: Instance) -> dict[str, Any]:
    return {name: wanted[name] for name in _PLACE}


def _tags(cloudtrail: Any, arn: str) -> dict[str, str]:
    (found,) = cloudtrail.list_tags(ResourceIdList=[arn])["ResourceTagList"]
    return {tag["Key"]: tag.get("Value", "") for tag in found["TagsList"]}
