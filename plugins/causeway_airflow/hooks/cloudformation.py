"""CloudFormation stacks: looked at, updated, and why one failed."""

from __future__ import annotations

import json
from typing import Any

from causeway_airflow.hooks.base import AwsCallError, CausewayHook
from causeway_deploy.stacks import StackRequest, failed_resources


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

    def update(self, request: StackRequest, previous: tuple[str, ...]) -> bool:
        """Begin to update a stack; return whether there is anything to update."""
        try:
            self.call("update_stack", **request.call(previous))
        except AwsCallError as error:
            if "no updates are to be performed" not in error.text.lower():
                raise
            return False
        return True

    def failures(self, name: str) -> list[str]:
        """Return which resources failed in a stack's latest operation and why, the last first."""
        return failed_resources(self.call("describe_stack_events", StackName=name)["StackEvents"])
