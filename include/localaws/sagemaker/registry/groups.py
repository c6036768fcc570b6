"""SageMaker: model package groups and their policies."""

from __future__ import annotations

import json
from typing import Any

from localaws.kit.arns import parse_arn
from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError
from localaws.ram import grants
from localaws.ram.policy_shares import follow_policy
from localaws.sagemaker.registry.store import Group, Registry, resource_name
from localaws.sagemaker.tags import TagStore

sagemaker = Service.named("sagemaker")
NAME = "ModelPackageGroupName"


def group_of(call: Call) -> Group:
    """Return the group that a call names by name or ARN, in the account where it is served."""
    name = resource_name(call.params[NAME], "model-package-group")
    return call.store(Registry).group(name, call.arn(f"model-package-group/{name}", "sagemaker"))


@sagemaker.operation("CreateModelPackageGroup")
def create_model_package_group(call: Call) -> dict[str, Any]:
    """Create a group in the caller's account."""
    registry, name = call.store(Registry), call.params[NAME]
    arn = call.arn(f"model-package-group/{name}")
    if name in registry.groups:
        raise ServiceError("ValidationException", f"Model Package Group already exists: {arn}")
    call.store(TagStore).put(arn, call.params.get("Tags"))
    registry.groups[name] = Group(
        name=name,
        arn=arn,
        created=call.now(),
        created_by={"IamIdentity": call.caller.identity()},
        description=call.params.get("ModelPackageGroupDescription"),
        managed=call.params.get("ManagedConfiguration"),
    )
    return {"ModelPackageGroupArn": arn}


@sagemaker.operation("DescribeModelPackageGroup", resource=NAME)
def describe_model_package_group(call: Call) -> dict[str, Any]:
    """Describe a group, one of another account by its ARN."""
    return group_of(call).describe()


@sagemaker.operation("ListModelPackageGroups")
def list_model_package_groups(call: Call) -> dict[str, Any]:
    """List own groups, or (CrossAccount) those that other accounts share with this one."""
    params = call.params
    if params.get("CrossAccountFilterOption") == "CrossAccount":
        groups = shared_groups(call, "sagemaker:DescribeModelPackageGroup")
    else:
        groups = list(call.store(Registry).groups.values())
    chosen = [g for g in groups if in_window(params, g.created, g.name)]
    by_name = params.get("SortBy") == "Name"
    chosen.sort(key=lambda g: (g.name, g.arn) if by_name else (g.created.isoformat(), g.name))
    if params.get("SortOrder") == "Descending":
        chosen.reverse()
    page, rest = SAGEMAKER.page(params, chosen)
    return {"ModelPackageGroupSummaryList": [group.summary() for group in page], **rest}


@sagemaker.operation("DeleteModelPackageGroup", resource=NAME)
def delete_model_package_group(call: Call) -> dict[str, Any]:
    """Delete an empty group, also from shares."""
    group = group_of(call)
    if group.versions:
        raise ServiceError(
            "ConflictException",
            f"Model Package Group {group.arn} cannot be deleted because it still contains "
            "Model Packages.",
        )
    del call.store(Registry).groups[group.name]
    call.store(TagStore).forget(group.arn)
    grants.forget(call, group.arn)
    return {}


@sagemaker.operation("PutModelPackageGroupPolicy")
def put_model_package_group_policy(call: Call) -> dict[str, Any]:
    """Replace the group's resource policy (by name only: the group is the caller's own)."""
    group = group_of(call)
    try:
        document = json.loads(call.params["ResourcePolicy"])
    except json.JSONDecodeError as error:
        raise ServiceError("ValidationException", f"Invalid resource policy: {error}") from error
    if not isinstance(document, dict) or not document.get("Statement"):
        raise ServiceError("ValidationException", "Invalid resource policy: it has no Statement.")
    group.policy = call.params["ResourcePolicy"]
    follow_policy(call, group.arn, document)
    return {"ModelPackageGroupArn": group.arn}


@sagemaker.operation("GetModelPackageGroupPolicy")
def get_model_package_group_policy(call: Call) -> dict[str, Any]:
    """Return the group's resource policy."""
    return {"ResourcePolicy": _policy(group_of(call))}


@sagemaker.operation("DeleteModelPackageGroupPolicy")
def delete_model_package_group_policy(call: Call) -> dict[str, Any]:
    """Remove the group's resource policy."""
    group = group_of(call)
    _policy(group)
    group.policy = None
    follow_policy(call, group.arn, None)
    return {}


def shared_groups(call: Call, action: str) -> list[Group]:
    """Return the groups of other accounts on which RAM grants this account `action`."""
    arns = grants.shared_with(
        call, call.account, call.region, "sagemaker:ModelPackageGroup", action
    )
    groups = []
    for text in arns:
        arn = parse_arn(text)
        group = call.store(Registry, arn.account, arn.region).groups.get(arn.resource_id)
        if group is not None:
            groups.append(group)
    return groups


def in_window(params: dict[str, Any], created: Any, name: str) -> bool:
    """Tell whether an item passes the time and name filters of SageMaker's lists."""
    moment = created.replace(tzinfo=None)
    after, before = params.get("CreationTimeAfter"), params.get("CreationTimeBefore")
    return (
        (after is None or moment >= after.replace(tzinfo=None))
        and (before is None or moment <= before.replace(tzinfo=None))
        and params.get("NameContains", "").lower() in name.lower()
    )


def _policy(group: Group) -> str:
    if group.policy is None:
        raise ServiceError("ValidationException", f"Cannot find resource policy for: {group.arn}")
    return group.policy
