"""SageMaker: model packages, the versions of a group."""

from __future__ import annotations

from typing import Any

from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.registry.events import announce
from localaws.sagemaker.registry.groups import group_of, in_window
from localaws.sagemaker.registry.store import Group, Record, Registry, resource_name, snapshot
from localaws.sagemaker.registry.updates import apply
from localaws.sagemaker.tags import TagStore

sagemaker = Service.named("sagemaker")

# Parameters of CreateModelPackage that DescribeModelPackage returns unchanged.
KEPT = (
    "ModelPackageDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "ValidationSpecification",
    "SourceAlgorithmSpecification",
    "MetadataProperties",
    "ModelMetrics",
    "Domain",
    "Task",
    "SamplePayloadUrl",
    "CustomerMetadataProperties",
    "DriftCheckBaselines",
    "AdditionalInferenceSpecifications",
    "SkipModelValidation",
    "SourceUri",
    "SecurityConfig",
    "ModelCard",
    "ModelLifeCycle",
    "ManagedStorageType",
)
SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
# The shape has no life cycle, LastModifiedBy, customer metadata or metrics.
BATCH_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
)


@sagemaker.operation("CreateModelPackage", resource="ModelPackageGroupName")
def create_model_package(call: Call) -> dict[str, Any]:
    """Register a version in a group (another account's by ARN), or an unversioned package.

    The same ClientToken with the same parameters returns the version it created; with others it
    is a ConflictException.
    """
    params, registry = call.params, call.store(Registry)
    if ("ModelPackageGroupName" in params) == ("ModelPackageName" in params):
        raise ServiceError(
            "ValidationException",
            "Exactly one of ModelPackageGroupName and ModelPackageName must be provided.",
        )
    if "ModelPackageGroupName" in params and params.get("Tags"):
        raise ServiceError(
            "ValidationException",
            "Tags cannot be provided for a versioned model package; tag its group.",
        )
    create = _create_version if "ModelPackageGroupName" in params else _create_unversioned
    return _once(call, registry, lambda: create(call))


@sagemaker.operation("DescribeModelPackage", resource="ModelPackageName")
def describe_model_package(call: Call) -> dict[str, Any]:
    """Return every field of a package, another account's by ARN."""
    record = snapshot(_package(call, call.params["ModelPackageName"]))
    if call.params.get("IncludedData") == "MetadataOnly" and "ModelCard" in record:
        record["ModelCard"].pop("ModelCardContent", None)
    return record


@sagemaker.operation("ListModelPackages", resource="ModelPackageGroupName")
def list_model_packages(call: Call) -> dict[str, Any]:
    """List the versions of a group, or the account's packages of a type."""
    params = call.params
    if "ModelPackageGroupName" in params:
        records = list(group_of(call).versions.values())
    else:
        kind = params.get("ModelPackageType", "Unversioned")
        records = [
            record
            for record in call.store(Registry).packages()
            if kind == "Both" or (kind == "Versioned") == ("ModelPackageVersion" in record)
        ]
    status = params.get("ModelApprovalStatus")
    chosen = [
        record
        for record in records
        if in_window(params, record["CreationTime"], record["ModelPackageName"])
        and status in (None, record.get("ModelApprovalStatus"))
    ]
    by_name = params.get("SortBy") == "Name"
    chosen.sort(
        key=lambda r: (
            r["ModelPackageName"] if by_name else r["CreationTime"].isoformat(),
            r.get("ModelPackageVersion", 0),
        )
    )
    if params.get("SortOrder") == "Descending":
        chosen.reverse()
    page, rest = SAGEMAKER.page(params, chosen)
    return {"ModelPackageSummaryList": [_pick(record, SUMMARY) for record in page], **rest}


@sagemaker.operation("BatchDescribeModelPackage")
def batch_describe_model_package(call: Call) -> dict[str, Any]:
    """Describe up to 100 packages briefly; each failure has its own error."""
    summaries: dict[str, Record] = {}
    errors: dict[str, Record] = {}
    for text in call.params["ModelPackageArnList"]:
        try:
            call.authorise("sagemaker:BatchDescribeModelPackage", text)
            arn = parse_arn(text)
            registry = call.store(Registry, arn.account, arn.region)
            record = _pick(registry.package(text, text), BATCH_SUMMARY)
            # Both are required by the shape; an unversioned or logged package may have none.
            record.setdefault("ModelPackageGroupName", "")
            record.setdefault("InferenceSpecification", {"Containers": []})
            summaries[text] = record
        except ServiceError as error:
            errors[text] = {"ErrorCode": error.code, "ErrorResponse": error.message}
    return {
        "ModelPackageSummaries": summaries,
        "BatchDescribeModelPackageErrorMap": errors,
    }


