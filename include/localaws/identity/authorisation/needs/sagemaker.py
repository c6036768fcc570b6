"""What SageMaker calls need: by name or ARN, with the keys of the registry and of jobs.

Resources come from the authorization table; this adds what the table lacks. Source: Service
Authorization Reference, "Amazon SageMaker"; SageMaker Developer Guide, "Set up a staging
construct for your model lifecycle".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from localaws.identity.authorisation.needs.derived import derived, tags_of
from localaws.identity.authorisation.needs.passing import passed
from localaws.identity.authorisation.request import (
    AuthorisationRequest,
    Need,
    needs_of_service,
    present,
    text_of,
)
from localaws.kit.arns import is_arn, parse_arn

SAGEMAKER = "sagemaker.amazonaws.com"
GROUP, PACKAGE = "model-package-group", "model-package"
# Handlers authorise each entry of these themselves, because each entry has its own result.
BY_ENTRY = {"BatchGetRecord", "BatchWriteRecord", "BatchDescribeModelPackage"}
# Calls that can add tags to a new resource, which needs sagemaker:AddTags as well.
TAGGED = "Create"


@needs_of_service(
    "sagemaker", "sagemaker-runtime", "sagemaker-featurestore-runtime", "sagemaker-metrics"
)
def sagemaker_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its resources, AddTags for its tags, and PassRole for its roles."""
    if request.operation in BY_ENTRY:
        return
    context = {
        **_registry_keys(request),
        **_work_keys(request.params),
        **_models(request),
        **tags_of(request.params),
    }
    needs = (
        list(_of_group(request, context))
        or list(_of_artifact(request, context))
        or [
            Need(
                need.action,
                need.resource,
                {**need.context, **_resource_tags(request, need.resource)},
            )
            for need in derived(request, context=context)
        ]
    )
    yield from needs
    first = needs[0].resource
    if request.operation.startswith(TAGGED) and request.params.get("Tags"):
        keys = {**tags_of(request.params), "sagemaker:TaggingAction": request.operation}
        yield Need("sagemaker:AddTags", first, keys)
    for name in ("RoleArn", "ExecutionRoleArn"):
        yield from passed(request.params.get(name), SAGEMAKER, first if is_arn(first) else None)


def _of_group(request: AuthorisationRequest, context: Mapping[str, Any]) -> Iterator[Need]:
    """Yield what calls on a group's versions need: the permission is on model packages."""
    group = request.params.get("ModelPackageGroupName")
    if not group or request.operation not in ("CreateModelPackage", "ListModelPackages"):
        return
    arn = parse_arn(request.named("ModelPackageGroupName", GROUP, "sagemaker"))
    version = "*"
    if request.operation == "CreateModelPackage":
        from localaws.sagemaker.registry.store import Registry

        existing = request.stores.store(Registry, arn.account, arn.region).groups.get(
            arn.resource_id
        )
        version = str(existing.last_version + 1) if existing else "1"
    resource = f"arn:aws:sagemaker:{arn.region}:{arn.account}:{PACKAGE}/{arn.resource_id}/{version}"
    yield Need(f"sagemaker:{request.operation}", resource, context)


def _of_artifact(request: AuthorisationRequest, context: Mapping[str, Any]) -> Iterator[Need]:
    """Yield what a new artifact needs: its ARN ends in a hash of its source, not in its name.

    A source may be an ARN; it is not what a call acts on.
    """
    if request.operation in ("ListActions", "ListArtifacts", "ListContexts"):
        yield Need(f"sagemaker:{request.operation}", "*", context)
    if request.operation == "CreateArtifact":
        source = str((request.params.get("Source") or {}).get("SourceUri", ""))
        digest = hashlib.sha256(source.encode()).hexdigest()[:32]
        resource = f"arn:aws:sagemaker:{request.region}:{request.account}:artifact/{digest}"
        yield Need("sagemaker:CreateArtifact", resource, context)


def _registry_keys(request: AuthorisationRequest) -> dict[str, str | list[str]]:
    """Return the keys of approval and life cycle; AWS documents the latter in two spellings."""
    params = request.params
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
    return keys | _current(request)


def _current(request: AuthorisationRequest) -> dict[str, str | list[str]]:
    """Return the keys with the version's current life cycle, before the call."""
    arn = request.params.get("ModelPackageArn") or request.params.get("ModelPackageName")
    if not is_arn(arn) or parse_arn(str(arn)).resource_type != PACKAGE:
        return {}
    from localaws.kit.service import ServiceError
    from localaws.sagemaker.registry.store import Registry

    package = parse_arn(str(arn))
    try:
        registry = request.stores.store(Registry, package.account, package.region)
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
    serverless = [v["ServerlessConfig"] for v in variants if v.get("ServerlessConfig")]
    keys = present(
        sagemaker__ServerlessMaxConcurrency=[str(s["MaxConcurrency"]) for s in serverless],
        sagemaker__ServerlessMemorySize=[str(s["MemorySizeInMB"]) for s in serverless],
        sagemaker__InstanceTypes=types or _listed(cluster.get("InstanceType")),
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


def _models(request: AuthorisationRequest) -> dict[str, str | list[str]]:
    """Return the key with the models of an endpoint config; with several it has several values.

    AWS calls it an ARN; what it holds for several variants is not verified.
    """
    if request.operation != "CreateEndpointConfig":
        return {}
    variants = request.params.get("ProductionVariants") or []
    names = [str(variant["ModelName"]) for variant in variants if variant.get("ModelName")]
    start = f"arn:aws:sagemaker:{request.region}:{request.account}:model"
    return present(sagemaker__ModelArn=[f"{start}/{name}" for name in names])


def _listed(value: Any) -> list[str]:
    return [str(value)] if value else []


def _resource_tags(request: AuthorisationRequest, arn: str) -> dict[str, str | list[str]]:
    if not is_arn(arn):
        return {}
    from localaws.sagemaker.tags import TagStore

    resource = parse_arn(arn)
    tags = request.stores.store(TagStore, resource.account, resource.region).of(arn)
    keys: dict[str, str | list[str]] = {}
    for name, value in tags.items():
        keys |= {f"aws:ResourceTag/{name}": value, f"sagemaker:ResourceTag/{name}": value}
    return keys
