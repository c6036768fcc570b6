"""The state of a stack, its resources and its history."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localaws.cloudformation.evaluation import Evaluation
from localaws.cloudformation.resource import Instance, ResourceType
from localaws.cloudformation.template import ResourceDeclaration, Template

STACK_TYPE = "AWS::CloudFormation::Stack"
REVIEW = "REVIEW_IN_PROGRESS"  # a stack that has only a change set
UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)


@dataclass
class StackResource:
    """One resource of a stack; `instance` was last applied completely.

    `changing` are the properties that the current update has begun to apply, `attempt` its values.
    """

    declaration: ResourceDeclaration
    status: str
    changed: datetime
    physical_id: str = ""
    reason: str = ""
    type: ResourceType | None = None
    instance: Instance | None = None
    changing: frozenset[str] = frozenset()
    attempt: Mapping[str, Any] = field(default_factory=dict)

    @property
    def logical_id(self) -> str:
        """The name in the template."""
        return self.declaration.logical_id


@dataclass(frozen=True)
class Event:
    """One event of a stack's history."""

    event_id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    at: datetime
    reason: str = ""
    properties: str = ""
    token: str | None = None


@dataclass
class Request:
    """The content of a CreateStack or UpdateStack request, checked and with bound parameters."""

    template: Template
    parameters: dict[str, str]
    tags: dict[str, str]
    capabilities: list[str]
    evaluation: Evaluation
    order: list[str]
    on_failure: str = "ROLLBACK"  # of a creation: ROLLBACK, DO_NOTHING or DELETE
    token: str | None = None
    timeout_minutes: int | None = None


@dataclass
class Stack:
    """A stack. Its fields are replaced, not changed in place, so readers get consistent values."""

    name: str
    stack_id: str
    created: datetime
    request: Request
    now: Callable[[], datetime]
    status: str = ""
    reason: str = ""
    updated: datetime | None = None
    deleted: datetime | None = None
    protected: bool = False
    role_arn: str | None = None  # what CloudFormation acts as; None is whoever calls
    resources: dict[str, StackResource] = field(default_factory=dict)
    outputs: list[dict[str, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    change_sets: dict[str, Any] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def turn(self, status: str, reason: str = "") -> None:
        """Change the status and add it to the history."""
        with self.lock:
            self.status, self.reason = status, reason
            self._write(self.name, self.stack_id, STACK_TYPE, status, reason)

    def mark(
        self, resource: StackResource, status: str, reason: str = "", properties: str = ""
    ) -> None:
        """Change a resource's status and add it to the history."""
        with self.lock:
            resource.status, resource.reason, resource.changed = status, reason, self.now()
            self._write(
                resource.logical_id,
                resource.physical_id,
                resource.declaration.type,
                status,
                reason,
                properties,
            )

    def _write(
        self,
        logical_id: str,
        physical_id: str,
        kind: str,
        status: str,
        reason: str,
        properties: str = "",
    ) -> None:
        event = Event(
            event_id=f"{logical_id}-{uuid.uuid4()}",
            logical_id=logical_id,
            physical_id=physical_id,
            type=kind,
            status=status,
            at=self.now(),
            reason=reason,
            properties=properties,
            token=self.request.token,
        )
        self.events = [*self.events, event]

    def exports(self) -> dict[str, str]:
        """Return what this stack exports, by name."""
        return {i["ExportName"]: i["OutputValue"] for i in self.outputs if "ExportName" in i}

    def imports(self, export: str) -> bool:
        """Tell whether this stack uses an export."""
        return self.status != "DELETE_COMPLETE" and export in self.request.evaluation.imported


class Stacks:
    """The stacks of one account and region, deleted ones included."""

    def __init__(self) -> None:
        self.by_id: dict[str, Stack] = {}

    def live(self, name: str) -> Stack | None:
        """Return the stack of that name that is not deleted."""
        for stack in self.by_id.values():
            if stack.name == name and stack.status != "DELETE_COMPLETE":
                return stack
        return None

    def find(self, name_or_id: str) -> Stack | None:
        """Return a stack by its id, deleted or not, or by its name if it is not deleted."""
        return self.by_id.get(name_or_id) or self.live(name_or_id)

    def exports(self) -> dict[str, str]:
        """Return the exports of all stacks, by name."""
        return {
            name: value
            for stack in list(self.by_id.values())
            if stack.status != "DELETE_COMPLETE"
            for name, value in stack.exports().items()
        }

    def importers(self, export: str) -> list[str]:
        """Return the names of the stacks that use an export."""
        return [stack.name for stack in list(self.by_id.values()) if stack.imports(export)]

    def exported(self, besides: Stack) -> dict[str, str]:
        """Return the exports of other stacks that are not deleted, each with its stack's name."""
        return {
            name: stack.name
            for stack in self.by_id.values()
            if stack is not besides and stack.status != "DELETE_COMPLETE"
            for name in stack.exports()
        }


def summary(stack: Stack) -> dict[str, Any]:
    """Return a stack as DescribeStacks shows it."""
    request = stack.request
    shown: dict[str, Any] = {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "DisableRollback": request.on_failure == "DO_NOTHING",
        "NotificationARNs": [],
        "RollbackConfiguration": {},
        "EnableTerminationProtection": stack.protected,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "Parameters": [
            {
                "ParameterKey": name,
                "ParameterValue": "****"
                if str(request.template.parameters[name].get("NoEcho", "")).lower() == "true"
                else value,
            }
            for name, value in request.parameters.items()
        ],
        "Capabilities": request.capabilities,
        "Outputs": stack.outputs,
        "Tags": [{"Key": key, "Value": value} for key, value in request.tags.items()],
    }
    optional = {
        "Description": request.template.description,
        "StackStatusReason": stack.reason,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "TimeoutInMinutes": request.timeout_minutes,
        "RoleARN": stack.role_arn,
    }
    return {**shown, **{name: value for name, value in optional.items() if value}}
