"""SageMaker lineage: an account's only lineage group, which RAM can share as a whole."""

from __future__ import annotations

import json
from typing import Any

from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError
from localaws.ram import grants
from localaws.sagemaker.lineage.listing import created_in
from localaws.sagemaker.lineage.store import GROUP, LineageStore
from localaws.sagemaker.registry.store import resource_name

sagemaker = Service.named("sagemaker")
NAME = "LineageGroupName"


@sagemaker.operation("DescribeLineageGroup")
def describe_lineage_group(call: Call) -> dict[str, Any]:
    """Describe the default group, which exists since the account's first lineage entity."""
    return _group(call)


@sagemaker.operation("ListLineageGroups")
def list_lineage_groups(call: Call) -> dict[str, Any]:
    """List the account's group, if it exists yet."""
    group = call.store(LineageStore).group
    groups = [group] if group and created_in(call.params, group["CreationTime"]) else []
    page, rest = SAGEMAKER.page(call.params, groups)
    hidden = ("Description", "CreatedBy", "LastModifiedBy")
    shown = [{k: v for k, v in item.items() if k not in hidden} for item in page]
    return {"LineageGroupSummaries": shown, **rest}


@sagemaker.operation("GetLineageGroupPolicy", resource=NAME)
def get_lineage_group_policy(call: Call) -> dict[str, Any]:
    """Return RAM's policy of a shared group; ResourceNotFound if it is not shared."""
    arn = _group(call)["LineageGroupArn"]
    store = grants.store_of(call, call.region)
    statements = []
    with store.lock:
        for share in store.sharing(arn):
            joined = [p for p, a in share.principals.items() if a.status == "ASSOCIATED"]
            if joined:
                statements.append(
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": sorted(joined)},
                        "Action": sorted(share.actions("sagemaker:LineageGroup")),
                        "Resource": arn,
                    }
                )
    if not statements:
        raise ServiceError("ResourceNotFound", f"Lineage group {arn} has no resource policy.")
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return {"LineageGroupArn": arn, "ResourcePolicy": policy}


def _group(call: Call) -> dict[str, Any]:
    name = resource_name(call.params[NAME], "lineage-group")
    group = call.store(LineageStore).group
    if group is None or name != GROUP:
        arn = call.arn(f"lineage-group/{name}")
        raise ServiceError("ResourceNotFound", f"Lineage group {arn} does not exist.")
    return dict(group)
