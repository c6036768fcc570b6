"""RAM permissions: the smallest that fulfils a grant, or one of ours where none is small enough.

Names of AWS's managed permissions are not certain (letter case, unpublished lists), actions are: a
grant is resolved among the permissions that RAM lists. Where each of them allows too much, a
customer-managed permission with just the grant's actions is used; a changed definition becomes a
new version.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from causeway.errors import SharingError
from causeway.topology.access_rules import Grant, ResourceKind

#: RAM's types by kind; compared without letter case.
RESOURCE_TYPES: Final[Mapping[ResourceKind, str]] = MappingProxyType(
    {
        ResourceKind.FEATURE_CATALOG: "sagemaker:SagemakerCatalog",
        ResourceKind.FEATURE_GROUPS: "sagemaker:FeatureGroup",
        ResourceKind.MODEL_GROUPS: "sagemaker:ModelPackageGroup",
        ResourceKind.MODEL_CARDS: "sagemaker:ModelCard",
        ResourceKind.LINEAGE_GROUP: "sagemaker:LineageGroup",
    }
)


@dataclass(frozen=True)
class GrantRule:
    """What a grant allows, and what its permission may not contain."""

    actions: tuple[str, ...]
    forbidden: tuple[str, ...] = ()
    #: Whether RAM takes AWS's managed permissions only.
    managed_only: bool = False

    @property
    def required(self) -> frozenset[str]:
        """The actions in the form in which they are compared."""
        return frozenset(f"sagemaker:{action}".lower() for action in self.actions)

    def fits(self, actions: frozenset[str]) -> bool:
        """Tell whether a permission with these actions fulfils the grant and allows no more."""
        forbidden = {f"sagemaker:{action}".lower() for action in self.forbidden}
        return self.required <= actions and not forbidden & actions


_READ_GROUP: Final = (
    "DescribeFeatureGroup",
    "DescribeFeatureMetadata",
    "BatchGetRecord",
    "GetRecord",
)
_WRITE_RECORDS: Final = ("PutRecord", "DeleteRecord")
_CHANGE_GROUP: Final = ("UpdateFeatureGroup", "UpdateFeatureMetadata")
_SEE_VERSIONS: Final = ("DescribeModelPackageGroup", "DescribeModelPackage", "ListModelPackages")
_CHANGE_VERSIONS: Final = ("UpdateModelPackage", "DeleteModelPackage")
_READ_CARD: Final = ("DescribeModelCard", "ListModelCardVersions")
_EXPORT_CARD: Final = ("CreateModelCardExportJob", "DescribeModelCardExportJob")

#: What each grant on each kind of resource means. An approval gate is only as strong as the
#: permission, so no consumer's but `admin` may contain UpdateModelPackage.
RULES: Final[Mapping[tuple[ResourceKind, Grant], GrantRule]] = MappingProxyType(
    {
        (ResourceKind.FEATURE_CATALOG, Grant.DISCOVER): GrantRule(("Search",), managed_only=True),
        (ResourceKind.FEATURE_GROUPS, Grant.READ): GrantRule(
            _READ_GROUP, (*_WRITE_RECORDS, *_CHANGE_GROUP)
        ),
        (ResourceKind.FEATURE_GROUPS, Grant.READ_WRITE): GrantRule(
            (*_READ_GROUP, *_WRITE_RECORDS), _CHANGE_GROUP
        ),
        (ResourceKind.FEATURE_GROUPS, Grant.ADMIN): GrantRule(
            (*_READ_GROUP, *_WRITE_RECORDS, *_CHANGE_GROUP)
        ),
        (ResourceKind.MODEL_GROUPS, Grant.REGISTER): GrantRule(
            (*_SEE_VERSIONS, "CreateModelPackage"), _CHANGE_VERSIONS
        ),
        (ResourceKind.MODEL_GROUPS, Grant.DEPLOY): GrantRule(
            (*_SEE_VERSIONS, "CreateModel"), ("CreateModelPackage", *_CHANGE_VERSIONS)
        ),
        (ResourceKind.MODEL_GROUPS, Grant.REVIEW): GrantRule(
            _SEE_VERSIONS, ("CreateModel", "CreateModelPackage", *_CHANGE_VERSIONS)
        ),
        (ResourceKind.MODEL_GROUPS, Grant.ADMIN): GrantRule(
            (*_SEE_VERSIONS, "CreateModelPackage", "CreateModel", *_CHANGE_VERSIONS)
        ),
        (ResourceKind.MODEL_CARDS, Grant.READ): GrantRule(
            _READ_CARD, ("UpdateModelCard", *_EXPORT_CARD)
        ),
        (ResourceKind.MODEL_CARDS, Grant.READ_WRITE): GrantRule(
            (*_READ_CARD, "UpdateModelCard"), _EXPORT_CARD
        ),
        (ResourceKind.MODEL_CARDS, Grant.EXPORT): GrantRule(
            (*_READ_CARD, *_EXPORT_CARD), ("UpdateModelCard",)
        ),
        (ResourceKind.LINEAGE_GROUP, Grant.READ_WRITE): GrantRule(
            (
                "DescribeAction",
                "DescribeArtifact",
                "DescribeContext",
                "DescribeTrialComponent",
                "AddAssociation",
                "DeleteAssociation",
                "QueryLineage",
            )
        ),
    }
)

#: The words of the names of our own permissions, of which RAM allows 36 characters.
_WORDS: Final = {
    ResourceKind.FEATURE_GROUPS: "feature-groups",
    ResourceKind.MODEL_GROUPS: "model-groups",
    ResourceKind.MODEL_CARDS: "model-cards",
    ResourceKind.LINEAGE_GROUP: "lineage",
}


@dataclass(frozen=True)
class Permission:
    """A RAM permission as it is: its default version and actions, in lower case."""

    arn: str
    name: str
    resource_type: str
    actions: frozenset[str]
    version: str = "1"
    managed: bool = True
    #: Every version there is, the oldest first; known for customer-managed ones only.
    versions: tuple[str, ...] = ()
    feature_set: str = "STANDARD"


@dataclass(frozen=True)
class PermissionDefinition:
    """A customer-managed permission as it should be."""

    arn: str
    name: str
    resource_type: str
    actions: tuple[str, ...]

    def template(self) -> str:
        """Return the policy template; it has neither resource nor principal."""
        return json.dumps({"Effect": "Allow", "Action": list(self.actions)})


def permission_of(answer: Mapping[str, Any], versions: Iterable[str] = ()) -> Permission:
    """Read a permission from the `permission` of a `GetPermission` answer.

    Raises:
        SharingError: the policy template is not readable.
    """
    try:
        template = json.loads(answer["permission"])
        actions = template["Action"]
    except (KeyError, TypeError, ValueError) as error:
        raise SharingError(
            f"permission {answer.get('arn')} has no readable policy template",
            next_step="Look at it with ram:GetPermission.",
        ) from error
    listed = [actions] if isinstance(actions, str) else actions
    return Permission(
        answer["arn"],
        answer["name"],
        answer["resourceType"],
        frozenset(action.lower() for action in listed),
        str(answer.get("version", "1")),
        answer.get("permissionType", "AWS_MANAGED") == "AWS_MANAGED",
        tuple(sorted(versions, key=int)),
        answer.get("featureSet", "STANDARD"),
    )


def permission_for(
    kind: ResourceKind, grant: Grant, listed: Iterable[Permission], own_arn: str
) -> Permission | PermissionDefinition:
    """Return the least managed permission that fulfils the grant, or the one of ours to be made.

    `own_arn` is the prefix of the owner's permission ARNs, up to `permission/`.

    Raises:
        SharingError: none fulfils it without allowing too much, and RAM takes no other.
    """
    rule, resource_type = RULES[kind, grant], RESOURCE_TYPES[kind]
    same_type = [p for p in listed if p.resource_type.lower() == resource_type.lower()]
    fitting = [p for p in same_type if p.managed and rule.fits(p.actions)]
    if fitting:
        return min(fitting, key=lambda p: (len(p.actions), p.name.lower(), p.arn))
    if rule.managed_only:
        names = ", ".join(sorted(p.name for p in same_type)) or "none of that type"
        raise SharingError(
            f"no managed RAM permission for {resource_type} fulfils {grant.value}; listed: {names}",
            next_step="Look at ram:ListPermissions in the owner's account.",
        )
    name = f"causeway-{_WORDS[kind]}-{grant.value.replace('_', '-')}"
    # RAM's own spelling of the type, where it is seen.
    spelled = next((p.resource_type for p in same_type if p.managed), resource_type)
    actions = tuple(f"sagemaker:{action}" for action in rule.actions)
    return PermissionDefinition(f"{own_arn}{name}", name, spelled, actions)
