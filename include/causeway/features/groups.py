"""Feature groups: from the contract to the requests that make them and to what their job reads."""

from __future__ import annotations

from typing import Any, Final

from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.use_cases.contracts import Feature, FeatureGroup
from causeway.use_cases.raw_sources import RawSource
from causeway.use_cases.stores import ACCOUNT_KEY
from causeway.use_cases.use_case import UseCase

#: The only prefix of the data bucket that a consumer account reads.
OFFLINE_ROOT: Final = "offline-store"

#: The tag that lists the keys of the tags that a group has by its contract.
CONTRACT_TAGS: Final = "causeway:tags"


def create_request(
    group: FeatureGroup, case: UseCase, topology: Topology, *, kms_key_id: str | None = None
) -> dict[str, Any]:
    """Build the `CreateFeatureGroup` request, in the data account.

    `kms_key_id` is the account's own key, for the stores whose contract asks for it.
    """
    request: dict[str, Any] = {
        "FeatureGroupName": group.name,
        "RecordIdentifierFeatureName": group.record_identifier,
        "EventTimeFeatureName": group.event_time,
        "FeatureDefinitions": definitions(group),
    }
    if group.online.enabled:
        request["OnlineStoreConfig"] = _online(group, kms_key_id)
    if group.offline.enabled:
        request["OfflineStoreConfig"] = _offline(group, case, topology, kms_key_id)
    return {
        **request,
        "RoleArn": topology.role_arn(AccountRole.DATA, "feature-execution"),
        "Description": group.description[:128],
        "Tags": group_tags(group, case),
    }


def group_tags(group: FeatureGroup, case: UseCase) -> list[dict[str, str]]:
    """Return the tags of a feature group: its use case, its owner and the contract's words.

    One more tag lists the keys of the contract's, so that one that leaves it can be told from those
    that somebody else put on the group.
    """
    tags = {"causeway:use-case": case.id, "causeway:owner": group.owner or case.owner}
    tags |= group.tags
    if group.tags:
        tags[CONTRACT_TAGS] = " ".join(sorted(group.tags))
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _online(group: FeatureGroup, kms_key_id: str | None) -> dict[str, Any]:
    store = group.online
    config: dict[str, Any] = {"EnableOnlineStore": True, "StorageType": store.storage}
    if key := _key(store.key, kms_key_id):
        config["SecurityConfig"] = {"KmsKeyId": key}
    if store.ttl:
        config["TtlDuration"] = store.ttl.as_request()
    return config


def _offline(
    group: FeatureGroup, case: UseCase, topology: Topology, kms_key_id: str | None
) -> dict[str, Any]:
    store = group.offline
    prefix = f"{OFFLINE_ROOT}/{store.prefix}" if store.prefix else offline_prefix(case)
    bucket = topology.bucket(AccountRole.DATA)
    storage: dict[str, Any] = {"S3Uri": f"s3://{bucket}/{prefix}"}
    if key := _key(store.key, kms_key_id):
        storage["KmsKeyId"] = key
    config: dict[str, Any] = {"S3StorageConfig": storage}
    if store.table:
        config["DataCatalogConfig"] = {
            "TableName": store.table,
            "Catalog": "AwsDataCatalog",
            "Database": store.database,
        }
    if store.format != "Glue":
        config["TableFormat"] = store.format
    return config


def _key(key: str | None, account_key: str | None) -> str | None:
    return account_key if key == ACCOUNT_KEY else key


def offline_prefix(case: UseCase) -> str:
    """Return the prefix of the use case's offline store in the data bucket."""
    return f"{OFFLINE_ROOT}/{case.id}"


def raw_key(case: UseCase, digest: str) -> str:
    """Return the key of a raw file, of whatever form, in the data bucket: content-addressed."""
    return f"raw/{case.id}/{digest}"


def rows_key(case: UseCase, digest: str, rows_digest: str) -> str:
    """Return the key of a raw file's validated rows: it names that file, and what they are."""
    return f"{raw_key(case, digest)}-rows/{rows_digest}.parquet"


def definitions(group: FeatureGroup) -> list[dict[str, str]]:
    """Return the feature definitions: identifier and time as String, then the features."""
    return [
        {"FeatureName": group.record_identifier, "FeatureType": "String"},
        {"FeatureName": group.event_time, "FeatureType": "String"},
        *({"FeatureName": f.name, "FeatureType": f.type} for f in group.features),
    ]


def contract_document(source: RawSource, as_of: str = "") -> dict[str, Any]:
    """Return the contract of a raw source as the JSON that the feature-engineering job reads.

    `as_of` is the event time of the delivery, where it is not that of the contract.

    `groups[].file` names the Parquet file that the job writes for the group; a `normalise`
    carries the declared bounds of its operand.
    """
    fixed = source.data.event_time.instant
    return {
        # Without it, the event time of the rows holds.
        "event_time": (as_of or fixed) if fixed else None,
        "groups": [
            {
                "name": group.name,
                "file": group_file(source.use_case, group),
                "record_identifier": group.record_identifier,
                "event_time": group.event_time,
                "features": [_feature_document(source, f) for f in group.features],
            }
            for group in source.groups
        ],
    }


def group_file(use_case: str, group: FeatureGroup) -> str:
    """Return the group's Parquet file: its name without the use case's, `applicant.parquet`."""
    prefix = use_case.replace("_", "-") + "-"
    return f"{group.name.removeprefix(prefix)}.parquet"


def _feature_document(source: RawSource, feature: Feature) -> dict[str, Any]:
    derive: dict[str, Any] | None = None
    if feature.derive is not None:
        derive = {"op": feature.derive.op, "of": list(feature.derive.of)}
        bounds = source.features[feature.derive.of[0]].range
        if feature.derive.op == "normalise" and bounds is not None:
            derive |= {"min": bounds.min, "max": bounds.max}
    return {
        "name": feature.name,
        "type": feature.type,
        "source": feature.source,
        "derive": derive,
        "codes": list(feature.codes) if feature.codes is not None else None,
        "min": feature.range.min if feature.range else None,
        "max": feature.range.max if feature.range else None,
        "nullable": feature.nullable,
    }
