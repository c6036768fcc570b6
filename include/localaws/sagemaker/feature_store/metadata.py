"""SageMaker: the metadata of single features, and the search for features."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.feature_store.groups import NAME, FeatureGroup, FeatureGroups, refused
from localaws.sagemaker.search.search import discoverable, searchable

sagemaker = Service.named("sagemaker")
MOST_PARAMETERS = 25


@sagemaker.operation("DescribeFeatureMetadata", resource=NAME)
def describe_feature_metadata(call: Call) -> dict[str, Any]:
    """Describe one feature of a group."""
    group, name = _feature(call)
    return {"Parameters": [], **record_of(group, name)}


@sagemaker.operation("UpdateFeatureMetadata", resource=NAME)
def update_feature_metadata(call: Call) -> dict[str, Any]:
    """Set a feature's description; add, replace and remove its parameters."""
    params = call.params
    group, name = _feature(call)
    feature = group.features[name]
    parameters = dict(feature.parameters)
    for key in params.get("ParameterRemovals") or ():
        parameters.pop(key, None)
    for parameter in params.get("ParameterAdditions") or ():
        if not parameter.get("Key") or parameter.get("Value") is None:
            raise refused("A parameter needs a Key and a Value.")
        parameters[parameter["Key"]] = parameter["Value"]
    if len(parameters) > MOST_PARAMETERS:
        raise refused(f"A feature has at most {MOST_PARAMETERS} parameters.")
    feature.parameters = parameters
    if "Description" in params:
        feature.description = params["Description"]
    feature.modified = call.now()
    return {}


@searchable("FeatureMetadata")
def feature_records(call: Call, across: bool) -> Iterable[dict[str, Any]]:
    """Yield own features, or those of all accounts that share their catalog with this one."""
    for account in discoverable(call) if across else [call.account]:
        for group in call.store(FeatureGroups, account, call.region).by_name.values():
            for name in group.features:
                yield record_of(group, name)


def record_of(group: FeatureGroup, name: str) -> dict[str, Any]:
    """Return the description of a feature; without parameters it has no `Parameters`."""
    feature = group.features[name]
    record: dict[str, Any] = {
        "FeatureGroupArn": group.arn,
        "FeatureGroupName": group.name,
        "FeatureName": name,
        "FeatureType": group.schema.types[name],
        "CreationTime": feature.created,
        "LastModifiedTime": feature.modified,
    }
    if feature.description is not None:
        record["Description"] = feature.description
    if feature.parameters:
        record["Parameters"] = [
            {"Key": key, "Value": value} for key, value in feature.parameters.items()
        ]
    return record


def _feature(call: Call) -> tuple[FeatureGroup, str]:
    group, name = call.store(FeatureGroups).find(call.params[NAME]), call.params["FeatureName"]
    if name not in group.features:
        raise ServiceError(
            "ResourceNotFound", f"Resource Not Found: no feature {name} in {group.name}", 404
        )
    return group, name
