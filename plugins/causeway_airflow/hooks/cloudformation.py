"""CloudFormation stacks: looked at, created, updated, deleted, and why one failed."""

from __future__ import annotations

import json
from typing import Any

from causeway_airflow.hooks.base import AwsCallError, CausewayHook
from causeway_deploy.stacks import StackRequest


class CloudFormationHook(CausewayHook):
    """The stacks of one account."""

    service = "cloudformation"

    def find(self, name: str) -> dict[str, Any] | None:
        """Return a stack's description, or None when there is none."""
        try:
            stacks = self.call("describe_stacks", StackName=name)["Stacks"]
        except AwsCallError as error:
            if error.missing:
                return None
            raise
        return dict(stacks[0]) if stacks else None

    def template(self, name: str) -> str:
        """Return the template of a stack as it was submitted."""
        body = self.call("get_template", StackName=name)["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)

    def create(self, request: StackRequest) -> None:
        """Begin to create a stack; what it made is removed again when it fails."""
        self.call("create_stack", **request.call(), OnFailure="ROLLBACK")

    def update(self, request: StackRequest, previous: tuple[str, ...]) -> bool:
        """Begin to update a stack; return whether there is anything to update."""
        try:
            self.call("update_stack", **request.call(previous))
        except AwsCallError as error:
            if "no updates are to be performed" not in error.text.lower():
                raise
            return False
        return True

    def delete(self, name: str) -> None:
        """Begin to delete a stack."""
        self.call("delete_stack", StackName=name)

    def failures(self, name: str) -> list[str]:
        """Return which resources of a stack failed and why, the latest first."""
        events = self.call("describe_stack_events", StackName=name)["StackEvents"]
        return [
            f"{event['LogicalResourceId']} ({event.get('ResourceType', '?')}): "
            f"{event.get('ResourceStatusReason', 'no reason given')}"
            for event in events
            if str(event.get("ResourceStatus", "")).endswith("_FAILED")
        ]
