"""What an existing feature group lacks of its contract, and the metadata of its features.

A feature group only grows: features can be added and the time to live can change. Everything else
is fixed when it is created (SageMaker service model, `UpdateFeatureGroup`), so a contract that asks
for another type, identifier or store is refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from causeway.errors import UnexpectedState
from causeway.features.groups import CONTRACT_TAGS
from causeway.use_cases.contracts import Feature, FeatureGroup
from causeway.use_cases.use_case import UseCase

#: Features in one `UpdateFeatureGroup` call (service model).
ADDITIONS_A_CALL: Final = 100
#: Keys and values of feature parameters: letters, spaces, digits and these, 255 characters.
_NOT_ALLOWED: Final = re.compile(r"[^\w\s.:/=+-]", re.UNICODE)
_LONGEST: Final = 255


def updates(
    request: Mapping[str, Any], description: Mapping[str, Any]
) -> tuple[dict[str, Any], ...]:
    """Return the `UpdateFeatureGroup` requests that bring a group to its contract.

    Args:
        request: the `CreateFeatureGroup` request of the contract.
        description: what `DescribeFeatureGroup` says of the group.

    Raises:
        UnexpectedState: the group differs in something that can never change.
    """
    there = {f["FeatureName"]: f["FeatureType"] for f in description["FeatureDefinitions"]}
    refused = [
        f"{feature['FeatureName']} is {there[feature['FeatureName']]}, not {feature['FeatureType']}"
        for feature in request["FeatureDefinitions"]
        if there.get(feature["FeatureName"]) not in (None, feature["FeatureType"])
    ]
    refused += [
        f"{what} is {have}, not {want}"
        for what, want, have in _fixed(request, description)
        if want not in (None, have)
    ]
    if refused:
        raise UnexpectedState(
            f"feature group {request['FeatureGroupName']} exists with another schema: "
            f"{'; '.join(refused)}",
            next_step="Give the changed group a new name in the use case; only features and the "
            "time to live of a group can be changed.",
        )
    name = {"FeatureGroupName": request["FeatureGroupName"]}
    more = [
        feature for feature in request["FeatureDefinitions"] if feature["FeatureName"] not in there
    ]
    requests: list[dict[str, Any]] = [
        {**name, "FeatureAdditions": more[start : start + ADDITIONS_A_CALL]}
        for start in range(0, len(more), ADDITIONS_A_CALL)
    ]
    ttl = (request.get("OnlineStoreConfig") or {}).get("TtlDuration")
    if ttl and ttl != (description.get("OnlineStoreConfig") or {}).get("TtlDuration"):
        requests.append({**name, "OnlineStoreConfig": {"TtlDuration": ttl}})
    return tuple(requests)


def _fixed(
    request: Mapping[str, Any], description: Mapping[str, Any]
) -> list[tuple[str, str | None, str | None]]:
    """Return what can never change: its name, what the contract wants (None: any), what is."""
    fixed: list[tuple[str, str | None, str | None]] = [
        (key, request[key], description.get(key))
        for key in ("RecordIdentifierFeatureName", "EventTimeFeatureName")
    ]
    online, there = request.get("OnlineStoreConfig"), description.get("OnlineStoreConfig") or {}
    enabled = bool(there.get("EnableOnlineStore"))
    fixed.append(("the online store", _on(online is not None), _on(enabled)))
    if online and enabled:
        fixed.append(("StorageType", online["StorageType"], there.get("StorageType", "Standard")))
    offline, store = request.get("OfflineStoreConfig"), description.get("OfflineStoreConfig") or {}
    fixed.append(("the offline store", _on(offline is not None), _on(bool(store))))
    if offline and store:
        format_ = store.get("TableFormat") or "Glue"
        uri = store.get("S3StorageConfig", {}).get("S3Uri")
        fixed.append(("S3Uri", offline["S3StorageConfig"]["S3Uri"], uri))
        fixed.append(
            (
                "TableFormat",
                offline.get("TableFormat", "Glue"),
                "Glue" if format_ == "Default" else format_,
            )
        )
        table = (offline.get("DataCatalogConfig") or {}).get("TableName")
        fixed.append(("TableName", table, (store.get("DataCatalogConfig") or {}).get("TableName")))
    return fixed


def _on(value: bool) -> str:
    return "on" if value else "off"


def tag_changes(
    contract_tags: Iterable[Mapping[str, str]], group_tags: Iterable[Mapping[str, str]]
) -> tuple[list[dict[str, str]], list[str]]:
    """Return the tags to add to a group and the keys of the tags to remove.

    Both arguments are lists as `ListTags` returns them. Tags of an earlier contract that this one
    does not name are removed; tags that somebody else added stay.
    """
    want = {tag["Key"]: tag["Value"] for tag in contract_tags}
    have = {tag["Key"]: tag["Value"] for tag in group_tags}
    ours = {*have.get(CONTRACT_TAGS, "").split(), CONTRACT_TAGS}
    added = [{"Key": key, "Value": v} for key, v in sorted(want.items()) if have.get(key) != v]
    return added, sorted((ours & set(have)) - set(want))


def metadata(
    group: FeatureGroup, case: UseCase, descriptions: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """Return the `UpdateFeatureMetadata` requests that make the features say what they are.

    `descriptions` maps feature names to `DescribeFeatureMetadata`; a feature that says it already
    is left alone.
    """
    requests = []
    for feature in group.features:
        have = descriptions.get(feature.name, {})
        values = {parameter["Key"]: parameter["Value"] for parameter in have.get("Parameters", ())}
        want = parameters(feature, group, case)
        added = {key: value for key, value in want.items() if values.get(key) != value}
        removed = sorted(set(values) - set(want))
        description = feature.description[:_LONGEST]
        if not added and not removed and have.get("Description", "") == description:
            continue
        request: dict[str, Any] = {
            "FeatureGroupName": group.name,
            "FeatureName": feature.name,
            "Description": description,
        }
        if added:
            request["ParameterAdditions"] = [{"Key": k, "Value": v} for k, v in added.items()]
        if removed:
            request["ParameterRemovals"] = removed
        requests.append(request)
    return tuple(requests)


def parameters(feature: Feature, group: FeatureGroup, case: UseCase) -> dict[str, str]:
    """Return the parameters by which a search finds a feature and its reader understands it."""
    values = {
        "owner": group.owner or case.owner,
        "use-case": case.id,
        "unit": feature.unit,
        "source": feature.source or "derived",
        "nullable": "yes" if feature.nullable else "",
        "codes": " / ".join(f"{code}={meaning}" for code, meaning in (feature.codes or {}).items()),
        "range": _range(feature),
        "tags": " ".join(feature.tags),
    }
    return {key: _plain(value) for key, value in values.items() if value}


def _range(feature: Feature) -> str:
    if feature.range is None:
        return ""
    low, high = feature.range.min, feature.range.max
    return " to ".join("any" if bound is None else f"{bound:g}" for bound in (low, high))


def _plain(text: str) -> str:
    return " ".join(_NOT_ALLOWED.sub(" ", text).split())[:_LONGEST].strip()
