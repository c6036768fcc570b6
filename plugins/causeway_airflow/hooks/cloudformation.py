"""CloudFormation stacks: looked at, created, updated, deleted, and why one failed."""

from __future__ import annotations

from typing import Any

from causeway_airflow.hooks.base import AwsCallError, CausewayHook


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

    def create(self, name: str, template: str, parameters: dict[str, str]) -> None:
        """Begin to create a stack; what it made is removed again when it fails."""
        request = _request(name, template, parameters)
        self.call("create_stack", **request, OnFailure="ROLLBACK")

    def update(self, name: str, template: str, parameters: dict[str, str]) -> bool:
        """Begin to update a stack; return whether there is anything to update."""
        try:
            self.call("update_stack", **_request(name, template, parameters))
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


def _request(name: str, template: str, parameters: dict[str, str]) -> dict[str, Any]:
    return {
        "StackName": name,
        "TemplateBody": template,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in sorted(parameters.items())
        ],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
