"""CloudFormation's reading operations: stacks, their resources, their history, their templates."""

from __future__ import annotations

from typing import Any

from localaws.cloudformation.stack import Event, Stack, StackResource, Stacks, summary
from localaws.kit.paging import Pager
from localaws.kit.service import Call, Service, ServiceError

cloudformation = Service.named("cloudformation")
# CloudFormation pages by size of the reply and takes no size; a hundred items are one page here.
PAGES = Pager("NextToken", "", 100, "ValidationError")


@cloudformation.operation("DescribeStacks")
def describe_stacks(call: Call) -> dict[str, Any]:
    """Return one stack, or all that are not deleted, the newest first."""
    name = call.params.get("StackName")
    stacks = [find_stack(call, name)] if name else _live(call)
    page, rest = PAGES.page(call.params, [summary(stack) for stack in stacks])
    return {"Stacks": page, **rest}


@cloudformation.operation("ListStacks")
def list_stacks(call: Call) -> dict[str, Any]:
    """Return summaries of all stacks, deleted ones included, or of those in given statuses."""
    statuses = call.params.get("StackStatusFilter") or []
    stacks = sorted(
        call.store(Stacks).by_id.values(), key=lambda stack: stack.created, reverse=True
    )
    shown = []
    for stack in stacks:
        if statuses and stack.status not in statuses:
            continue
        item = {
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "CreationTime": stack.created,
            "StackStatus": stack.status,
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        }
        optional = {
            "TemplateDescription": stack.request.template.description,
            "LastUpdatedTime": stack.updated,
            "DeletionTime": stack.deleted,
            "StackStatusReason": stack.reason,
        }
        shown.append({**item, **{name: value for name, value in optional.items() if value}})
    page, rest = PAGES.page(call.params, shown)
    return {"StackSummaries": page, **rest}


@cloudformation.operation("DescribeStackEvents")
def describe_stack_events(call: Call) -> dict[str, Any]:
    """Return a stack's history, the newest event first."""
    stack = find_stack(call, call.params["StackName"])
    events = [_event(stack, event) for event in reversed(stack.events)]
    page, rest = PAGES.page(call.params, events)
    return {"StackEvents": page, **rest}


@cloudformation.operation("DescribeStackResources")
def describe_stack_resources(call: Call) -> dict[str, Any]:
    """Return a stack's resources, by the stack or by a physical id of one of them."""
    name, physical = call.params.get("StackName"), call.params.get("PhysicalResourceId")
    if bool(name) == bool(physical):
        raise ServiceError(
            "ValidationError",
            "Either StackName or PhysicalResourceId must be specified, but not both",
        )
    stack = find_stack(call, name) if name else _holding(call, str(physical))
    logical = call.params.get("LogicalResourceId")
    resources = [r for r in stack.resources.values() if logical in (None, r.logical_id)]
    return {
        "StackResources": [
            {
                "StackName": stack.name,
                "StackId": stack.stack_id,
                "Timestamp": resource.changed,
                **_resource(resource),
            }
            for resource in resources
        ]
    }


@cloudformation.operation("DescribeStackResource")
def describe_stack_resource(call: Call) -> dict[str, Any]:
    """Return one resource of a stack."""
    stack = find_stack(call, call.params["StackName"])
    logical = call.params["LogicalResourceId"]
    if logical not in stack.resources:
        raise ServiceError(
            "ValidationError", f"Resource {logical} does not exist for stack {stack.name}"
        )
    resource = stack.resources[logical]
    return {
        "StackResourceDetail": {
            "StackName": stack.name,
            "StackId": stack.stack_id,
            "LastUpdatedTimestamp": resource.changed,
            **_resource(resource),
        }
    }


@cloudformation.operation("ListStackResources")
def list_stack_resources(call: Call) -> dict[str, Any]:
    """Return summaries of a stack's resources."""
    stack = find_stack(call, call.params["StackName"])
    shown = [
        {"LastUpdatedTimestamp": resource.changed, **_resource(resource)}
        for resource in stack.resources.values()
    ]
    page, rest = PAGES.page(call.params, shown)
    return {"StackResourceSummaries": page, **rest}


@cloudformation.operation("GetTemplate")
def get_template(call: Call) -> dict[str, Any]:
    """Return a stack's original template; transforms are not supported."""
    if call.params.get("ChangeSetName"):
        raise ServiceError(
            "ValidationError", "the local CloudFormation does not support ChangeSetName"
        )
    stack = find_stack(call, call.params.get("StackName") or "")
    return {
        "TemplateBody": stack.request.template.body,
        "StagesAvailable": ["Original", "Processed"],
    }


@cloudformation.operation("ListExports")
def list_exports(call: Call) -> dict[str, Any]:
    """List the exports of the account's stacks in this region."""
    exports = [
        {"ExportingStackId": stack.stack_id, "Name": name, "Value": value}
        for stack in _live(call)
        for name, value in stack.exports().items()
    ]
    page, rest = PAGES.page(call.params, sorted(exports, key=lambda export: export["Name"]))
    return {"Exports": page, **rest}


@cloudformation.operation("ListImports")
def list_imports(call: Call) -> dict[str, Any]:
    """List the stacks that use an export; ValidationError if there is none."""
    name = call.params["ExportName"]
    users = call.store(Stacks).importers(name)
    if not users:
        raise ServiceError("ValidationError", f"Export '{name}' is not imported by any stack.")
    page, rest = PAGES.page(call.params, users)
    return {"Imports": page, **rest}


def find_stack(call: Call, name_or_id: str) -> Stack:
    """Return the stack by name or id; ValidationError when there is none."""
    stack = call.store(Stacks).find(name_or_id)
    if stack is None:
        raise ServiceError("ValidationError", f"Stack with id {name_or_id} does not exist")
    return stack


def _live(call: Call) -> list[Stack]:
    stacks = call.store(Stacks).by_id.values()
    live = [stack for stack in stacks if stack.status != "DELETE_COMPLETE"]
    return sorted(live, key=lambda stack: stack.created, reverse=True)


def _holding(call: Call, physical_id: str) -> Stack:
    for stack in _live(call):
        if any(r.physical_id == physical_id for r in stack.resources.values()):
            return stack
    raise ServiceError("ValidationError", f"Stack for {physical_id} does not exist")


def _resource(resource: StackResource) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.declaration.type,
        "ResourceStatus": resource.status,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }
    return {**shown, **({"ResourceStatusReason": resource.reason} if resource.reason else {})}


def _event(stack: Stack, event: Event) -> dict[str, Any]:
    shown = {
        "StackId": stack.stack_id,
        "EventId": event.event_id,
        "StackName": stack.name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "Timestamp": event.at,
        "ResourceStatus": event.status,
    }
    optional = {
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
        "ClientRequestToken": event.token,
    }
    return {**shown, **{name: value for name, value in optional.items() if value}}
