"""SageMaker: feature groups, their definition and status."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from localaws.kit.arns import Arn
from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError
from localaws.ram import grants
from localaws.ram.resources import shareable
from localaws.sagemaker.feature_store import offline_table
from localaws.sagemaker.feature_store.offline_store import OfflineStore
from localaws.sagemaker.feature_store.online_store import OnlineStore
from localaws.sagemaker.feature_store.records import Schema
from localaws.sagemaker.registry.groups import in_window
from localaws.sagemaker.registry.store import resource_name
from localaws.sagemaker.search.search import discoverable, searchable
from localaws.sagemaker.state_changes import announce
from localaws.sagemaker.tags import TagStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localaws.kit.capabilities import Stores

sagemaker = Service.named("sagemaker")
NAME, KIND = "FeatureGroupName", "Feature Group"
# Columns that the offline store adds (Feature Store developer guide).
RESERVED = {"is_deleted", "write_time", "api_invocation_time"}
CREATION_SECONDS = 0.05
KEPT = (
    "RecordIdentifierFeatureName",
    "EventTimeFeatureName",
    "FeatureDefinitions",
    "OnlineStoreConfig",
    "OfflineStoreConfig",
    "ThroughputConfig",
    "RoleArn",
    "Description",
)


@dataclass
class Feature:
    """The metadata of one feature (UpdateFeatureMetadata)."""

    created: datetime
    modified: datetime
    description: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass
class FeatureGroup:
    """A feature group with its stores; a disabled store is None."""

    name: str
    arn: str
    created: datetime
    schema: Schema
    config: dict[str, Any]
    online: OnlineStore | None
    offline: OfflineStore | None
    ttl: timedelta | None = None
    status: str = "Creating"
    failure: str | None = None
    modified: datetime | None = None
    updating: bool = False
    update_failure: str | None = None
    features: dict[str, Feature] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """Return the description, with the offline store's current status."""
        reply: dict[str, Any] = {
            "FeatureGroupArn": self.arn,
            "FeatureGroupName": self.name,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified or self.created,
            "FeatureGroupStatus": self.status,
            **self.config,
        }
        if self.modified:
            reply["LastUpdateStatus"] = self._last_update()
        if self.failure:
            reply["FailureReason"] = self.failure
        if self.offline:
            reply["OfflineStoreStatus"] = self.offline.status()
            if self.offline.failure and not self.failure:
                reply["FailureReason"] = self.offline.failure
        return reply

    def _last_update(self) -> dict[str, str]:
        if self.update_failure:
            return {"Status": "Failed", "FailureReason": self.update_failure}
        return {"Status": "InProgress" if self.updating else "Successful"}


@dataclass
class FeatureGroups:
    """The feature groups of one account in one region."""

    by_name: dict[str, FeatureGroup] = field(default_factory=dict)

    def find(self, name_or_arn: str) -> FeatureGroup:
        """Return a group by name or ARN; ResourceNotFound if there is none."""
        name = resource_name(name_or_arn, "feature-group")
        if name not in self.by_name:
            raise ServiceError(
                "ResourceNotFound",
                f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}",
                404,
            )
        return self.by_name[name]


@sagemaker.operation("CreateFeatureGroup")
def create_feature_group(call: Call) -> dict[str, Any]:
    """Create a feature group: `Creating`, soon `Created`, or `CreateFailed` with the reason."""
    params, groups = call.params, call.store(FeatureGroups)
    name = params[NAME]
    if name in groups.by_name:
        raise ServiceError(
            "ResourceInUse",
            f"Resource Already Exists: FeatureGroup with name {name} already exists. "
            "Choose a different name.",
        )
    schema = _schema(params)
    online = (params.get("OnlineStoreConfig") or {}).get("EnableOnlineStore", False)
    if not online and not params.get("OfflineStoreConfig"):
        raise refused("At least one of OnlineStoreConfig and OfflineStoreConfig is needed.")
    now = call.now()
    config = {member: params[member] for member in KEPT if params.get(member) is not None}
    offline = None
    if params.get("OfflineStoreConfig"):
        config["OfflineStoreConfig"] = _resolve(call, name, now)
        offline = OfflineStore(
            call.host, call.region, schema, config["OfflineStoreConfig"], params["RoleArn"]
        )
    group = FeatureGroup(
        name=name,
        arn=call.arn(f"feature-group/{name}"),
        created=now,
        schema=schema,
        config=config,
        online=OnlineStore() if online else None,
        offline=offline,
        ttl=duration((params.get("OnlineStoreConfig") or {}).get("TtlDuration")),
        features={name: Feature(now, now) for name in schema.types},
    )
    call.store(TagStore).put(group.arn, params.get("Tags"))
    groups.by_name[name] = group
    announce(call, KIND, group.arn, group.describe())
    call.background(_activate, call, group)
    return {"FeatureGroupArn": group.arn}


@sagemaker.operation("DescribeFeatureGroup", resource=NAME)
def describe_feature_group(call: Call) -> dict[str, Any]:
    """Describe a feature group, one of another account by its ARN."""
    group = call.store(FeatureGroups).find(call.params[NAME])
    reply = group.describe()
    if group.online:
        reply["OnlineStoreTotalSizeBytes"] = group.online.size()
    return reply


