"""Resource shares as AWS RAM holds them: what is shared, what was offered, what was accepted.

Reads become the domain's values (`causeway.sharing`, `causeway.acceptance`), its actions become
calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from causeway.acceptance import Invitation, VisibleShare
from causeway.accounts import AccountId
from causeway.sharing import (
    Action,
    Associate,
    CreateShare,
    Disassociate,
    ObservedShare,
    Permission,
    permission_of,
)
from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class RamHook(CausewayHook):
    """Shares and invitations of one account."""

    service = "ram"

    def observed(self) -> list[ObservedShare]:
        """Return the shares this account owns, with their associations and permissions."""
        shares = self._shares("SELF")
        arns = [share["resourceShareArn"] for share in shares if share["status"] != "DELETED"]
        entities: dict[tuple[str, str], dict[str, str]] = {}
        for kind in ("RESOURCE", "PRINCIPAL") if arns else ():
            for found in self.pages(
                "get_resource_share_associations",
                "resourceShareAssociations",
                associationType=kind,
                resourceShareArns=arns,
            ):
                place = entities.setdefault((kind, found["resourceShareArn"]), {})
                place[found["associatedEntity"]] = found["status"]
        return [
            ObservedShare(
                arn=share["resourceShareArn"],
                name=share["name"],
                owner=AccountId(share["owningAccountId"]),
                status=share["status"],
                resources=entities.get(("RESOURCE", share["resourceShareArn"]), {}),
                principals=entities.get(("PRINCIPAL", share["resourceShareArn"]), {}),
                permissions=self._permissions_of(share),
            )
            for share in shares
        ]

    def permissions(self, resource_types: Iterable[str]) -> list[Permission]:
        """Return every permission for these types, with its actions (names are not certain)."""
        wanted = {kind.lower() for kind in resource_types}
        listed = self.pages("list_permissions", "permissions")
        return [
            permission_of(self.call("get_permission", permissionArn=found["arn"])["permission"])
            for found in listed
            if found["resourceType"].lower() in wanted
        ]

    def apply(self, action: Action) -> None:
        """Carry out one action of a sharing plan."""
        if isinstance(action, CreateShare):
            operation = "create_resource_share"
        elif isinstance(action, Associate):
            operation = "associate_resource_share"
        elif isinstance(action, Disassociate):
            operation = "disassociate_resource_share"
        else:
            operation = "associate_resource_share_permission"
        self.call(operation, **action.request())

    def invitations(self) -> list[Invitation]:
        """Return every invitation this account received, with what a pending one offers."""
        return [
            Invitation(
                arn=found["resourceShareInvitationArn"],
                share_name=found["resourceShareName"],
                share_arn=found["resourceShareArn"],
                sender=AccountId(found["senderAccountId"]),
                status=found["status"],
                sent_at=found["invitationTimestamp"],
                resource_types=self._offered(found),
            )
            for found in self.pages("get_resource_share_invitations", "resourceShareInvitations")
        ]

    def visible(self) -> list[VisibleShare]:
        """Return the shares of other accounts that this one sees."""
        return [
            VisibleShare(
                arn=share["resourceShareArn"],
                name=share["name"],
                owner=AccountId(share["owningAccountId"]),
                status=share["status"],
            )
            for share in self._shares("OTHER-ACCOUNTS")
        ]

    def accept(self, invitation_arn: str) -> None:
        """Accept an invitation; one that was accepted meanwhile is as good."""
        try:
            self.call("accept_resource_share_invitation", resourceShareInvitationArn=invitation_arn)
        except AwsCallError as error:
            if error.code != "ResourceShareInvitationAlreadyAcceptedException":
                raise

    def _shares(self, owner: str) -> list[dict[str, Any]]:
        return self.pages("get_resource_shares", "resourceShares", resourceOwner=owner)

    def _permissions_of(self, share: dict[str, Any]) -> frozenset[str]:
        if share["status"] != "ACTIVE":
            return frozenset()
        found = self.pages(
            "list_resource_share_permissions",
            "permissions",
            resourceShareArn=share["resourceShareArn"],
        )
        return frozenset(permission["arn"] for permission in found)

    def _offered(self, invitation: dict[str, Any]) -> frozenset[str]:
        if invitation["status"] != "PENDING":
            return frozenset()
        found = self.pages(
            "list_pending_invitation_resources",
            "resources",
            resourceShareInvitationArn=invitation["resourceShareInvitationArn"],
        )
        return frozenset(resource["type"] for resource in found)
