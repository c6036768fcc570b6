"""SageMaker Feature Store Runtime: the operations on records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from localaws.door.faults import Faults
from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.feature_store.groups import FeatureGroup, FeatureGroups, duration
from localaws.sagemaker.feature_store.offline_store import Row
from localaws.sagemaker.feature_store.online_store import Stored
from localaws.sagemaker.feature_store.records import (
    Record,
    deletion,
    invalid,
    read_event_time,
    read_record,
)

runtime = Service.named("sagemaker-featurestore-runtime")
NAME = "FeatureGroupName"
STORES = {"OnlineStore", "OfflineStore"}
# Kinds of online store whose records can be changed feature by feature (UpdateRecord).
UPDATABLE = {"Standard_V2", "InMemory"}


@runtime.operation("PutRecord", resource=NAME, locked=False)
def put_record(call: Call) -> dict[str, Any]:
    """Write a record to the stores; an event time that is not later goes offline only."""
    group = _ready(call.store(FeatureGroups).find(call.params[NAME]))
    _append(group, [_put(call, group, call.params)])
    return {}


@runtime.operation("BatchWriteRecord", locked=False)
def batch_write_record(call: Call) -> dict[str, Any]:
    """Write up to 25 records; each that cannot be written is in `Errors`, with HTTP 200.

    An entry that the fault `unprocessed` hits is not written and is in `UnprocessedEntries`.
    """
    lookup = _Lookup(call, "sagemaker:BatchWriteRecord")
    faults = Faults.of(call)
    rows: dict[str, tuple[FeatureGroup, list[Row | None]]] = {}
    errors, left = [], []
    for entry in call.params["Entries"]:
        if faults.unprocessed(call.service, call.operation):
            left.append(entry)
            continue
        try:
            group = lookup.find(entry[NAME])
            row = _put(call, group, {"TtlDuration": call.params.get("TtlDuration"), **entry})
        except ServiceError as error:
            errors.append({"Entry": entry, **_reason(error)})
        else:
            rows.setdefault(group.arn, (group, []))[1].append(row)
    for group, written in rows.values():
        _append(group, written)
    return {"Errors": errors, "UnprocessedEntries": left}


@runtime.operation("GetRecord", resource=NAME, locked=False)
def get_record(call: Call) -> dict[str, Any]:
    """Return a record from the online store; without `Record` if there is none."""
    group = _online(_ready(call.store(FeatureGroups).find(call.params[NAME])))
    names = _check_names(group, call.params.get("FeatureNames"))
    stored = _get(call, group, call.params["RecordIdentifierValueAsString"])
    if stored is None:
        return {}
    return _record(call, stored, names)


@runtime.operation("BatchGetRecord", locked=False)
def batch_get_record(call: Call) -> dict[str, Any]:
    """Return up to 100 records of several groups; those that do not exist are left out.

    Groups that the fault `unprocessed` hits are in `UnprocessedIdentifiers`.
    """
    lookup = _Lookup(call, "sagemaker:BatchGetRecord")
    requests = call.params["Identifiers"]
    if sum(len(request["RecordIdentifiersValueAsString"]) for request in requests) > 100:
        raise invalid("a call can name at most 100 record identifiers.")
    faults = Faults.of(call)
    records, errors, left = [], [], []
    for request in requests:
        if faults.unprocessed(call.service, call.operation):
            left.append(request)
            continue
        identifiers = request["RecordIdentifiersValueAsString"]
        try:
            group = _online(lookup.find(request[NAME]))
            names = _check_names(group, request.get("FeatureNames"))
        except ServiceError as error:
            errors += [
                {NAME: request[NAME], "RecordIdentifierValueAsString": identifier, **_reason(error)}
                for identifier in identifiers
            ]
            continue
        for identifier in identifiers:
            stored = _get(call, group, identifier)
            if stored is not None:
                records.append(
                    {
                        NAME: request[NAME],
                        "RecordIdentifierValueAsString": identifier,
                        **_record(call, stored, names),
                    }
                )
    return {"Records": records, "Errors": errors, "UnprocessedIdentifiers": left}


@runtime.operation("UpdateRecord", resource=NAME, locked=False)
def update_record(call: Call) -> dict[str, Any]:
    """Change some features of a live record; the others stay (Standard_V2 and InMemory only)."""
    params = call.params
    group = _online(_ready(call.store(FeatureGroups).find(params[NAME])))
    online, offline = _targets(group, params)
    kind = (group.config.get("OnlineStoreConfig") or {}).get("StorageType", "Standard")
    if kind not in UPDATABLE:
        raise invalid(
            f"UpdateRecord needs a store of {' or '.join(sorted(UPDATABLE))}, not {kind}."
        )
    if not online or group.online is None:
        raise invalid("UpdateRecord changes the record of the OnlineStore; it must be a target.")
    identifier, schema = params["RecordIdentifierValueAsString"], group.schema
    texts = {feature["FeatureName"]: feature.get("ValueAsString") for feature in params["Features"]}
    if texts.get(schema.record_id, identifier) != identifier:
        raise invalid(f"record identifier feature {schema.record_id} cannot be changed.")
    ttl = duration(params.get("TtlDuration"))
    if ttl and schema.event_time not in texts:
        raise invalid("a TtlDuration needs the EventTime.")

    def change(present: Stored) -> tuple[Record, float | None]:
        unchanged = {
            name: text for name, text in (present.texts or {}).items() if name not in texts
        }
        features = [
            {"FeatureName": name, "ValueAsString": text} for name, text in unchanged.items()
        ]
        record = read_record(schema, [*features, *params["Features"]])
        if record.event_time < present.event_time:
            raise ServiceError(
                "ConflictException", "the EventTime is older than that of the record.", 409
            )
        return record, record.event_time + ttl.total_seconds() if ttl else present.expires

    now = call.now()
    record = group.online.update(identifier, now.timestamp(), change)
    if record is None:
        raise ServiceError("ResourceNotFound", f"no record {identifier} in {group.name}.", 404)
    _append(group, [Row(record, now, is_deleted=False)] if offline else [])
    return {}


@runtime.operation("DeleteRecord", resource=NAME, locked=False)
def delete_record(call: Call) -> dict[str, Any]:
    """Delete a record online and record the deletion offline (event-time rules: `OnlineStore`)."""
    params = call.params
    group = _ready(call.store(FeatureGroups).find(params[NAME]))
    identifier, moment = params["RecordIdentifierValueAsString"], params["EventTime"]
    marker = deletion(group.schema, identifier, moment)
    online, offline = _targets(group, params)
    now = call.now()
    if online and group.online:
        hard = params.get("DeletionMode") == "HardDelete"
        time = read_event_time(group.schema, moment)
        group.online.delete(identifier, time, now.timestamp(), hard=hard)
    if offline:
        _append(group, [Row(marker, now, is_deleted=True)])
    return {}


class _Lookup:
    """Looks up each group of a batch once; another account's by ARN and with a RAM grant."""

    def __init__(self, call: Call, action: str) -> None:
        self._call, self._action = call, action
        self._groups: dict[str, FeatureGroup | ServiceError] = {}

    def find(self, name_or_arn: str) -> FeatureGroup:
        if name_or_arn not in self._groups:
            try:
                self._groups[name_or_arn] = self._look(name_or_arn)
            except ServiceError as error:
                self._groups[name_or_arn] = error
        group = self._groups[name_or_arn]
        if isinstance(group, ServiceError):
            raise group
        return group

    def _look(self, name_or_arn: str) -> FeatureGroup:
        named = is_arn(name_or_arn)
        arn = name_or_arn if named else self._call.arn(f"feature-group/{name_or_arn}", "sagemaker")
        self._call.authorise(self._action, arn)
        account = parse_arn(arn).account
        groups = self._call.store(FeatureGroups, account, self._call.region)
        return _ready(groups.find(name_or_arn))


