"""One CloudFormation stack: created or updated, waited for, and its failures named.

The calls are behind `Stacks`, so that an administrator's boto3 client and Airflow's hook of a stack
keeper are used in one way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from causeway.errors import DeploymentFailed
from causeway.statuses import Meaning, meaning
from causeway.topology.stacks import declared_parameters

Change = Literal["created", "updated", "unchanged"]

#: Seconds that a stack may take.
TIMEOUT: Final = 900.0
#: A stack that was never there as declared: AWS refuses to update it.
NEVER_CREATED: Final = frozenset({"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"})
#: Failed resources that an error names.
NAMED_FAILURES: Final = 5


@dataclass(frozen=True)
class StackRequest:
    """What a stack is made of. `role_arn` is what CloudFormation acts as; None is the caller."""

    name: str
    template: str
    parameters: dict[str, str]
    role_arn: str | None = None

    def call(self, previous: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the parameters of CreateStack or UpdateStack.

        `previous` are the parameters that the stack has: one without a value here keeps its own.
        """
        values: list[dict[str, Any]] = [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in sorted(self.parameters.items())
        ]
        inherited = set(previous) & set(declared_parameters(self.template)) - set(self.parameters)
        values += [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(inherited)]
        call: dict[str, Any] = {
            "StackName": self.name,
            "TemplateBody": self.template,
            "Parameters": values,
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        return call if self.role_arn is None else {**call, "RoleARN": self.role_arn}


class Stacks(Protocol):
    """The stacks of one account, as a principal reaches them who may update them."""

    @property
    def principal(self) -> str:
        """Who calls, for messages."""

    def find(self, name: str) -> dict[str, Any] | None:
        """Return a stack's description, or None when there is none."""

    def update(self, request: StackRequest, previous: tuple[str, ...]) -> bool:
        """Begin to update a stack; return whether there is anything to update."""

    def failures(self, name: str) -> list[str]:
        """Return which resources failed in a stack's latest operation and why, the last first."""


class OwnStacks(Stacks, Protocol):
    """The stacks of one account, as an administrator reaches them."""

    def create(self, request: StackRequest) -> None:
        """Begin to create a stack; what it made is removed again when it fails."""

    def delete(self, name: str) -> None:
        """Begin to delete a stack."""


def failed_resources(events: Iterable[dict[str, Any]]) -> list[str]:
    """Return which resources failed in a stack's latest operation and why.

    `events` are the stack's, the last first; an operation begins with what a user has initiated.
    """
    lines = []
    for event in events:
        if event.get("ResourceStatusReason") == "User Initiated":
            break
        if str(event.get("ResourceStatus", "")).endswith("_FAILED"):
            lines.append(
                f"{event['LogicalResourceId']} ({event.get('ResourceType', '?')}): "
                f"{event.get('ResourceStatusReason', 'no reason given')}"
            )
    return lines


def deploy_stack(stacks: OwnStacks, request: StackRequest) -> Change:
    """Create or update a stack and wait until it has settled; "no change" is a success.

    A stack left in ROLLBACK_COMPLETE by a failed creation is deleted first.

    Raises:
        DeploymentFailed: with the reasons of the failed resources.
    """
    stack = _settled(stacks, request.name)
    if stack and stack["StackStatus"] in NEVER_CREATED:
        stacks.delete(request.name)
        stack = _settled(stacks, request.name)
    if stack is None:
        stacks.create(request)
        return _ended(stacks, request.name, "created")
    return _update(stacks, request, stack)


def update_stack(stacks: Stacks, request: StackRequest) -> Change:
    """Update a stack that is there and wait until it has settled.

    Raises:
        DeploymentFailed: there is no such stack, or with the reasons of the failed resources.
    """
    stack = _settled(stacks, request.name)
    if stack is None or stack["StackStatus"] in NEVER_CREATED:
        raise DeploymentFailed(
            f"the stack {request.name} does not exist",
            principal=stacks.principal,
            next_step="An administrator makes it: python -m causeway_deploy bootstrap.",
        )
    return _update(stacks, request, stack)


def _update(stacks: Stacks, request: StackRequest, stack: dict[str, Any]) -> Change:
    previous = tuple(item["ParameterKey"] for item in stack.get("Parameters", ()))
    if not stacks.update(request, previous):
        return "unchanged"
    return _ended(stacks, request.name, "updated")


def _ended(stacks: Stacks, name: str, change: Change) -> Change:
    stack = _settled(stacks, name)
    status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
    if meaning("StackStatus", status) is not Meaning.SUCCESS:
        reasons = "; ".join(stacks.failures(name)[:NAMED_FAILURES]) or "no failed resource reported"
        raise DeploymentFailed(
            f"stack {name} ended {status}: {reasons}",
            principal=stacks.principal,
            next_step="Fix the template or the permission named and re-run.",
        )
    return change


def _settled(stacks: Stacks, name: str) -> dict[str, Any] | None:
    """Return a stack once it does not change any more, None when it is gone."""
    deadline = time.monotonic() + TIMEOUT
    pause = 0.05
    while True:
        stack = stacks.find(name)
        state = meaning("StackStatus", stack["StackStatus"]) if stack else Meaning.GONE
        if stack is None or state is Meaning.GONE:
            return None
        if state is not Meaning.WAITING:
            return stack
        if time.monotonic() > deadline:
            raise DeploymentFailed(
                f"stack {name} is still {stack['StackStatus']} after {TIMEOUT:.0f} s",
                principal=stacks.principal,
                next_step="Look at its events in CloudFormation, then re-run: it resumes.",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 10.0)
