"""Resource shares as AWS RAM holds them: what is shared, what was offered, what was accepted.

Reads become the domain's values (`causeway.sharing.shares`, `causeway.sharing.acceptance`), its
actions become calls. Lists are read for the whole account at once: what a look costs does not grow
with the number of shares, but for the pages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final

from causeway.sharing.acceptance import Invitation, VisibleShare
from causeway.sharing.actions import Action
from causeway.sharing.permissions import Permission, permission_of
from causeway.sharing.shares import OURS, ObservedShare, settled
from causeway.statuses import Meaning
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
                for association in self.pages(
                    "get_resource_share_associations",
                    "resourceShareAssociations",
                    associationType=kind,
                ):
                    of_share = entities.setdefault((kind, association["resourceShareArn"]), {})
                    of_share[association["associatedEntity"]] = association["status"]
            for use in self.pages("list_permission_associations", "permissions"):
                versions = permissions.setdefault(use["resourceShareArn"], {})
                versions[use["arn"]] = str(use["permissionVersion"])
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
        types = {kind.lower() for kind in resource_types}
        return tuple(
            self._permission(permission)
            for permission in self.pages("list_permissions", "permissions")
            if permission["resourceType"].lower() in types and _may_be_used(permission)
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
                arn=invitation["resourceShareInvitationArn"],
                share_name=invitation["resourceShareName"],
                share_arn=invitation["resourceShareArn"],
                sender=AccountId(invitation["senderAccountId"]),
                status=invitation["status"],
                sent_at=invitation["invitationTimestamp"],
            )
            for invitation in self.pages(
                "get_resource_share_invitations", "resourceShareInvitations"
            )
        )

    def offered(self, invitation_arn: str) -> frozenset[str]:
        """Return the resource types that a pending invitation would open."""
        resources = self.pages(
            "list_pending_invitation_resources",
            "resources",
            resourceShareInvitationArn=invitation_arn,
        )
        return frozenset(resource["type"] for resource in resources)

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

    def shared_with_me(self, resource_type: str | None = None) -> tuple[str, ...]:
        """Return the ARNs that others share with this account; of one type when given."""
        narrowed = {"resourceType": resource_type} if resource_type else {}
        resources = self.pages(
            "list_resources", "resources", resourceOwner="OTHER-ACCOUNTS", **narrowed
        )
        return tuple(sorted({resource["arn"] for resource in resources}))

    def association(self, share: str, with_principals: bool) -> Meaning:
        """Tell whether everything in an own share is ASSOCIATED; a question of a `Wait`.

        `with_principals` says whether its consumers must have joined, too.
        """
        return settled(self.observed(), share, with_principals=with_principals)

    def arrival(self, shares: Iterable[Sequence[str]]) -> Meaning:
        """Tell whether each share of others, by name and owner, is active or was offered.

        A question of a `Wait`. Inside an organisation with sharing on no invitation comes, the
        share is just there.
        """
        active = {(s.name, str(s.owner)) for s in self.visible() if s.status == "ACTIVE"}
        offers = {
            (i.share_name, str(i.sender)) for i in self.invitations() if i.status != "ACCEPTED"
        }
        awaited = {(name, owner) for name, owner in shares}
        return Meaning.SUCCESS if awaited <= active | offers else Meaning.WAITING

    def actions(self, permission_arn: str, version: str) -> tuple[str, ...]:
        """Return the actions of one version of a permission, in lower case."""
        reply = self.call(
            "get_permission", permissionArn=permission_arn, permissionVersion=int(version)
        )
        actions = json.loads(reply["permission"]["permission"])["Action"]
        return tuple(a.lower() for a in ([actions] if isinstance(actions, str) else actions))

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

    def _permission(self, summary: dict[str, Any]) -> Permission:
        arn = summary["arn"]
        if summary.get("permissionType") != "CUSTOMER_MANAGED":
            key = (arn, str(summary.get("version")))
            if key not in self._managed:
                self._managed[key] = permission_of(self._described(arn))
            return self._managed[key]
        permission = self._described(arn)
        versions = self.pages("list_permission_versions", "permissions", permissionArn=arn)
        return permission_of(permission, [version["version"] for version in versions])

    def _described(self, arn: str) -> dict[str, Any]:
        permission: dict[str, Any] = self.call("get_permission", permissionArn=arn)["permission"]
        return permission

    @cached_property
    def _managed(self) -> dict[tuple[str, str], Permission]:
        """AWS's own permissions by ARN and version: these do not change."""
        return {}

    def _shares(self, owner: str) -> list[dict[str, Any]]:
        return self.pages("get_resource_shares", "resourceShares", resourceOwner=owner)


def _may_be_used(permission: dict[str, Any]) -> bool:
    return (
        permission.get("permissionType") != "CUSTOMER_MANAGED"
        or permission["name"].startswith(OURS)
        or permission.get("featureSet") == "CREATED_FROM_POLICY"
    )
