"""CloudFormation's own types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from localaws.cloudformation.resource import REGISTER, Context, Instance, ResourceType


@REGISTER.add
class WaitConditionHandle(ResourceType):
    """AWS::CloudFormation::WaitConditionHandle: a resource without content, for empty stacks."""

    name = "AWS::CloudFormation::WaitConditionHandle"
    properties = {}

    def create(self, context: Context, instance: Instance) -> str:
        """Name the handle."""
        return f"{context.stack_id}/{instance.logical_id}"

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Do nothing: there are no properties."""

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Return no properties."""
        return {}

    def delete(self, context: Context, instance: Instance) -> None:
        """Do nothing: there is no resource."""
