"""Change sets: what an update (or the creation) of a stack would do, looked at and then done.

Source: AWS CloudFormation API Reference, CreateChangeSet, DescribeChangeSet, ExecuteChangeSet. The
command `aws cloudformation deploy` makes one and executes it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from localaws.cloudformation import operations
from localaws.cloudformation.errors import TemplateError
from localaws.cloudformation.reading import PAGES, find_stack
from localaws.cloudformation.requests import (
    build,
    deployment_of,
    new_stack,
    refuse_unsupported,
    role_of,
    unsupported,
)
from localaws.cloudformation.stack import REVIEW, UPDATABLE, Request, Stack, Stacks
from localaws.kit.service import Call, Service, ServiceError

cloudformation = Service.named("cloudformation")
EXECUTED = "EXECUTE_COMPLETE"
NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)
OPTIONS = (
    "ResourcesToImport",
    "IncludeNestedStacks",
    "ImportExistingResources",
    "OnStackFailure",
    "DeploymentMode",
)


@dataclass
class ChangeSet:
    """A change set. One that would change nothing has failed and cannot be executed."""

    arn: str
    name: str
    stack: Stack
    request: Request
    kind: str  # CREATE or UPDATE
    role_arn: str | None  # becomes the stack's when the change set is executed
    created: datetime
    description: str | None
    changes: list[dict[str, Any]]
    status: str = "CREATE_COMPLETE"
    reason: str | None = None
    execution: str = "AVAILABLE"

    def summary(self) -> dict[str, Any]:
        """Return what a list of change sets shows."""
        shown: dict[str, Any] = {
            "ChangeSetId": self.arn,
            "ChangeSetName": self.name,
            "StackId": self.stack.stack_id,
            "StackName": self.stack.name,
            "CreationTime": self.created,
            "Status": self.status,
            "ExecutionStatus": self.execution,
        }
        more = {"Description": self.description, "StatusReason": self.reason}
        return shown | {name: value for name, value in more.items() if value}


@cloudformation.operation("CreateChangeSet")
def create_change_set(call: Call) -> dict[str, Any]:
    """Make a change set; with type CREATE also the stack, which waits for its execution."""
    refuse_unsupported(call)
    for option in OPTIONS:
        if call.params.get(option):
            raise unsupported(option)
    kind = call.params.get("ChangeSetType", "UPDATE")
    if kind == "IMPORT":
        raise unsupported("ChangeSetType IMPORT")
    stack, name = _stack(call, kind), call.params["ChangeSetName"]
    present = stack.change_sets.get(name)
    if present is not None and present.execution != EXECUTED:
        raise ServiceError("AlreadyExistsException", f"ChangeSet {name} cannot be created: exists")
    request = build(call, stack.name, stack.stack_id, None if kind == "CREATE" else stack)
    change_set = ChangeSet(
        arn=call.arn(f"changeSet/{name}/{uuid.uuid4()}"),
        name=name,
        stack=stack,
        request=request,
        kind=kind,
        role_arn=call.params.get("RoleARN"),
        created=call.now(),
        description=call.params.get("Description"),
        changes=[],
    )
    _look(call, change_set)
    stack.change_sets[name] = change_set
    return {"Id": change_set.arn, "StackId": stack.stack_id}


@cloudformation.operation("DescribeChangeSet")
def describe_change_set(call: Call) -> dict[str, Any]:
    """Describe a change set and what it would change."""
    change_set = _change_set(call)
    request = change_set.request
    page, rest = PAGES.page(call.params, change_set.changes)
    return {
        **change_set.summary(),
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in request.parameters.items()
        ],
        "NotificationARNs": [],
        "RollbackConfiguration": {},
        "Capabilities": request.capabilities,
        "Tags": [{"Key": key, "Value": value} for key, value in request.tags.items()],
        "Changes": page,
        "IncludeNestedStacks": False,
        **rest,
    }


@cloudformation.operation("ListChangeSets")
def list_change_sets(call: Call) -> dict[str, Any]:
    """List the change sets of a stack."""
    stack = find_stack(call, call.params["StackName"])
    page, rest = PAGES.page(call.params, [item.summary() for item in stack.change_sets.values()])
    return {"Summaries": page, **rest}


@cloudformation.operation("DeleteChangeSet")
def delete_change_set(call: Call) -> dict[str, Any]:
    """Delete a change set; it is no error if it does not exist."""
    try:
        change_set = _change_set(call)
    except ServiceError as error:
        if error.code != "ChangeSetNotFound":
            raise
        return {}
    del change_set.stack.change_sets[change_set.name]
    return {}


@cloudformation.operation("ExecuteChangeSet")
def execute_change_set(call: Call) -> dict[str, Any]:
    """Start to create or update the stack; its other change sets are deleted."""
    if call.params.get("DisableRollback"):
        raise unsupported("DisableRollback of a change set")
    change_set = _change_set(call)
    stack = change_set.stack
    if change_set.execution != "AVAILABLE" or stack.status not in {*UPDATABLE, REVIEW}:
        raise ServiceError(
            "InvalidChangeSetStatus",
            f"ChangeSet [{change_set.arn}] cannot be executed in its current status of "
            f"[{change_set.status}]",
        )
    role_arn = change_set.role_arn or stack.role_arn
    deployment = deployment_of(call, stack, role_arn)
    change_set.execution, stack.role_arn = EXECUTED, role_arn
    stack.change_sets = {change_set.name: change_set}
    if change_set.kind == "CREATE":
        stack.request = change_set.request
        stack.turn("CREATE_IN_PROGRESS", "User Initiated")
        call.background(operations.create, deployment)
    else:
        stack.updated = stack.now()
        stack.turn("UPDATE_IN_PROGRESS", "User Initiated")
        call.background(operations.update, deployment, change_set.request)
    return {}


def _stack(call: Call, kind: str) -> Stack:
    """Return the stack of a new change set, for CREATE one without resources."""
    stack = call.store(Stacks).find(call.params["StackName"])
    if kind == "CREATE":
        if stack is None or stack.status == "DELETE_COMPLETE":
            stack = new_stack(call)
            call.store(Stacks).by_id[stack.stack_id] = stack
            stack.turn(REVIEW, "User Initiated")
        elif stack.status != REVIEW:
            raise ServiceError(
                "ValidationError",
                f"Stack [{stack.name}] already exists and cannot be created again with the "
                f"changeSet [{call.params['ChangeSetName']}].",
            )
        return stack
    stack = find_stack(call, call.params["StackName"])
    if stack.status not in UPDATABLE:
        raise ServiceError(
            "ValidationError",
            f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.",
        )
    return stack


def _look(call: Call, change_set: ChangeSet) -> None:
    """Find out what a change set changes; it has failed if that is nothing."""
    stack, request = change_set.stack, change_set.request
    if change_set.kind == "CREATE":
        actions = dict.fromkeys(request.order, "Add")
    else:
        deployment = deployment_of(call, stack, role_of(call, stack))
        try:
            actions = operations.changes(deployment, request)
            if not operations.has_changes(deployment, request):
                change_set.status, change_set.reason = "FAILED", NO_CHANGES
                change_set.execution = "UNAVAILABLE"
        except TemplateError as error:
            raise ServiceError("ValidationError", str(error)) from error
    change_set.changes = [
        _change(stack, request, logical_id, action) for logical_id, action in actions.items()
    ]


def _change(stack: Stack, request: Request, logical_id: str, action: str) -> dict[str, Any]:
    declaration = request.template.resources.get(logical_id)
    resource = stack.resources.get(logical_id)
    kind = declaration.type if declaration else resource.declaration.type if resource else ""
    change: dict[str, Any] = {
        "Action": action,
        "LogicalResourceId": logical_id,
        "ResourceType": kind,
        "Scope": ["Properties"] if action == "Modify" else [],
        "Details": [],
    }
    if resource is not None:
        change["PhysicalResourceId"] = resource.physical_id
    if action == "Modify":  # a change that needs a replacement fails the update here
        change["Replacement"] = "False"
    return {"Type": "Resource", "ResourceChange": change}


def _change_set(call: Call) -> ChangeSet:
    """Return a change set by its ARN, or by its name and its stack's; ChangeSetNotFound."""
    name = call.params["ChangeSetName"]
    stacks = call.store(Stacks)
    stack = stacks.find(call.params.get("StackName") or "")
    among = [stack] if stack is not None else list(stacks.by_id.values())
    for candidate in among:
        for change_set in candidate.change_sets.values():
            if name == change_set.arn or (stack is not None and name == change_set.name):
                return cast(ChangeSet, change_set)
    raise ServiceError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
