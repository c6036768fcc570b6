"""CloudFormation's own types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from localaws.cloudformation.resource import REGISTER, Context, Instance, ResourceType


@REGISTER.add
class WaitConditionHandle(ResourceType):
    """AWS::CloudFormation::WaitConditionHandle: holds nothing; a stack's marker resource."""

    name = "AWS::CloudFormation::WaitConditionHandle"
    properties = {}

    def create(self, context: Context, wanted: Instance) -> str:
        """Name the handle."""
        return f"{context.stack_id}/{wanted.logical_id}"

    def apply(self, context: Context, wanted: Instance, changed: Collection[str]) -> None:
        """Have nothing to apply."""

    def observe(self, context: Context, wanted: Instance) -> Mapping[str, Any]:
        """Have no properties."""
        return {}

    def delete(self, context: Context, made: Instance) -> None:
        """Have nothing to delete."""
