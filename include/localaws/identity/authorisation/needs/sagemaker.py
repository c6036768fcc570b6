"""What SageMaker calls need: by name or ARN, with the keys of the registry and of jobs.

Resources come from the authorization table; here is what the table does not say. Source: Service
Authorization Reference, "Amazon SageMaker"; SageMaker Developer Guide, "Set up a staging
construct for your model lifecycle".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from localaws.identity.authorisation.asked import Asked, Need, needs_of_service, present, text_of
from localaws.identity.authorisation.needs.derived import derived, tags_of
from localaws.identity.authorisation.needs.passing import passed
from localaws.kit.arns import is_arn, parse_arn

SAGEMAKER = "sagemaker.amazonaws.com"
GROUP, PACKAGE = "model-package-group", "model-package"
# Each entry of these is authorised by its handler, which answers entry by entry.
BY_ENTRY = {"BatchGetRecord", "BatchWriteRecord", "BatchDescribeModelPackage"}
# Resource kinds that a create call can tag at once, which needs sagemaker:AddTags as well.
TAGGED = "Create"


@needs_of_service(
    "sagemaker", "sagemaker-runtime", "sagemaker-featurestore-runtime", "sagemaker-metrics"
)
def sagemaker_needs(asked: Asked) -> Iterator[Need]:
    """Yield the operation on its resources, AddTags for tags it gives, and the roles it passes."""
    if asked.operation in BY_ENTRY:
        return
    context = {**_registry_keys(asked), **_work_keys(asked.params), **tags_of(asked.params)}
    made = list(_of_group(asked, context)) or [
        Need(need.action, need.resource, {**need.context, **_resource_tags(asked, need.resource)})
        for need in derived(asked, context=context)
    ]
    yield from made
    first = made[0].resource
    if asked.operation.startswith(TAGGED) and asked.params.get("Tags"):
        keys = {**tags_of(asked.params), "sagemaker:TaggingAction": asked.operation}
        yield Need("sagemaker:AddTags", first, keys)
    for name in ("RoleArn", "ExecutionRoleArn"):
        yield from passed(asked.params.get(name), SAGEMAKER, first if is_arn(first) else None)


def _of_group(asked: Asked, context: Mapping[str, Any]) -> Iterator[Need]:
    """Yield what calls on a group's versions need: they are authorised on model packages."""
    group = asked.params.get("ModelPackageGroupName")
    if not group or asked.operation not in ("CreateModelPackage", "ListModelPackages"):
        return
    arn = parse_arn(asked.named("ModelPackageGroupName", GROUP, "sagemaker"))
    version = "*"
    if asked.operation == "CreateModelPackage":
        from localaws.sagemaker.registry.store import Registry

        held = asked.stores.store(Registry, arn.account, arn.region).groups.get(arn.resource_id)
        version = str(held.last_version + 1) if held else "1"
    resource = f"arn:aws:sagemaker:{arn.region}:{arn.account}:{PACKAGE}/{arn.resource_id}/{version}"
    yield Need(f"sagemaker:{asked.operation}", resource, context)


def _registry_keys(asked: Asked) -> dict[str, str | list[str]]:
    """Return the keys of approval and life cycle; AWS's pages spell the latter in two ways."""
    params = asked.params
    life = params.get("ModelLifeCycle") or {}
    keys = present(
        sagemaker__ModelApprovalStatus=params.get("ModelApprovalStatus"),
        sagemaker__CustomerMetadataPropertiesToRemove=params.get(
            "CustomerMetadataPropertiesToRemove"
        ),
    )
    for member, name in (("Stage", "stage"), ("StageStatus", "stageStatus")):
        if life.get(member):
            keys[f"sagemaker:ModelLifeCycle:{name}"] = str(life[member])
            keys[f"sagemaker:ModelLifeCycle/{name}"] = str(life[member])
    for name, value in (params.get("CustomerMetadataProperties") or {}).items():
        keys[f"sagemaker:CustomerMetadataProperties/{name}"] = str(value)
    return keys | _current(asked)


def _current(asked: Asked) -> dict[str, str | list[str]]:
    """Return the keys of the version as it is before the call."""
    arn = asked.params.get("ModelPackageArn") or asked.params.get("ModelPackageName")
    if not is_arn(arn) or parse_arn(str(arn)).resource_type != PACKAGE:
        return {}
    from localaws.kit.service import ServiceError
    from localaws.sagemaker.registry.store import Registry

    place = parse_arn(str(arn))
    try:
        registry = asked.stores.store(Registry, place.account, place.region)
        record = registry.package(str(arn), str(arn))
    except ServiceError:
        return {}
    life = record.get("ModelLifeCycle") or {}
    return present(
        sagemaker__CurrentModelLifeCycleStage=life.get("Stage"),
        sagemaker__CurrentModelLifeCycleStageStatus=life.get("StageStatus"),
    )


def _work_keys(params: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return the keys of jobs, endpoint configs and feature groups."""
    resources = params.get("ResourceConfig") or {}
    cluster = (params.get("ProcessingResources") or {}).get("ClusterConfig") or resources
    network = params.get("NetworkConfig") or params
    vpc = network.get("VpcConfig") or {}
    output = params.get("OutputDataConfig") or params.get("ProcessingOutputConfig") or {}
    online = params.get("OnlineStoreConfig") or {}
    offline = params.get("OfflineStoreConfig") or {}
    storage = offline.get("S3StorageConfig") or {}
    variants = params.get("ProductionVariants") or []
    types = [v["InstanceType"] for v in variants if v.get("InstanceType")]
    keys = present(
        sagemaker__InstanceTypes=types or _one(cluster.get("InstanceType")),
        sagemaker__VolumeKmsKey=cluster.get("VolumeKmsKeyId") or params.get("KmsKeyId"),
        sagemaker__OutputKmsKey=output.get("KmsKeyId"),
        sagemaker__VpcSubnets=vpc.get("Subnets"),
        sagemaker__VpcSecurityGroupIds=vpc.get("SecurityGroupIds"),
        sagemaker__MaxRuntimeInSeconds=(params.get("StoppingCondition") or {}).get(
            "MaxRuntimeInSeconds"
        ),
        sagemaker__FeatureGroupOnlineStoreKmsKey=(online.get("SecurityConfig") or {}).get(
            "KmsKeyId"
        ),
        sagemaker__FeatureGroupOfflineStoreKmsKey=storage.get("KmsKeyId"),
        sagemaker__FeatureGroupOfflineStoreS3Uri=storage.get("S3Uri"),
    )
    if "OnlineStoreConfig" in params:
        keys["sagemaker:FeatureGroupEnableOnlineStore"] = text_of(
            bool(online.get("EnableOnlineStore"))
        )
    if "EnableNetworkIsolation" in network:
        keys["sagemaker:NetworkIsolation"] = text_of(bool(network["EnableNetworkIsolation"]))
    traffic = network.get("EnableInterContainerTrafficEncryption")
    if traffic is not None:
        keys["sagemaker:InterContainerTrafficEncryption"] = text_of(bool(traffic))
    return keys


def _one(value: Any) -> list[str]:
    return [str(value)] if value else []


def _resource_tags(asked: Asked, arn: str) -> dict[str, str | list[str]]:
    if not is_arn(arn):
        return {}
    from localaws.sagemaker.tags import TagStore

    place = parse_arn(arn)
    tags = asked.stores.store(TagStore, place.account, place.region).of(arn)
    found: dict[str, str | list[str]] = {}
    for name, value in tags.items():
        found |= {f"aws:ResourceTag/{name}": value, f"sagemaker:ResourceTag/{name}": value}
    return found