def _reason(error: ServiceError) -> dict[str, str]:
    return {"ErrorCode": error.code, "ErrorMessage": error.message[:2048]}


def _ready(group: FeatureGroup) -> FeatureGroup:
    if group.status != "Created":
        raise invalid(f"feature group {group.name} is {group.status}, not Created.")
    return group


def _online(group: FeatureGroup) -> FeatureGroup:
    if group.online is None:
        raise invalid(f"feature group {group.name} has no online store.")
    return group


def _targets(group: FeatureGroup, params: dict[str, Any]) -> tuple[bool, bool]:
    """Return whether to write online and offline; a store named by the call must be enabled."""
    on = {"OnlineStore": group.online is not None, "OfflineStore": group.offline is not None}
    stores = params.get("TargetStores")
    for name in stores or ():
        if not on[name]:
            raise invalid(f"feature group {group.name} has no {name}.")
    chosen = set(stores or STORES)
    return (
        on["OnlineStore"] and "OnlineStore" in chosen,
        on["OfflineStore"] and "OfflineStore" in chosen,
    )


def _put(call: Call, group: FeatureGroup, params: dict[str, Any]) -> Row | None:
    """Write a record online and return the row for the offline store, if any."""
    record = read_record(group.schema, params["Record"])
    online, offline = _targets(group, params)
    now = call.now()
    if online and group.online:
        ttl = duration(params.get("TtlDuration")) or group.ttl
        expires = record.event_time + ttl.total_seconds() if ttl else None
        group.online.put(record, expires, now.timestamp())
    return Row(record, now, is_deleted=False) if offline else None


def _append(group: FeatureGroup, rows: list[Row | None]) -> None:
    written = [row for row in rows if row is not None]
    if written and group.offline:
        group.offline.append(written)


def _get(call: Call, group: FeatureGroup, identifier: str) -> Stored | None:
    now = call.now().timestamp()
    return group.online.get(identifier, now) if group.online else None


def _check_names(group: FeatureGroup, names: list[str] | None) -> list[str] | None:
    for name in names or ():
        if name not in group.schema.types:
            raise invalid(f"feature {name} does not exist in the feature group.")
    return names


def _record(call: Call, stored: Stored, names: list[str] | None) -> dict[str, Any]:
    texts = stored.texts or {}
    chosen = texts if names is None else [name for name in names if name in texts]
    reply: dict[str, Any] = {
        "Record": [{"FeatureName": name, "ValueAsString": texts[name]} for name in chosen]
    }
    if call.params.get("ExpirationTimeResponse") == "Enabled" and stored.expires is not None:
        moment = datetime.fromtimestamp(stored.expires, UTC)
        reply["ExpiresAt"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return reply
