"""CloudFormation stacks: create or update, wait, and treat "no change" as a quiet success."""

from __future__ import annotations

import time
from typing import Any

from causeway.errors import DeploymentFailed
from causeway.statuses import Meaning, meaning
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

    def deploy(
        self, name: str, template: str, parameters: dict[str, str], *, timeout: float = 900
    ) -> dict[str, Any]:
        """Create or update a stack, wait until it settled, and return what happened.

        Returns `{"stack", "change": "created" | "updated" | "unchanged", "outputs"}`. A stack left
        in ROLLBACK_COMPLETE by a failed creation can only be deleted (AWS refuses to update it):
        it is deleted first. Raises `DeploymentFailed` with the reasons of the failed resources.
        """
        request = {
            "StackName": name,
            "TemplateBody": template,
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in sorted(parameters.items())
            ],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        stack = self._settled(name, timeout)
        if stack and stack["StackStatus"] in {"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"}:
            self.call("delete_stack", StackName=name)
            self._settled(name, timeout)
            stack = None
        if stack is None:
            self.call("create_stack", **request, OnFailure="ROLLBACK")
            change = "created"
        else:
            try:
                self.call("update_stack", **request)
                change = "updated"
            except AwsCallError as error:
                if "no updates are to be performed" not in error.text.lower():
                    raise
                change = "unchanged"
        stack = self._settled(name, timeout)
        status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
        if meaning("StackStatus", status) is not Meaning.SUCCESS:
            raise DeploymentFailed(
                f"stack {name} ended {status}: {self._reasons(name)}",
                principal=self.principal,
                next_step="Mend the template or the permission named and re-run.",
            )
        outputs = {o["OutputKey"]: o["OutputValue"] for o in (stack or {}).get("Outputs", [])}
        return {"stack": name, "change": change, "outputs": outputs}

    def _settled(self, name: str, timeout: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + timeout
        pause = 0.2
        while True:
            stack = self.find(name)
            state = meaning("StackStatus", stack["StackStatus"]) if stack else Meaning.GONE
            if state is Meaning.GONE:
                return None
            if state is not Meaning.WAITING:
                return stack
            if time.monotonic() > deadline:
                raise DeploymentFailed(
                    f"stack {name} is still {(stack or {})['StackStatus']} after {timeout:.0f} s",
                    principal=self.principal,
                    next_step="Look at its events in CloudFormation, then re-run: it resumes.",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 10.0)

    def _reasons(self, name: str) -> str:
        events = self.call("describe_stack_events", StackName=name)["StackEvents"]
        reasons = [
            f"{e['LogicalResourceId']} ({e.get('ResourceType', '?')}): "
            f"{e.get('ResourceStatusReason', 'no reason given')}"
            for e in events
            if str(e.get("ResourceStatus", "")).endswith("_FAILED")
        ]
        return "; ".join(reasons[:5]) or "no failed resource reported"
