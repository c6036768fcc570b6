"""Resource shares of AWS RAM: as they should be, and as their owner's account shows them.

`causeway.sharing.plan` compares the two. Facts (RAM user guide and service model): one permission
per resource type in a share, no de-duplication by name, an invitation of a SageMaker type expires
after twelve hours and its principal is then disassociated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from causeway.errors import UnexpectedState
from causeway.sharing.grants import DesiredGrant
from causeway.sharing.permissions import RESOURCE_TYPES, Permission
from causeway.statuses import TABLES, Meaning, meaning
from causeway.topology.access_rules import CARD_STATUSES, CardStatusName, Grant, ResourceKind
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import AccountId, Topology
from causeway.topology.arns import SageMakerArn

#: Shares whose names start like this are ours: those that nobody declares are revoked.
OURS: Final = "causeway-"

#: How the permissions start that were promoted from a resource policy of ours.
PROMOTED: Final = f"{OURS}policy-"

Presence = Literal["there", "coming", "leaving", "absent"]


def presence(status: str, enum: str = "ResourceShareAssociationStatus") -> Presence:
    """Return what a status of a share or an association means to a plan.

    Raises:
        UnexpectedState: RAM has a status that is not in the table.
    """
    if status not in TABLES[enum]:
        raise UnexpectedState(
            f"RAM answered the unknown status {status!r}",
            next_step=f"Known are {', '.join(TABLES[enum])}; decide what it means before going on.",
        )
    match meaning(enum, status):
        case Meaning.SUCCESS:
            return "there"
        case Meaning.WAITING:
            return "coming" if status in ("PENDING", "ASSOCIATING") else "leaving"
        case _:
            return "absent"


@dataclass(frozen=True)
class DesiredShare:
    """One share as it should be: every principal has the grant on every resource."""

    name: str
    owner_role: AccountRole
    owner: AccountId
    principals: tuple[str, ...]
    resources: tuple[SageMakerArn, ...]
    kind: ResourceKind
    grant: Grant
    #: Whether principals outside the owner's organisation may be in it.
    external: bool = True
    #: The status that a model card must have come to before it is put into the share.
    from_status: CardStatusName = "Draft"

    @property
    def resource_type(self) -> str:
        """The one resource type in the share."""
        return RESOURCE_TYPES[self.kind]


@dataclass(frozen=True)
class ObservedShare:
    """One share as its owner sees it: associations by entity with their status."""

    arn: str
    name: str
    owner: AccountId
    status: str
    resources: Mapping[str, str] = field(default_factory=dict)
    principals: Mapping[str, str] = field(default_factory=dict)
    #: The version in use of each attached permission, by the permission's ARN.
    permissions: Mapping[str, str] = field(default_factory=dict)
    external: bool = True
    feature_set: str = "STANDARD"

    @property
    def ours(self) -> bool:
        """Whether the share was made from the declared access, not from a resource policy."""
        promoted = any(f":permission/{PROMOTED}" in arn for arn in self.permissions)
        return self.name.startswith(OURS) and self.feature_set == "STANDARD" and not promoted

    @property
    def lives(self) -> bool:
        """Whether the share is there or comes."""
        return presence(self.status, "ResourceShareStatus") != "absent"

    def holds(self, resource: str) -> bool:
        """Tell whether a resource is in the share."""
        return _is_in(self.resources, resource)

    def reaches(self, principal: str) -> bool:
        """Tell whether a principal is in the share or invited to it."""
        return _is_in(self.principals, principal)


def _is_in(entities: Mapping[str, str], entity: str) -> bool:
    status = entities.get(entity)
    return status is not None and presence(status) in ("there", "coming")


def settled(shares: Iterable[ObservedShare], name: str, *, with_principals: bool) -> Meaning:
    """Tell whether everything that was put into a share is ASSOCIATED.

    `failure` means that waiting is of no use: an association failed, or there is no such share.
    """
    living = [share for share in shares if share.name == name and share.lives]
    if not living:
        return Meaning.FAILURE
    statuses = [
        status
        for share in living
        for entities in (share.resources, share.principals if with_principals else {})
        for status in entities.values()
    ]
    if "FAILED" in statuses:
        return Meaning.FAILURE
    open_ones = {presence(status) for status in statuses}
    on_the_way = any(share.status == "PENDING" for share in living)
    still = on_the_way or open_ones & {"coming", "leaving"}
    return Meaning.WAITING if still else Meaning.SUCCESS


@dataclass(frozen=True)
class OwnerState:
    """What an owner's account shows: its shares, the permissions of the types in question, the
    resources that exist, the policies of the model groups that were looked at, and how far its
    model cards have come.
    """

    account: AccountId
    shares: tuple[ObservedShare, ...] = ()
    permissions: tuple[Permission, ...] = ()
    resources: frozenset[str] = frozenset()
    policies: Mapping[str, str] = field(default_factory=dict)
    #: The status of each model card by its ARN.
    cards: Mapping[str, str] = field(default_factory=dict)

    def has_come_to(self, status: str, resource: str) -> bool:
        """Tell whether a resource may be shared from a status on; only cards have one."""
        now = self.cards.get(resource, CARD_STATUSES[0])
        return now in CARD_STATUSES[CARD_STATUSES.index(status) :]


def desired_shares(
    grants: Iterable[DesiredGrant], topology: Topology, owner: AccountId | None = None
) -> tuple[DesiredShare, ...]:
    """Return the shares that carry the grants, in a stable order; of one owner when given.

    Grants whose model group has a resource policy need none.
    """
    by_share: dict[tuple[str, str], list[DesiredGrant]] = {}
    for grant in grants:
        if grant.route == "ram" and owner in (None, grant.owner):
            by_share.setdefault((grant.owner, grant.share), []).append(grant)
    return tuple(
        DesiredShare(
            name=name,
            owner_role=of_share[0].owner_role,
            owner=of_share[0].owner,
            principals=tuple(sorted({g.principal for g in of_share})),
            resources=tuple(sorted({g.resource for g in of_share}, key=str)),
            kind=of_share[0].kind,
            grant=of_share[0].grant,
            external=any(_outside(g.principal, topology) for g in of_share),
            from_status=of_share[0].from_status,
        )
        for (_, name), of_share in by_share.items()
    )


def _outside(principal: str, topology: Topology) -> bool:
    # Of an account that is not in the topology nobody knows its organisation: it may be outside.
    if not principal.isdigit():
        return False
    return not topology.organisation.enabled or not topology.roles_of(principal)
