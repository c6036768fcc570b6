"""A stack in tests: templates from resources, deployed and waited for."""

from __future__ import annotations

import json
import threading
from typing import Any

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
NAMED = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q", **properties}}


def body(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


class Stack:
    """A stack in the data account."""

    def __init__(self, aws: Any, name: str = "s") -> None:
        self.aws, self.name = aws, name
        self.client = aws.client("cloudformation", "data")

    def create(self, template: str, **request: Any) -> dict[str, Any]:
        self.client.create_stack(StackName=self.name, TemplateBody=template, **request)
        return self.settled()

    def update(self, template: str, **request: Any) -> dict[str, Any]:
        self.client.update_stack(StackName=self.name, TemplateBody=template, **request)
        return self.settled()

    def settled(self) -> dict[str, Any]:
        await_operations()
        return dict(self.client.describe_stacks(StackName=self.name)["Stacks"][0])

    def resources(self) -> dict[str, str]:
        listed = self.client.list_stack_resources(StackName=self.name)["StackResourceSummaries"]
        return {item["LogicalResourceId"]: item["ResourceStatus"] for item in listed}

    def physical(self, logical: str) -> str:
        detail = self.client.describe_stack_resource(StackName=self.name, LogicalResourceId=logical)
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])


def await_operations() -> None:
    """Wait for the creations, updates and deletions that run in this process."""
    for thread in threading.enumerate():
        if thread.name in ("create", "update", "delete"):
            thread.join(30)
