"""The state of RAM in one region: shares, their resources and principals, and invitations.

RAM is one service for all accounts, so there is one store for each region. The operations check
permissions; this module is the state machine.

An association is ASSOCIATING (waiting for an invitation), ASSOCIATED or DISASSOCIATED.
"""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from localaws.kit.idempotency import ClientTokens
from localaws.kit.service import ServiceError
from localaws.ram.permissions import Permission, managed

# SageMaker types: 12 hours, not 7 days (RAM user guide, "Accepting and rejecting invitations").
INVITATION_LIFETIME = timedelta(hours=12)
# A deleted share stays visible for a while (RAM user guide, "Deleting a resource share").
DELETED_VISIBLE = timedelta(hours=2)


@dataclass
class Association:
    """A resource or a principal of a share."""

    entity: str
    kind: str  # RESOURCE | PRINCIPAL
    status: str
    created: datetime
    updated: datetime
    external: bool = False
    resource_type: str | None = None


@dataclass
class Share:
    """A resource share; `permissions` has one attached version for each type."""

    arn: str
    name: str
    owner: str
    allow_external: bool
    created: datetime
    updated: datetime
    status: str = "ACTIVE"
    tags: list[dict[str, str]] = field(default_factory=list)
    permissions: dict[str, tuple[Permission, int]] = field(default_factory=dict)
    resources: dict[str, Association] = field(default_factory=dict)
    principals: dict[str, Association] = field(default_factory=dict)
    retain_on_leave: bool | None = None
    feature_set: str = "STANDARD"
    # The resource and the policy statement from which this share was created.
    origin: tuple[str, str] | None = None

    @property
    def discoverable(self) -> bool:
        """Whether consumers can see the share; one from a policy only after its promotion."""
        return self.feature_set == "STANDARD"

    def live_resources(self) -> list[Association]:
        """Return the associated resources."""
        return [a for a in self.resources.values() if a.status == "ASSOCIATED"]

    def actions(self, resource_type: str) -> tuple[str, ...]:
        """Return the actions that the attached permission of a type allows."""
        attached = self.permissions.get(resource_type)
        return attached[0].version(attached[1]).actions if attached else ()


@dataclass
class Invitation:
    """An invitation of one account to one share."""

    arn: str
    share: Share
    receiver: str
    at: datetime
    status: str = "PENDING"


class RamStore:
    """All shares, invitations and customer-managed permissions of a region."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.shares: dict[str, Share] = {}
        self.invitations: dict[str, Invitation] = {}
        self.permissions: dict[str, Permission] = dict(managed())
        self.tokens = ClientTokens()
        self._sharing: defaultdict[str, dict[str, Share]] = defaultdict(dict)

    # ------------------------------------------------------------------ finding
    def share(self, arn: str, owner: str | None = None) -> Share:
        """Return a share, of that owner when given; UnknownResourceException otherwise."""
        share = self.shares.get(arn)
        if share is None or (owner is not None and share.owner != owner):
            raise ServiceError(
                "UnknownResourceException", f"ResourceShare {arn} could not be found."
            )
        return share

    def permission(self, arn: str, account: str) -> Permission:
        """Return a managed permission or one of the account's own.

        The letter case of a managed permission's name does not matter: AWS itself prints
        `…SageMakerFeatureGroupReadWrite` and `…SagemakerFeatureGroupReadWrite` for one permission.
        """
        permission = self.permissions.get(arn) or next(
            (p for p in managed().values() if p.arn.lower() == arn.lower()), None
        )
        if permission is None or permission.owner not in (None, account):
            raise ServiceError("UnknownResourceException", f"Permission {arn} could not be found.")
        return permission

    def sharing(self, resource_arn: str) -> Iterator[Share]:
        """Yield the active shares of a resource."""
        for share in list(self._sharing.get(resource_arn, {}).values()):
            if share.status == "ACTIVE" and share.resources[resource_arn].status == "ASSOCIATED":
                yield share

    # ------------------------------------------------------------------ changing
    def add(self, share: Share) -> Share:
        """Add a new share."""
        self.shares[share.arn] = share
        return share

    def add_resource(
        self, share: Share, arn: str, resource_type: str, now: datetime
    ) -> Association:
        """Add a resource to a share; one that is associated already stays unchanged."""
        present = share.resources.get(arn)
        if present and present.status == "ASSOCIATED":
            return present
        added = Association(arn, "RESOURCE", "ASSOCIATED", now, now, resource_type=resource_type)
        share.resources[arn] = added
        share.updated = now
        self._sharing[arn][share.arn] = share
        return added

    def add_principal(
        self, share: Share, principal: str, now: datetime, *, invite: bool, external: bool
    ) -> Association:
        """Add a principal to a share, at once or after it accepts an invitation.

        A member or invited principal stays unchanged. A principal that left, or whose invitation
        expired or was rejected, is invited again.
        """
        present = share.principals.get(principal)
        if present and present.status in ("ASSOCIATED", "ASSOCIATING"):
            return present
        status = "ASSOCIATING" if invite else "ASSOCIATED"
        added = Association(principal, "PRINCIPAL", status, now, now, external=external)
        share.principals[principal] = added
        share.updated = now
        if invite:
            region = share.arn.split(":")[3]
            arn = f"arn:aws:ram:{region}:{share.owner}:resource-share-invitation/{uuid.uuid4()}"
            self.invitations[arn] = Invitation(arn, share, principal, now)
        return added

    def remove(self, share: Share, association: Association, now: datetime) -> None:
        """Remove a resource or principal from a share, and its invitations."""
        association.status = "DISASSOCIATED"
        association.updated = share.updated = now
        if association.kind == "RESOURCE":
            self._sharing[association.entity].pop(share.arn, None)
            return
        for arn, invitation in list(self.invitations.items()):
            if (invitation.share, invitation.receiver) == (share, association.entity):
                del self.invitations[arn]

    def delete(self, share: Share, now: datetime) -> None:
        """Delete a share: everything is removed; its owner can see it for a while."""
        for association in [*share.resources.values(), *share.principals.values()]:
            if association.status != "DISASSOCIATED":
                self.remove(share, association, now)
        share.status = "DELETED"
        share.updated = now

    def answer(self, invitation: Invitation, status: str, now: datetime) -> None:
        """Accept or reject (or expire) a pending invitation."""
        invitation.status = status
        association = invitation.share.principals[invitation.receiver]
        association.status = "ASSOCIATED" if status == "ACCEPTED" else "DISASSOCIATED"
        association.updated = now

    def sweep(self, now: datetime) -> None:
        """Expire overdue invitations, and remove shares that were deleted some time ago."""
        for invitation in self.invitations.values():
            if invitation.status == "PENDING" and now >= invitation.at + INVITATION_LIFETIME:
                self.answer(invitation, "EXPIRED", invitation.at + INVITATION_LIFETIME)
        for arn, share in list(self.shares.items()):
            if share.status == "DELETED" and now >= share.updated + DELETED_VISIBLE:
                del self.shares[arn]
