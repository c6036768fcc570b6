"""The calls of a sharing plan; each describes itself in words and builds its request."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from causeway.digests import canonical_json, sha256
from causeway.sharing.permissions import PermissionDefinition
from causeway.sharing.shares import DesiredShare


@dataclass(frozen=True)
class Action(ABC):
    """One call of RAM (or, for a resource policy, of SageMaker) in the owner's account."""

    verb: ClassVar[str]
    operation: ClassVar[str]

    @abstractmethod
    def request(self) -> dict[str, Any]:
        """Return the request of the call."""

    def __str__(self) -> str:
        fields = {k: v for k, v in self.request().items() if k not in ("clientToken", "tags")}
        text = ", ".join(
            f"{name} {', '.join(value) if isinstance(value, list) else value}"
            for name, value in fields.items()
        )
        return f"{self.verb}: {text}"


@dataclass(frozen=True)
class CreateShare(Action):
    """Create the share with everything in it."""

    verb, operation = "create", "create_resource_share"
    share: DesiredShare
    resources: tuple[str, ...]
    permission_arn: str
    #: Deleted shares of that name: creating the share again after a deletion is another request.
    predecessors: tuple[str, ...] = ()

    def request(self) -> dict[str, Any]:
        """Return the `CreateResourceShare` request; a retried call has the same token."""
        fields = {
            "name": self.share.name,
            "resourceArns": list(self.resources),
            "principals": list(self.share.principals),
            "permissionArns": [self.permission_arn],
            "allowExternalPrincipals": self.share.external,
        }
        return {**fields, "clientToken": _token(fields, self.predecessors)}


@dataclass(frozen=True)
class Associate(Action):
    """Add resources or principals; `again` repeats what expired, such as an invitation."""

    operation = "associate_resource_share"
    share_arn: str
    share_name: str
    resources: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    again: bool = False

    @property
    def verb(self) -> str:  # type: ignore[override]  # the word depends on the action
        """The word for it."""
        return "re-share" if self.again else "associate"

    def request(self) -> dict[str, Any]:
        """Return the `AssociateResourceShare` request."""
        return _association(self.share_arn, self.resources, self.principals)


@dataclass(frozen=True)
class Disassociate(Action):
    """Remove resources or principals that nobody declares."""

    verb, operation = "revoke", "disassociate_resource_share"
    share_arn: str
    share_name: str
    resources: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()

    def request(self) -> dict[str, Any]:
        """Return the `DisassociateResourceShare` request."""
        return _association(self.share_arn, self.resources, self.principals)


@dataclass(frozen=True)
class ReplacePermission(Action):
    """Give the share the desired permission, or the newest version of the one it has."""

    verb, operation = "replace permission", "associate_resource_share_permission"
    share_arn: str
    share_name: str
    permission_arn: str

    def request(self) -> dict[str, Any]:
        """Return the `AssociateResourceSharePermission` request."""
        return {
            "resourceShareArn": self.share_arn,
            "permissionArn": self.permission_arn,
            "replace": True,
        }


@dataclass(frozen=True)
class AllowExternal(Action):
    """Open the share to principals outside the organisation, or close it to them."""

    verb, operation = "allow external", "update_resource_share"
    share_arn: str
    share_name: str
    allowed: bool

    def request(self) -> dict[str, Any]:
        """Return the `UpdateResourceShare` request."""
        return {"resourceShareArn": self.share_arn, "allowExternalPrincipals": self.allowed}


@dataclass(frozen=True)
class DeleteShare(Action):
    """Delete a share of ours that nobody declares, or a second one of its name."""

    verb, operation = "revoke", "delete_resource_share"
    share_arn: str
    share_name: str

    def request(self) -> dict[str, Any]:
        """Return the `DeleteResourceShare` request."""
        return {"resourceShareArn": self.share_arn}


@dataclass(frozen=True)
class CreatePermission(Action):
    """Create a customer-managed permission."""

    verb, operation = "create permission", "create_permission"
    definition: PermissionDefinition

    def request(self) -> dict[str, Any]:
        """Return the `CreatePermission` request."""
        fields = {
            "name": self.definition.name,
            "resourceType": self.definition.resource_type,
            "policyTemplate": self.definition.template(),
        }
        return {**fields, "clientToken": _token(fields, ())}


@dataclass(frozen=True)
class CreatePermissionVersion(Action):
    """Add a version of a customer-managed permission, which becomes its default."""

    verb, operation = "new permission version", "create_permission_version"
    definition: PermissionDefinition
    versions: tuple[str, ...]

    def request(self) -> dict[str, Any]:
        """Return the `CreatePermissionVersion` request."""
        fields = {
            "permissionArn": self.definition.arn,
            "policyTemplate": self.definition.template(),
        }
        return {**fields, "clientToken": _token(fields, self.versions)}


@dataclass(frozen=True)
class DeletePermissionVersion(Action):
    """Delete an old version, of which RAM keeps five."""

    verb, operation = "delete permission version", "delete_permission_version"
    permission_arn: str
    version: str

    def request(self) -> dict[str, Any]:
        """Return the `DeletePermissionVersion` request."""
        return {"permissionArn": self.permission_arn, "permissionVersion": int(self.version)}


@dataclass(frozen=True)
class PromotePermission(Action):
    """Make a permission that a resource policy left behind one that RAM manages."""

    verb, operation = "promote", "promote_permission_created_from_policy"
    permission_arn: str
    name: str

    def request(self) -> dict[str, Any]:
        """Return the `PromotePermissionCreatedFromPolicy` request."""
        return {"permissionArn": self.permission_arn, "name": self.name}


@dataclass(frozen=True)
class PromoteShare(Action):
    """Make a share that a resource policy left behind one that can be discovered."""

    verb, operation = "promote", "promote_resource_share_created_from_policy"
    share_arn: str

    def request(self) -> dict[str, Any]:
        """Return the `PromoteResourceShareCreatedFromPolicy` request."""
        return {"resourceShareArn": self.share_arn}


@dataclass(frozen=True)
class PutGroupPolicy(Action):
    """Write a model group's resource policy."""

    verb, operation = "write policy", "put_model_package_group_policy"
    group: str
    document: str

    def request(self) -> dict[str, Any]:
        """Return the `PutModelPackageGroupPolicy` request."""
        return {"ModelPackageGroupName": self.group, "ResourcePolicy": self.document}


@dataclass(frozen=True)
class DeleteGroupPolicy(Action):
    """Remove a model group's resource policy, of which nothing is left."""

    verb, operation = "delete policy", "delete_model_package_group_policy"
    group: str

    def request(self) -> dict[str, Any]:
        """Return the `DeleteModelPackageGroupPolicy` request."""
        return {"ModelPackageGroupName": self.group}


def _token(fields: dict[str, Any], before: Sequence[str]) -> str:
    # A function of the request and of what was there before it: a retried call is the same call.
    return sha256(canonical_json([fields, list(before)]))[:32]


def _association(share: str, resources: Sequence[str], principals: Sequence[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {"resourceShareArn": share}
    if resources:
        fields["resourceArns"] = list(resources)
    if principals:
        fields["principals"] = list(principals)
    return fields
