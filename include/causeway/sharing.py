"""Sharing through AWS RAM: desired against observed shares, and the plan between them.

A plan is computed from what the owner's account shows; applying it and planning again gives a
quiet plan. Facts (RAM user guide and service model): one permission per resource type in a share,
no de-duplication by name, an invitation of a SageMaker type dies after twelve hours and its
principal is then disassociated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from causeway.access import DesiredGrant, desired_grants
from causeway.access_rules import Grant
from causeway.accounts import AccountId, AccountRole, Topology
from causeway.config import UseCase
from causeway.documents import canonical_json, sha256
from causeway.errors import SharingError

FEATURE_GROUP: Final = "sagemaker:FeatureGroup"
MODEL_PACKAGE_GROUP: Final = "sagemaker:ModelPackageGroup"


@dataclass(frozen=True)
class GrantRule:
    """What a grant needs, and what its permission may not contain."""

    resource_type: str
    required: frozenset[str]
    forbidden: frozenset[str] = frozenset()


#: Names of permissions are not certain (letter case, unpublished lists), actions are: a grant is
#: resolved among the permissions that RAM lists. An approval gate is only as strong as the
#: permission, so no consumer's may contain UpdateModelPackage.
GRANTS: Final[Mapping[Grant, GrantRule]] = MappingProxyType(
    {
        Grant.READ: GrantRule(
            FEATURE_GROUP,
            frozenset({"sagemaker:describefeaturegroup", "sagemaker:getrecord"}),
            frozenset({"sagemaker:putrecord", "sagemaker:deleterecord"}),
        ),
        Grant.REGISTER: GrantRule(
            MODEL_PACKAGE_GROUP,
            frozenset({"sagemaker:createmodelpackage", "sagemaker:describemodelpackage"}),
            frozenset({"sagemaker:updatemodelpackage", "sagemaker:deletemodelpackage"}),
        ),
        Grant.DEPLOY: GrantRule(
            MODEL_PACKAGE_GROUP,
            frozenset({"sagemaker:createmodel", "sagemaker:describemodelpackage"}),
            frozenset({"sagemaker:updatemodelpackage", "sagemaker:deletemodelpackage"}),
        ),
    }
)


@dataclass(frozen=True)
class Permission:
    """A RAM permission and its actions, in lower case."""

    arn: str
    name: str
    resource_type: str
    actions: frozenset[str]


@dataclass(frozen=True)
class DesiredShare:
    """One share as it should be."""

    name: str
    owner_role: AccountRole
    owner: AccountId
    consumers: tuple[AccountId, ...]
    resources: tuple[str, ...]
    grant: Grant

    @property
    def resource_type(self) -> str:
        """The one resource type in the share."""
        return GRANTS[self.grant].resource_type


@dataclass(frozen=True)
class ObservedShare:
    """One share as its owner sees it: associations by entity with their status."""

    arn: str
    name: str
    owner: AccountId
    status: str
    resources: Mapping[str, str] = field(default_factory=dict)
    principals: Mapping[str, str] = field(default_factory=dict)
    permissions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CreateShare:
    """Create the share whole: `CreateResourceShare`."""

    share: DesiredShare
    permission_arn: str
    client_token: str

    def request(self) -> dict[str, Any]:
        """The `CreateResourceShare` request."""
        return {
            "name": self.share.name,
            "resourceArns": list(self.share.resources),
            "principals": list(self.share.consumers),
            "permissionArns": [self.permission_arn],
            # Local accounts are in no organisation; who may accept is the consumer list's matter.
            "allowExternalPrincipals": True,
            "clientToken": self.client_token,
        }


@dataclass(frozen=True)
class Associate:
    """Add resources or principals: `AssociateResourceShare`."""

    share_arn: str
    share_name: str
    resources: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    #: Says again what ran out: an expired invitation's principal is invited anew.
    again: bool = False

    def request(self) -> dict[str, Any]:
        """The `AssociateResourceShare` request."""
        return _association(self.share_arn, self.resources, self.principals)


@dataclass(frozen=True)
class Disassociate:
    """Take resources or principals out that are not desired: `DisassociateResourceShare`."""

    share_arn: str
    share_name: str
    resources: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()

    def request(self) -> dict[str, Any]:
        """The `DisassociateResourceShare` request."""
        return _association(self.share_arn, self.resources, self.principals)


@dataclass(frozen=True)
class ReplacePermission:
    """Give the share the desired permission: `AssociateResourceSharePermission`."""

    share_arn: str
    share_name: str
    permission_arn: str

    def request(self) -> dict[str, Any]:
        """The `AssociateResourceSharePermission` request."""
        return {
            "resourceShareArn": self.share_arn,
            "permissionArn": self.permission_arn,
            "replace": True,
        }


Action = CreateShare | Associate | Disassociate | ReplacePermission


@dataclass(frozen=True)
class Plan:
    """What to do in the owner's account, in order, and what is only waited for."""

    actions: tuple[Action, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do."""
        return not self.actions


def desired_shares(
    use_cases: Iterable[UseCase], topology: Topology, now: datetime
) -> tuple[DesiredShare, ...]:
    """Return every share that the declared access needs at a time, in a stable order."""
    held: dict[tuple[str, str], list[DesiredGrant]] = {}
    for grant in desired_grants(use_cases, topology, now):
        held.setdefault((grant.owner, grant.share), []).append(grant)
    return tuple(
        DesiredShare(
            name=name,
            owner_role=grants[0].owner_role,
            owner=grants[0].owner,
            consumers=tuple(sorted({AccountId(g.principal) for g in grants})),
            resources=tuple(sorted({g.resource for g in grants})),
            grant=grants[0].grant,
        )
        for (_, name), grants in held.items()
    )


def permission_of(answer: Mapping[str, Any]) -> Permission:
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
    )


def permission_for(grant: Grant, listed: Iterable[Permission]) -> Permission:
    """Return the least of the listed permissions that covers the grant.

    Raises:
        SharingError: none covers it without also allowing what the grant forbids.
    """
    rule = GRANTS[grant]
    same_type = [p for p in listed if p.resource_type.lower() == rule.resource_type.lower()]
    covering = [
        p for p in same_type if rule.required <= p.actions and not rule.forbidden & p.actions
    ]
    if not covering:
        names = ", ".join(sorted(p.name for p in same_type)) or "none of that type"
        raise SharingError(
            f"no RAM permission for {rule.resource_type} allows {', '.join(sorted(rule.required))}"
            f" without {', '.join(sorted(rule.forbidden))}; listed: {names}",
            next_step="Create a customer-managed permission with these actions in the owner's "
            "account.",
        )
    return min(covering, key=lambda p: (len(p.actions), p.name.lower(), p.arn))


_GONE: Final = frozenset({"DELETING", "DELETED", "FAILED"})
_THERE: Final = frozenset({"ASSOCIATED", "ASSOCIATING"})
_LEAVING: Final = frozenset({"DISASSOCIATING", "SUSPENDING", "RESTORING"})


def plan_share(
    desired: DesiredShare, observed: Iterable[ObservedShare], permissions: Iterable[Permission]
) -> Plan:
    """Compare one desired share with the owner's shares of that name.

    Raises:
        SharingError: no listed permission fits the grant, or two live shares have the name.
    """
    permission = permission_for(desired.grant, permissions)
    named = [s for s in observed if s.name == desired.name]
    live = [s for s in named if s.status not in _GONE]
    if len(live) > 1:
        raise SharingError(
            f"{len(live)} shares are called {desired.name}: "
            f"{', '.join(sorted(s.arn for s in live))}",
            account=desired.owner,
            next_step="RAM does not refuse equal names; delete all but one of them.",
        )
    if not live:
        token = _token(desired, permission, sorted(s.arn for s in named))
        return Plan((CreateShare(desired, permission.arn, token),))
    share = live[0]
    actions: list[Action] = []
    waiting: list[str] = []
    if share.permissions != {permission.arn}:
        actions.append(ReplacePermission(share.arn, share.name, permission.arn))
    for kind, wanted, there in (
        ("resources", desired.resources, share.resources),
        ("principals", desired.consumers, share.principals),
    ):
        new = tuple(e for e in wanted if e not in there)
        again = tuple(
            e for e in wanted if e in there and there[e] not in _THERE and there[e] not in _LEAVING
        )
        waiting += [f"{share.name}: {e} is {there[e]}" for e in wanted if there.get(e) in _LEAVING]
        surplus = tuple(sorted(e for e, s in there.items() if e not in wanted and s in _THERE))
        for entities, once_more in ((new, False), (again, True)):
            if entities:
                parts = {kind: entities}
                actions.append(Associate(share.arn, share.name, again=once_more, **parts))
        if surplus:
            actions.append(Disassociate(share.arn, share.name, **{kind: surplus}))
    return Plan(tuple(actions), tuple(waiting))


def _token(desired: DesiredShare, permission: Permission, predecessors: list[str]) -> str:
    # A function of the request and of the dead shares before it: a retried call is the same
    # call, and a share made anew after a deletion is another.
    parts = [desired.name, desired.resources, desired.consumers, permission.arn, predecessors]
    return sha256(canonical_json(parts))[:32]


def _association(share: str, resources: Sequence[str], principals: Sequence[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"resourceShareArn": share}
    if resources:
        made["resourceArns"] = list(resources)
    if principals:
        made["principals"] = list(principals)
    return made
