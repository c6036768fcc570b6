"""What an existing feature group lacks of its contract, and what is said of its features.

A feature group only grows: features can be added and the time to live can change. Everything else
is fixed when it is made (SageMaker service model, `UpdateFeatureGroup`), so a contract that asks
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


def updates(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the `UpdateFeatureGroup` requests that bring a group to its contract.

    Args:
        wanted: the `CreateFeatureGroup` request of the contract.
        found: what `DescribeFeatureGroup` says of the group.

    Raises:
        UnexpectedState: the group differs in something that can never change.
    """
    there = {f["FeatureName"]: f["FeatureType"] for f in found["FeatureDefinitions"]}
    refused = [
        f"{one['FeatureName']} is {there[one['FeatureName']]}, not {one['FeatureType']}"
        for one in wanted["FeatureDefinitions"]
        if there.get(one["FeatureName"]) not in (None, one["FeatureType"])
    ]
    refused += [
        f"{what} is {have}, not {want}"
        for what, want, have in _fixed(wanted, found)
        if want not in (None, have)
    ]
    if refused:
        raise UnexpectedState(
            f"feature group {wanted['FeatureGroupName']} exists with another schema: "
            f"{'; '.join(refused)}",
            next_step="Give the changed group a new name in the use case; only features and the "
            "time to live of a group can be changed.",
        )
    name = {"FeatureGroupName": wanted["FeatureGroupName"]}
    more = [one for one in wanted["FeatureDefinitions"] if one["FeatureName"] not in there]
    requests: list[dict[str, Any]] = [
        {**name, "FeatureAdditions": more[start : start + ADDITIONS_A_CALL]}
        for start in range(0, len(more), ADDITIONS_A_CALL)
    ]
    ttl = (wanted.get("OnlineStoreConfig") or {}).get("TtlDuration")
    if ttl and ttl != (found.get("OnlineStoreConfig") or {}).get("TtlDuration"):
        requests.append({**name, "OnlineStoreConfig": {"TtlDuration": ttl}})
    return tuple(requests)


def _fixed(
    wanted: Mapping[str, Any], found: Mapping[str, Any]
) -> list[tuple[str, str | None, str | None]]:
    """Return what can never change: its name, what the contract wants (None: any), what is."""
    fixed: list[tuple[str, str | None, str | None]] = [
        (key, wanted[key], found.get(key))
        for key in ("RecordIdentifierFeatureName", "EventTimeFeatureName")
    ]
    online, there = wanted.get("OnlineStoreConfig"), found.get("OnlineStoreConfig") or {}
    enabled = bool(there.get("EnableOnlineStore"))
    fixed.append(("the online store", _on(online is not None), _on(enabled)))
    if online and enabled:
        fixed.append(("StorageType", online["StorageType"], there.get("StorageType", "Standard")))
    offline, kept = wanted.get("OfflineStoreConfig"), found.get("OfflineStoreConfig") or {}
    fixed.append(("the offline store", _on(offline is not None), _on(bool(kept))))
    if offline and kept:
        format_ = kept.get("TableFormat") or "Glue"
        place = kept.get("S3StorageConfig", {}).get("S3Uri")
        fixed.append(("S3Uri", offline["S3StorageConfig"]["S3Uri"], place))
        fixed.append(
            (
                "TableFormat",
                offline.get("TableFormat", "Glue"),
                "Glue" if format_ == "Default" else format_,
            )
        )
        table = (offline.get("DataCatalogConfig") or {}).get("TableName")
        fixed.append(("TableName", table, (kept.get("DataCatalogConfig") or {}).get("TableName")))
    return fixed


def _on(value: bool) -> str:
    return "on" if value else "off"


def tag_changes(
    wanted: Iterable[Mapping[str, str]], found: Iterable[Mapping[str, str]]
) -> tuple[list[dict[str, str]], list[str]]:
    """Return the tags to add to a group and the keys to take off it.

    Both arguments are lists as of `ListTags`. What the group has by an earlier contract and this
    one does not name goes; what somebody else put on it stays.
    """
    want = {tag["Key"]: tag["Value"] for tag in wanted}
    have = {tag["Key"]: tag["Value"] for tag in found}
    ours = {*have.get(CONTRACT_TAGS, "").split(), CONTRACT_TAGS}
    added = [{"Key": key, "Value": v} for key, v in sorted(want.items()) if have.get(key) != v]
    return added, sorted((ours & set(have)) - set(want))


def metadata(
    group: FeatureGroup, case: UseCase, found: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """Return the `UpdateFeatureMetadata` requests that make the features say what they are.

    `found` maps feature names to `DescribeFeatureMetadata`; what says it already is left alone.
    """
    requests = []
    for feature in group.features:
        have = found.get(feature.name, {})
        held = {one["Key"]: one["Value"] for one in have.get("Parameters", ())}
        want = parameters(feature, group, case)
        added = {key: value for key, value in want.items() if held.get(key) != value}
        removed = sorted(set(held) - set(want))
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
    found = {
        "owner": group.owner or case.owner,
        "use-case": case.id,
        "unit": feature.unit,
        "source": feature.source or "derived",
        "nullable": "yes" if feature.nullable else "",
        "codes": " / ".join(f"{code}={meaning}" for code, meaning in (feature.codes or {}).items()),
        "range": _range(feature),
        "tags": " ".join(feature.tags),
    }
    return {key: _plain(value) for key, value in found.items() if value}


def _range(feature: Feature) -> str:
    if feature.range is None:
        return ""
    low, high = feature.range.min, feature.range.max
    return " to ".join("any" if bound is None else f"{bound:g}" for bound in (low, high))


def _plain(text: str) -> str:
    return " ".join(_NOT_ALLOWED.sub(" ", text).split())[:_LONGEST].strip()
