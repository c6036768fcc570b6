"""SageMaker: changes of a feature group (more features, time to live, throughput)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from localaws.kit.service import Call, Service
from localaws.sagemaker.feature_store import offline_table
from localaws.sagemaker.feature_store.groups import (
    CREATION_SECONDS,
    KIND,
    NAME,
    Feature,
    FeatureGroup,
    FeatureGroups,
    define,
    duration,
    refused,
)
from localaws.sagemaker.state_changes import announce

sagemaker = Service.named("sagemaker")
UNITS = ("ProvisionedReadCapacityUnits", "ProvisionedWriteCapacityUnits")
# An online store keeps its kind; AWS documents only the change from the first version to the next.
UPGRADES = {("Standard", "Standard_V2")}


@sagemaker.operation("UpdateFeatureGroup", resource=NAME)
def update_feature_group(call: Call) -> dict[str, Any]:
    """Add features, or change time to live and throughput; `LastUpdateStatus` has the progress.

    A feature is never removed and never changes its type; a new time to live applies to records
    written from now on.
    """
    params, group = call.params, call.store(FeatureGroups).find(call.params[NAME])
    if group.status != "Created" or group.updating:
        state = "being updated" if group.updating else group.status
        raise refused(f"FeatureGroup {group.name} is {state} and cannot be updated.")
    changes = [
        params.get(member)
        for member in ("FeatureAdditions", "OnlineStoreConfig", "ThroughputConfig")
    ]
    if not any(changes):
        raise refused("One of FeatureAdditions, OnlineStoreConfig and Throughput is needed.")
    types = dict(group.schema.types)
    define(types, params.get("FeatureAdditions") or [])
    config = {**group.config, **_online(group, params), **_throughput(params)}
    config["FeatureDefinitions"] = [
        *group.config["FeatureDefinitions"],
        *(params.get("FeatureAdditions") or []),
    ]
    now = call.now()
    group.config, group.schema = config, replace(group.schema, types=types)
    group.ttl = duration((config.get("OnlineStoreConfig") or {}).get("TtlDuration"))
    group.features |= {name: Feature(now, now) for name in types if name not in group.features}
    group.modified, group.updating, group.update_failure = now, True, None
    call.background(_finish, call, group)
    return {"FeatureGroupArn": group.arn}


def _finish(call: Call, group: FeatureGroup) -> None:
    call.clock.wait(CREATION_SECONDS)
    if group.offline:
        group.offline.schema = group.schema
        offline = group.config["OfflineStoreConfig"]
        group.update_failure = offline_table.extend(group.offline, offline)
    group.updating = False
    announce(call, KIND, group.arn, group.describe())


def _online(group: FeatureGroup, params: dict[str, Any]) -> dict[str, Any]:
    change = params.get("OnlineStoreConfig")
    if not change:
        return {}
    if group.online is None:
        raise refused(f"FeatureGroup {group.name} has no online store to update.")
    present = group.config["OnlineStoreConfig"]
    kinds = (present.get("StorageType", "Standard"), change.get("StorageType"))
    if kinds[1] not in (None, kinds[0]) and kinds not in UPGRADES:
        raise refused(f"StorageType {kinds[0]} cannot become {kinds[1]}.")
    if "TtlDuration" in change and len(change["TtlDuration"]) < 2:
        raise refused("TtlDuration needs a Unit and a Value.")
    return {"OnlineStoreConfig": {**present, **change}}


def _throughput(params: dict[str, Any]) -> dict[str, Any]:
    change = params.get("ThroughputConfig")
    if not change:
        return {}
    mode, units = change.get("ThroughputMode"), [name for name in UNITS if name in change]
    if mode == "Provisioned" and len(units) < len(UNITS):
        raise refused(f"ThroughputMode Provisioned needs {' and '.join(UNITS)}.")
    if mode != "Provisioned" and units:
        raise refused(f"{', '.join(units)} are only allowed with ThroughputMode Provisioned.")
    return {"ThroughputConfig": change}
