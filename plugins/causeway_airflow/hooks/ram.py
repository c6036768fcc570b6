"""Resource shares as AWS RAM holds them: what is shared, what was offered, what was accepted.

Reads become the domain's values (`causeway.sharing.shares`, `causeway.sharing.acceptance`), its
actions become calls. Lists are read for the whole account at once: what a look costs does not grow
with the number of shares, but for the pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from causeway.errors import SharingError
from causeway.sharing.acceptance import Invitation, VisibleShare
from causeway.sharing.actions import Action
from causeway.sharing.permissions import Permission, permission_of
from causeway.sharing.shares import OURS, ObservedShare
from causeway.topology.accounts import AccountId
from causeway_airflow.hooks.base import AwsCallError, CausewayHook

#: Who comes second finds done what another run or a parallel task did; that is as good.
ALREADY_DONE: Final = {
    "create_permission": {"PermissionAlreadyExistsException"},
    "delete_permission_version": {"UnknownResourceException"},
    "delete_resource_share": {"UnknownResourceException"},
    "disassociate_resource_share": {"UnknownResourceException"},
}


class RamHook(CausewayHook):
    """Shares and invitations of one account."""

    service = "ram"

    def observed(self) -> tuple[ObservedShare, ...]:
        """Return the shares this account owns, with their associations and permissions."""
        shares = self._shares("SELF")
        entities: dict[tuple[str, str], dict[str, str]] = {}
        permissions: dict[str, dict[str, str]] = {}
        if any(share["status"] != "DELETED" for share in shares):
            for kind in ("RESOURCE", "PRINCIPAL"):
                for found in self.pages(
                    "get_resource_share_associations",
                    "resourceShareAssociations",
                    associationType=kind,
                ):
                    place = entities.setdefault((kind, found["resourceShareArn"]), {})
                    place[found["associatedEntity"]] = found["status"]
            for used in self.pages("list_permission_associations", "permissions"):
                held = permissions.setdefault(used["resourceShareArn"], {})
                held[used["arn"]] = str(used["permissionVersion"])
        return tuple(
            ObservedShare(
                arn=share["resourceShareArn"],
                name=share["name"],
                owner=AccountId(share["owningAccountId"]),
                status=share["status"],
                resources=entities.get(("RESOURCE", share["resourceShareArn"]), {}),
                principals=entities.get(("PRINCIPAL", share["resourceShareArn"]), {}),
                permissions=permissions.get(share["resourceShareArn"], {}),
                external=share.get("allowExternalPrincipals", True),
                feature_set=share.get("featureSet", "STANDARD"),
            )
            for share in shares
        )

    def permissions(self, resource_types: Iterable[str]) -> tuple[Permission, ...]:
        """Return the permissions for these types with their actions (names are not certain).

        Those that somebody else made in this account are left out: their actions may change.
        """
        wanted = {kind.lower() for kind in resource_types}
        return tuple(
            self._permission(found)
            for found in self.pages("list_permissions", "permissions")
            if found["resourceType"].lower() in wanted and _may_be_used(found)
        )

    def permission_named(self, name: str) -> Permission:
        """Return the permission of a name, whatever its letter case."""
        for found in self.pages("list_permissions", "permissions"):
            if found["name"].lower() == name.lower():
                return self._permission(found)
        raise SharingError(
            f"there is no RAM permission {name}",
            principal=self.principal,
            next_step="Look at ram:ListPermissions.",
        )

    def apply(self, action: Action) -> None:
        """Carry out one action of a sharing plan."""
        try:
            self.call(action.operation, **action.request())
        except AwsCallError as error:
            if error.code not in ALREADY_DONE.get(action.operation, ()):
                raise

    def invitations(self) -> tuple[Invitation, ...]:
        """Return every invitation this account received, whatever its status."""
        return tuple(
            Invitation(
                arn=found["resourceShareInvitationArn"],
                share_name=found["resourceShareName"],
                share_arn=found["resourceShareArn"],
                sender=AccountId(found["senderAccountId"]),
                status=found["status"],
                sent_at=found["invitationTimestamp"],
            )
            for found in self.pages("get_resource_share_invitations", "resourceShareInvitations")
        )

    def offered(self, invitation_arn: str) -> frozenset[str]:
        """Return the resource types that a pending invitation would open."""
        found = self.pages(
            "list_pending_invitation_resources",
            "resources",
            resourceShareInvitationArn=invitation_arn,
        )
        return frozenset(resource["type"] for resource in found)

    def visible(self) -> tuple[VisibleShare, ...]:
        """Return the shares of other accounts that this one sees."""
        return tuple(
            VisibleShare(
                arn=share["resourceShareArn"],
                name=share["name"],
                owner=AccountId(share["owningAccountId"]),
                status=share["status"],
            )
            for share in self._shares("OTHER-ACCOUNTS")
        )

    def shared_with_me(self, resource_type: str) -> tuple[str, ...]:
        """Return the ARNs of one type that others share with this account."""
        found = self.pages(
            "list_resources",
            "resources",
            resourceOwner="OTHER-ACCOUNTS",
            resourceType=resource_type,
        )
        return tuple(sorted({resource["arn"] for resource in found}))

    def accept(self, invitation_arn: str) -> None:
        """Accept an invitation; one that was accepted meanwhile is as good."""
        try:
            self.call("accept_resource_share_invitation", resourceShareInvitationArn=invitation_arn)
        except AwsCallError as error:
            if error.code != "ResourceShareInvitationAlreadyAcceptedException":
                raise

    def leave(self, share_arn: str, account: str) -> None:
        """Take this account out of another's share; one that is out already is as good."""
        try:
            self.call(
                "disassociate_resource_share", resourceShareArn=share_arn, principals=[account]
            )
        except AwsCallError as error:
            if error.code != "UnknownResourceException":
                raise

    def _permission(self, found: dict[str, Any]) -> Permission:
        answer = self.call("get_permission", permissionArn=found["arn"])["permission"]
        if found.get("permissionType") != "CUSTOMER_MANAGED":
            return permission_of(answer)
        versions = self.pages("list_permission_versions", "permissions", permissionArn=found["arn"])
        return permission_of(answer, [one["version"] for one in versions])

    def _shares(self, owner: str) -> list[dict[str, Any]]:
        return self.pages("get_resource_shares", "resourceShares", resourceOwner=owner)


def _may_be_used(permission: dict[str, Any]) -> bool:
    return (
        permission.get("permissionType") != "CUSTOMER_MANAGED"
        or permission["name"].startswith(OURS)
        or permission.get("featureSet") == "CREATED_FROM_POLICY"
    )
