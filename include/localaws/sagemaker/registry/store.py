"""The model registry's state: groups, and numbered model packages in them.

A package is stored as the record that DescribeModelPackage returns. A version number is never used
twice, even after its package was deleted.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localaws.kit.arns import Arn, is_arn, parse_arn
from localaws.kit.idempotency import ClientTokens
from localaws.kit.service import ServiceError
from localaws.ram.resources import shareable

if TYPE_CHECKING:
    from localaws.kit.capabilities import Stores

Record = dict[str, Any]


@dataclass
class Group:
    """A model package group with its versions by number."""

    name: str
    arn: str
    created: datetime
    created_by: Record
    description: str | None = None
    managed: Record | None = None
    policy: str | None = None
    versions: dict[int, Record] = field(default_factory=dict)
    last_version: int = 0

    def summary(self) -> Record:
        """Return the fields that list and description have in common."""
        reply: Record = {
            "ModelPackageGroupName": self.name,
            "ModelPackageGroupArn": self.arn,
            "CreationTime": self.created,
            "ModelPackageGroupStatus": "Completed",
        }
        if self.description is not None:
            reply["ModelPackageGroupDescription"] = self.description
        if self.managed is not None:
            reply["ManagedConfiguration"] = self.managed
        return reply

    def describe(self) -> Record:
        """Return the description of the group."""
        return {**self.summary(), "CreatedBy": self.created_by}


class Registry:
    """The groups and packages of one account in one region."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.unversioned: dict[str, Record] = {}
        self.tokens = ClientTokens()

    def group(self, name_or_arn: str, own_arn: str) -> Group:
        """Return a group by name or ARN; the error names `own_arn`."""
        name = resource_name(name_or_arn, "model-package-group")
        if name not in self.groups:
            raise missing("ModelPackageGroup", own_arn)
        return self.groups[name]

    def package(self, name_or_arn: str, own_arn: str) -> Record:
        """Return the record of a package by `group/version`, name or ARN."""
        name = resource_name(name_or_arn, "model-package")
        group, _, version = name.partition("/")
        if version:
            versions_of = self.groups.get(group)
            record = (
                versions_of.versions.get(int(version))
                if versions_of and version.isdigit()
                else None
            )
        else:
            record = self.unversioned.get(name)
        if record is None:
            raise missing("ModelPackage", own_arn)
        return record

    def packages(self) -> Iterator[Record]:
        """Yield every record, versioned or not."""
        for group in self.groups.values():
            yield from group.versions.values()
        yield from self.unversioned.values()


def missing(kind: str, arn: str) -> ServiceError:
    """Return SageMaker's error for a missing resource."""
    return ServiceError("ValidationException", f"{kind} {arn} does not exist.")


def resource_name(name_or_arn: str, resource_type: str) -> str:
    """Return the name of a resource given by name or ARN; ValidationException for another type."""
    if not is_arn(name_or_arn):
        return name_or_arn
    arn = parse_arn(name_or_arn)
    if arn.resource_type != resource_type:
        raise ServiceError(
            "ValidationException", f"{name_or_arn} is not the ARN of a {resource_type}."
        )
    return arn.resource_id


def snapshot(record: Record) -> Record:
    """Return a copy for a reply, because the record may change."""
    return copy.deepcopy(record)


@shareable("sagemaker:ModelPackageGroup")
def group_exists(stores: Stores, arn: Arn) -> bool:
    """Tell RAM whether a group exists."""
    return arn.resource_id in stores.store(Registry, arn.account, arn.region).groups
