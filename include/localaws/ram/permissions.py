"""RAM permissions: AWS managed ones, read from `permissions.yaml`, and customers' own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from localaws.kit.service import ServiceError

# A fixed creation time, the same on every run.
MANAGED_SINCE = datetime(2023, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ResourceType:
    """A type of resource that can be shared, and the actions that a share may allow."""

    name: str
    prefix: str
    actions: frozenset[str]


@dataclass(frozen=True)
class PermissionVersion:
    """One version of a permission: its actions never change."""

    number: int
    actions: tuple[str, ...]
    created: datetime

    def template(self) -> str:
        """Return the policy template that RAM shows for it."""
        return json.dumps({"Effect": "Allow", "Action": list(self.actions)})


@dataclass
class Permission:
    """A permission with its versions; `owner` is None for AWS managed ones."""

    arn: str
    name: str
    resource_type: str
    owner: str | None
    is_type_default: bool
    versions: dict[int, PermissionVersion]
    default_version: int
    created: datetime
    updated: datetime
    tags: list[dict[str, str]] = field(default_factory=list)
    feature_set: str = "STANDARD"

    def version(self, number: int | None = None) -> PermissionVersion:
        """Return a version, the default one when no number is given."""
        chosen = self.default_version if number is None else number
        if chosen not in self.versions:
            raise ServiceError(
                "UnknownResourceException", f"Permission {self.arn} has no version {chosen}."
            )
        return self.versions[chosen]

    def summary(self, number: int | None = None) -> dict[str, Any]:
        """Return RAM's `ResourceSharePermissionSummary` of a version."""
        version = self.version(number)
        return {
            "arn": self.arn,
            "version": str(version.number),
            "defaultVersion": version.number == self.default_version,
            "name": self.name,
            "resourceType": self.resource_type,
            "status": "ATTACHABLE",
            "creationTime": version.created,
            "lastUpdatedTime": self.updated,
            "isResourceTypeDefault": self.is_type_default,
            "permissionType": "CUSTOMER_MANAGED" if self.owner else "AWS_MANAGED",
            "featureSet": self.feature_set,
            "tags": list(self.tags),
        }

    def detail(self, number: int | None = None) -> dict[str, Any]:
        """Return RAM's `ResourceSharePermissionDetail`: the summary and the template."""
        return {**self.summary(number), "permission": self.version(number).template()}


@lru_cache(maxsize=1)
def _declared() -> dict[str, Any]:
    text = Path(__file__).with_name("permissions.yaml").read_text(encoding="utf-8")
    declared: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return declared


@lru_cache(maxsize=1)
def resource_types() -> dict[str, ResourceType]:
    """Return the shareable resource types by name, e.g. `sagemaker:FeatureGroup`."""
    return {
        row["type"]: ResourceType(row["type"], row["prefix"], frozenset(row["actions"]))
        for row in _declared()["resource_types"]
    }


@lru_cache(maxsize=1)
def managed() -> dict[str, Permission]:
    """Return AWS managed permissions by ARN."""
    permissions = {}
    for row in _declared()["permissions"]:
        arn = f"arn:aws:ram::aws:permission/{row['name']}"
        version = PermissionVersion(row["version"], tuple(row["actions"]), MANAGED_SINCE)
        permissions[arn] = Permission(
            arn=arn,
            name=row["name"],
            resource_type=row["resource_type"],
            owner=None,
            is_type_default=row["default"],
            versions={version.number: version},
            default_version=version.number,
            created=MANAGED_SINCE,
            updated=MANAGED_SINCE,
        )
    return permissions


def default_of(resource_type: str) -> Permission:
    """Return the managed permission that RAM attaches to a type by default."""
    return next(
        p for p in managed().values() if p.resource_type == resource_type and p.is_type_default
    )


def read_template(resource_type: str, template: str) -> tuple[str, ...]:
    """Return the actions of a customer's policy template.

    Raises MalformedPolicyTemplateException for anything but `{"Effect": "Allow", "Action": …}`
    and InvalidPolicyException for an action that the type does not have. A `Condition` is
    not supported and refused: ignoring it would grant more than the template says.
    """
    try:
        document = json.loads(template)
    except json.JSONDecodeError as error:
        raise _malformed(f"The policy template is not JSON: {error}.") from error
    if not isinstance(document, dict) or document.get("Effect") != "Allow":
        raise _malformed('The policy template must be an object with "Effect": "Allow".')
    if "Condition" in document:
        raise ServiceError(
            "UnsupportedOperation", "ram:CreatePermission with a Condition is not served here.", 501
        )
    if extra := sorted(set(document) - {"Effect", "Action"}):
        raise _malformed(f"The policy template must not contain {', '.join(extra)}.")
    actions = document.get("Action")
    actions = [actions] if isinstance(actions, str) else actions
    if not isinstance(actions, list) or not actions or not all(isinstance(a, str) for a in actions):
        raise _malformed('The policy template needs "Action": a string or a list of strings.')
    if foreign := sorted(set(actions) - resource_types()[resource_type].actions):
        raise ServiceError(
            "InvalidPolicyException",
            f"Actions not supported for {resource_type}: {', '.join(foreign)}.",
        )
    return tuple(actions)


def _malformed(message: str) -> ServiceError:
    return ServiceError("MalformedPolicyTemplateException", message)