@sagemaker.operation("ListFeatureGroups")
def list_feature_groups(call: Call) -> dict[str, Any]:
    """List the account's own feature groups."""
    params = call.params
    summaries = []
    for group in call.store(FeatureGroups).by_name.values():
        offline = group.offline.status() if group.offline else None
        if (
            in_window(params, group.created, group.name)
            and params.get("FeatureGroupStatusEquals") in (None, group.status)
            and params.get("OfflineStoreStatusEquals") in (None, (offline or {}).get("Status"))
        ):
            summary = {
                "FeatureGroupName": group.name,
                "FeatureGroupArn": group.arn,
                "CreationTime": group.created,
                "FeatureGroupStatus": group.status,
            }
            summaries.append(summary | ({"OfflineStoreStatus": offline} if offline else {}))
    by = {"Name": "FeatureGroupName"}.get(params.get("SortBy", ""), params.get("SortBy"))
    summaries.sort(key=lambda item: str(item.get(by or "CreationTime", "")))
    if params.get("SortOrder") == "Descending":
        summaries.reverse()
    page, rest = SAGEMAKER.page(params, summaries)
    return {"FeatureGroupSummaries": page, **rest}


@sagemaker.operation("DeleteFeatureGroup")
def delete_feature_group(call: Call) -> dict[str, Any]:
    """Delete an own feature group (by name); its data in S3 is kept, as on AWS."""
    groups = call.store(FeatureGroups)
    group = groups.find(call.params[NAME])
    del groups.by_name[group.name]
    group.status = "Deleting"
    announce(call, KIND, group.arn, group.describe())
    call.store(TagStore).forget(group.arn)
    grants.forget(call, group.arn)
    return {}


@searchable("FeatureGroup")
def search_records(call: Call, across: bool) -> Iterable[dict[str, Any]]:
    """Yield own groups, or all groups of accounts that share their catalog with this one."""
    accounts = discoverable(call) if across else [call.account]
    for account in accounts:
        tags = call.store(TagStore, account, call.region)
        for group in call.store(FeatureGroups, account, call.region).by_name.values():
            record = group.describe()
            record.pop("ThroughputConfig", None)  # the search record has no such member
            yield record if across else {**record, "Tags": tags.listed(group.arn)}


@shareable("sagemaker:FeatureGroup")
def feature_group_exists(stores: Stores, arn: Arn) -> bool:
    """Tell RAM whether a feature group exists."""
    return arn.resource_id in stores.store(FeatureGroups, arn.account, arn.region).by_name


def duration(ttl: dict[str, Any] | None) -> timedelta | None:
    """Return a `TtlDuration` as a time span."""
    return timedelta(**{ttl["Unit"].lower(): ttl["Value"]}) if ttl else None


def _activate(call: Call, group: FeatureGroup) -> None:
    """Finish the creation: the group's role must have access to the offline store."""
    call.clock.wait(CREATION_SECONDS)
    if group.offline:
        offline = group.config["OfflineStoreConfig"]
        group.failure = group.offline.check() or offline_table.create(group.offline, offline)
    group.status = "CreateFailed" if group.failure else "Created"
    announce(call, KIND, group.arn, group.describe())


def _schema(params: dict[str, Any]) -> Schema:
    types: dict[str, str] = {}
    define(types, params["FeatureDefinitions"])
    record_id, event_time = params["RecordIdentifierFeatureName"], params["EventTimeFeatureName"]
    for role, name in (("Record identifier", record_id), ("Event time", event_time)):
        if name not in types:
            raise refused(f"{role} feature {name} is not among the FeatureDefinitions.")
    if types[event_time] == "Integral":
        raise refused(f"Event time feature {event_time} must be String or Fractional.")
    return Schema(types, record_id, event_time)


def _resolve(call: Call, name: str, now: datetime) -> dict[str, Any]:
    """Return the offline configuration with the S3 URI of the data."""
    config = call.params["OfflineStoreConfig"]
    if config.get("TableFormat") == "Iceberg":
        raise ServiceError(
            "UnsupportedOperation",
            "sagemaker:CreateFeatureGroup with TableFormat Iceberg is not served here.",
            501,
        )
    if not call.params.get("RoleArn"):
        raise refused("RoleArn is needed for an offline store.")
    storage = config["S3StorageConfig"]
    location = (
        f"{storage['S3Uri'].rstrip('/')}/{call.account}/sagemaker/{call.region}/offline-store/"
        f"{name}-{int(now.timestamp())}/data"
    )
    config = offline_table.resolved(config, name, now)
    return {**config, "S3StorageConfig": {**storage, "ResolvedOutputS3Uri": location}}


def define(types: dict[str, str], definitions: list[dict[str, Any]]) -> None:
    """Add feature definitions to `types`; ValidationException for an invalid one."""
    for definition in definitions:
        name = definition["FeatureName"]
        if definition.get("CollectionType"):
            raise ServiceError(
                "UnsupportedOperation", "Collection features are not served by the local AWS.", 501
            )
        if name.lower() in {known_name.lower() for known_name in types}:
            raise refused(f"Feature {name} is defined twice.")
        if name.lower() in RESERVED:
            raise refused(f"Feature name {name} is reserved by the offline store.")
        types[name] = definition["FeatureType"]


def refused(message: str) -> ServiceError:
    """Return the control plane's error for bad input."""
    return ServiceError("ValidationException", message)