@sagemaker.operation("UpdateModelPackage", resource="ModelPackageArn")
def update_model_package(call: Call) -> dict[str, Any]:
    """Change a package: approval, life cycle, metadata, card, specification.

    Sets LastModifiedTime and LastModifiedBy to now and to the caller.
    """
    arn = call.params["ModelPackageArn"]
    record = _package(call, arn)

    def update() -> dict[str, Any]:
        changed = apply(record, call.params)
        record["LastModifiedTime"] = call.now()
        record["LastModifiedBy"] = {"IamIdentity": call.caller.identity()}
        announce(call, record, changed)
        return {"ModelPackageArn": arn}

    return _once(call, call.store(Registry), update)


@sagemaker.operation("DeleteModelPackage", resource="ModelPackageName")
def delete_model_package(call: Call) -> dict[str, Any]:
    """Delete a package; its version number is not reused."""
    record, registry = _package(call, call.params["ModelPackageName"]), call.store(Registry)
    if "ModelPackageVersion" in record:
        group = registry.groups[record["ModelPackageGroupName"]]
        del group.versions[record["ModelPackageVersion"]]
    else:
        del registry.unversioned[record["ModelPackageName"]]
        call.store(TagStore).forget(record["ModelPackageArn"])
    return {}


def _once(call: Call, registry: Registry, act: Any) -> dict[str, Any]:
    token = call.params.get("ClientToken")
    if not token:
        return dict(act())
    mismatch = ServiceError(
        "ConflictException", f"The ClientToken {token} was used with other parameters before."
    )
    key = (call.caller.account, call.operation, token)
    return registry.tokens.once(key, call.params, call.now(), act, mismatch)


def _package(call: Call, name_or_arn: str) -> Record:
    name = resource_name(name_or_arn, "model-package")
    own = name_or_arn if is_arn(name_or_arn) else call.arn(f"model-package/{name}")
    return call.store(Registry).package(name_or_arn, own)


def _create_version(call: Call) -> dict[str, Any]:
    group = group_of(call)
    number = group.last_version + 1
    record = _record(call, group, number)
    group.last_version = number
    group.versions[number] = record
    announce(call, record, [])
    return {"ModelPackageArn": record["ModelPackageArn"]}


def _create_unversioned(call: Call) -> dict[str, Any]:
    name, registry = call.params["ModelPackageName"], call.store(Registry)
    record = _record(call, None, None)
    if name in registry.unversioned:
        raise ServiceError(
            "ValidationException", f"Model Package already exists: {record['ModelPackageArn']}"
        )
    call.store(TagStore).put(record["ModelPackageArn"], call.params.get("Tags"))
    registry.unversioned[name] = record
    announce(call, record, [])
    return {"ModelPackageArn": record["ModelPackageArn"]}


def _record(call: Call, group: Group | None, version: int | None) -> Record:
    params, now = call.params, call.now()
    name = group.name if group else params["ModelPackageName"]
    record: Record = {
        "ModelPackageName": name,
        "ModelPackageArn": call.arn(f"model-package/{name}" + (f"/{version}" if version else "")),
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": {"IamIdentity": call.caller.identity()},
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": params.get("CertifyForMarketplace", False),
    }
    record |= {name: params[name] for name in KEPT if params.get(name) is not None}
    if version:
        record["ModelPackageGroupName"] = name
        record["ModelPackageVersion"] = version
        record["ModelApprovalStatus"] = params.get("ModelApprovalStatus", "PendingManualApproval")
    elif params.get("ModelApprovalStatus"):
        record["ModelApprovalStatus"] = params["ModelApprovalStatus"]
    return snapshot(record)


def _pick(record: Record, fields: tuple[str, ...]) -> Record:
    return snapshot({name: record[name] for name in fields if name in record})
