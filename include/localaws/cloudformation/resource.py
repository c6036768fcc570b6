"""The interface of a resource type, and the register of the supported types.

A type creates a resource, applies properties to it, reads it back from the service, and deletes it,
all through clients that sign as the caller. A template with an unsupported type fails.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from localaws.cloudformation.errors import DeployError, TemplateError
from localaws.cloudformation.properties import Property


@dataclass(frozen=True)
class Context:
    """Where a stack is deployed, and clients of its caller."""

    account: str
    region: str
    stack_id: str
    stack_name: str
    client: Callable[[str], Any]

    def arn(self, service: str, resource: str, *, region: bool = True) -> str:
        """Return the ARN of a resource of this account."""
        return f"arn:aws:{service}:{self.region if region else ''}:{self.account}:{resource}"

    def generated_name(self, logical_id: str) -> str:
        """Return a name for a resource that has none in the template; the same on every call."""
        digest = hashlib.sha256(f"{self.stack_id}/{logical_id}".encode()).hexdigest()
        return f"{self.stack_name}-{logical_id}-{digest[:12].upper()}"


@dataclass(frozen=True)
class Instance:
    """One resource of a stack: its canonical properties, and its physical id if it exists.

    `before` are the properties that are replaced by a change.
    """

    logical_id: str
    properties: Mapping[str, Any]
    physical_id: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.properties[name]


class ResourceType(ABC):
    """One CloudFormation resource type."""

    name: ClassVar[str]
    properties: ClassVar[Mapping[str, Property]]
    attributes: ClassVar[Collection[str]] = ()  # for Fn::GetAtt
    made_with: ClassVar[Collection[str]] = ()  # properties that `create` applies

    @abstractmethod
    def create(self, context: Context, instance: Instance) -> str:
        """Create the resource and return its physical id; raise DeployError if it exists."""

    @abstractmethod
    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Apply the `changed` properties of the instance to an existing resource."""

    @abstractmethod
    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Return the properties of the resource in the service, as a template would write them."""

    @abstractmethod
    def delete(self, context: Context, instance: Instance) -> None:
        """Delete the resource; it is no error if it does not exist."""

    def ref(self, instance: Instance) -> str:
        """Return what `Ref` gives: by default the physical id."""
        return instance.physical_id

    def attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return what `Fn::GetAtt` gives; raise TemplateError for an unknown attribute."""
        if name not in self.attributes:
            raise TemplateError(
                f"Template error: resource {instance.logical_id} does not support attribute type "
                f"{name} in Fn::GetAtt"
            )
        return self.read_attribute(context, instance, name)

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return one of `attributes`."""
        raise LookupError(f"{self.name} has no attribute {name}")


@dataclass
class Register:
    """The resource types, by name."""

    types: dict[str, ResourceType] = field(default_factory=dict)

    def add(self, kind: type[ResourceType]) -> type[ResourceType]:
        """Register a type; used as a class decorator."""
        self.types[kind.name] = kind()
        return kind

    def get(self, name: str) -> ResourceType:
        """Return the type; raise DeployError if it is not supported."""
        if name not in self.types:
            raise DeployError(
                f"Resource type {name} is not supported by the local CloudFormation; it has "
                f"{', '.join(sorted(self.types))}"
            )
        return self.types[name]


REGISTER = Register()


def exists(ask: Callable[[], Any], *absent: str) -> bool:
    """Return whether a call succeeds; the `absent` error codes mean that it does not."""
    try:
        ask()
    except ClientError as error:
        if code_of(error) in absent:
            return False
        raise
    return True


def unless(ask: Callable[[], Any], *absent: str, default: Any = None) -> Any:
    """Return a call's reply, or `default` if it fails with one of the `absent` error codes."""
    try:
        return ask()
    except ClientError as error:
        if code_of(error) in absent:
            return default
        raise


def code_of(error: ClientError) -> str:
    """Return the AWS error code."""
    return str(error.response["Error"]["Code"])


def tag_list(by_key: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[Any]:
    """Return tags in the format of most services."""
    return [{key: name, value: by_key[name]} for name in sorted(by_key)]
