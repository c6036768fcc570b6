"""Athena: workgroups, which set where results go, and the tags of workgroups and catalogues."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from localaws.athena.catalogs import ATHENA, refused
from localaws.glue.catalog import only
from localaws.kit.service import Call, Service
from localaws.sagemaker.tags import TagStore

athena = Service.named("athena")
PRIMARY = "primary"
ENGINE = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": "Athena engine version 3",
}
CONFIGURATION = {
    *("ResultConfiguration", "EnforceWorkGroupConfiguration", "EngineVersion"),
    *("PublishCloudWatchMetricsEnabled", "RequesterPaysEnabled"),
    *("EnableMinimumEncryptionConfiguration", "BytesScannedCutoffPerQuery"),
}
#: Settings that change what a query may do and that are not served here when they are on.
OFF = ("RequesterPaysEnabled", "EnableMinimumEncryptionConfiguration")
RESULTS = {"OutputLocation", "EncryptionConfiguration"}
DEFAULTS = {
    "EnforceWorkGroupConfiguration": True,
    "PublishCloudWatchMetricsEnabled": False,
    "RequesterPaysEnabled": False,
    "EnableMinimumEncryptionConfiguration": False,
}


@dataclass
class WorkGroups:
    """The workgroups of one account in one region; `primary` always exists."""

    by_name: dict[str, dict[str, Any]] = field(default_factory=dict)

    def get(self, name: str) -> dict[str, Any]:
        """Return a workgroup; InvalidRequestException."""
        if name == PRIMARY and name not in self.by_name:
            settings = {**DEFAULTS, "EnforceWorkGroupConfiguration": False}
            configuration = {"ResultConfiguration": {}, **settings, "EngineVersion": ENGINE}
            self.by_name[name] = {
                "Name": PRIMARY,
                "State": "ENABLED",
                "Configuration": configuration,
            }
        if name not in self.by_name:
            raise refused(f"WorkGroup {name} is not found.")
        return self.by_name[name]


@athena.operation("CreateWorkGroup")
def create_work_group(call: Call) -> dict[str, Any]:
    """Make a workgroup."""
    only(call, call.params, {"Name", "Configuration", "Description", "Tags"})
    groups, name = call.store(WorkGroups), call.params["Name"]
    if name in groups.by_name or name == PRIMARY:
        raise refused(f"WorkGroup {name} is already created")
    configuration = call.params.get("Configuration") or {}
    _check(call, configuration)
    results = configuration.get("ResultConfiguration") or {}
    only(call, results, RESULTS)
    group = {
        "Name": name,
        "State": "ENABLED",
        "Configuration": {
            **DEFAULTS,
            **configuration,
            "ResultConfiguration": results,
            "EngineVersion": ENGINE,
        },
        "CreationTime": call.now(),
    }
    if "Description" in call.params:
        group["Description"] = call.params["Description"]
    groups.by_name[name] = group
    call.store(TagStore).put(call.arn(f"workgroup/{name}"), call.params.get("Tags"))
    return {}


def _check(call: Call, configuration: dict[str, Any]) -> None:
    on = {name for name in OFF if configuration.get(name)}
    only(call, configuration, CONFIGURATION - on)


@athena.operation("GetWorkGroup")
def get_work_group(call: Call) -> dict[str, Any]:
    """Describe a workgroup."""
    return {"WorkGroup": call.store(WorkGroups).get(call.params["WorkGroup"])}


@athena.operation("ListWorkGroups")
def list_work_groups(call: Call) -> dict[str, Any]:
    """List the workgroups."""
    groups = call.store(WorkGroups)
    groups.get(PRIMARY)
    page, rest = ATHENA.page(call.params, [group for _, group in sorted(groups.by_name.items())])
    named = ("Name", "State", "Description", "CreationTime")
    summaries = [{name: group[name] for name in named if name in group} for group in page]
    return {"WorkGroups": summaries, **rest}


@athena.operation("UpdateWorkGroup")
def update_work_group(call: Call) -> dict[str, Any]:
    """Change description, state, result location and what is enforced."""
    only(call, call.params, {"WorkGroup", "Description", "ConfigurationUpdates", "State"})
    group = call.store(WorkGroups).get(call.params["WorkGroup"])
    updates = dict(call.params.get("ConfigurationUpdates") or {})
    results = updates.pop("ResultConfigurationUpdates", {})
    unlimited = updates.pop("RemoveBytesScannedCutoffPerQuery", False)
    _check(call, updates)
    only(call, results, {*RESULTS, *(f"Remove{setting}" for setting in RESULTS)})
    configuration = {**group["Configuration"], **updates}
    if unlimited:
        configuration.pop("BytesScannedCutoffPerQuery", None)
    location = dict(configuration["ResultConfiguration"])
    for name in RESULTS:
        if results.get(f"Remove{name}"):
            location.pop(name, None)
        if name in results:
            location[name] = results[name]
    group["Configuration"] = {**configuration, "ResultConfiguration": location}
    group.update({n: call.params[n] for n in ("Description", "State") if n in call.params})
    return {}


@athena.operation("DeleteWorkGroup")
def delete_work_group(call: Call) -> dict[str, Any]:
    """Delete a workgroup; its past queries cannot be looked up any more."""
    name = call.params["WorkGroup"]
    if name == PRIMARY:
        raise refused("The primary workgroup cannot be deleted")
    groups = call.store(WorkGroups)
    groups.get(name)
    del groups.by_name[name]
    call.store(TagStore).forget(call.arn(f"workgroup/{name}"))
    return {}


@athena.operation("ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """List the tags of a workgroup or a data catalogue."""
    tags = call.store(TagStore)
    page, rest = ATHENA.page(call.params, tags.listed(tags.require(call.params["ResourceARN"])))
    return {"Tags": page, **rest}


@athena.operation("TagResource")
def tag_resource(call: Call) -> dict[str, Any]:
    """Add tags, or replace their values."""
    tags = call.store(TagStore)
    tags.put(tags.require(call.params["ResourceARN"]), call.params["Tags"])
    return {}


@athena.operation("UntagResource")
def untag_resource(call: Call) -> dict[str, Any]:
    """Remove tags."""
    tags = call.store(TagStore)
    tags.remove(tags.require(call.params["ResourceARN"]), call.params["TagKeys"])
    return {}
