"""How a RAM operation is registered, and replies that several operations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.ram import organisation as organisations
from localaws.ram.grants import store_of
from localaws.ram.shares import Association, Invitation, RamStore, Share

ram = Service.named("ram")
Reply = dict[str, Any]
RamHandler = Callable[[Call, RamStore], Reply]


def operation(name: str) -> Callable[[RamHandler], RamHandler]:
    """Register a RAM operation.

    It runs under the store's own lock, because the authoriser reads grants during calls to other
    services. Overdue invitations expire first; a repeated `clientToken` has no further effect.
    """

    def register(handler: RamHandler) -> RamHandler:
        def serve(call: Call) -> Reply:
            store = store_of(call, call.region)
            with store.lock:
                store.sweep(call.now())
                token = call.params.get("clientToken")
                if not token:
                    return handler(call, store)
                reply = store.tokens.once(
                    (call.account, name, token),
                    call.params,
                    call.now(),
                    lambda: handler(call, store),
                    ServiceError(
                        "IdempotentParameterMismatchException",
                        f"The client token {token} was used with other parameters before.",
                    ),
                )
                return {**reply, "clientToken": token}

        ram.operation(name, locked=False)(serve)
        return handler

    return register


def share_reply(share: Share) -> Reply:
    """Return RAM's `ResourceShare`."""
    reply: Reply = {
        "resourceShareArn": share.arn,
        "name": share.name,
        "owningAccountId": share.owner,
        "allowExternalPrincipals": share.allow_external,
        "status": share.status,
        "tags": list(share.tags),
        "creationTime": share.created,
        "lastUpdatedTime": share.updated,
        "featureSet": share.feature_set,
    }
    if share.retain_on_leave is not None:
        reply["resourceShareConfiguration"] = {
            "retainSharingOnAccountLeaveOrganization": share.retain_on_leave
        }
    return reply


def association_reply(share: Share, association: Association) -> Reply:
    """Return RAM's `ResourceShareAssociation`."""
    return {
        "resourceShareArn": share.arn,
        "resourceShareName": share.name,
        "associatedEntity": association.entity,
        "associationType": association.kind,
        "status": association.status,
        "creationTime": association.created,
        "lastUpdatedTime": association.updated,
        "external": association.external,
    }


def invitation_reply(invitation: Invitation) -> Reply:
    """Return RAM's `ResourceShareInvitation`."""
    return {
        "resourceShareInvitationArn": invitation.arn,
        "resourceShareName": invitation.share.name,
        "resourceShareArn": invitation.share.arn,
        "senderAccountId": invitation.share.owner,
        "receiverAccountId": invitation.receiver,
        "invitationTimestamp": invitation.at,
        "status": invitation.status,
    }


def resource_reply(share: Share, association: Association) -> Reply:
    """Return RAM's `Resource`."""
    return {
        "arn": association.entity,
        "type": association.resource_type,
        "resourceShareArn": share.arn,
        "status": "AVAILABLE",
        "creationTime": association.created,
        "lastUpdatedTime": association.updated,
        "resourceRegionScope": "REGIONAL",
    }


def announce(call: Call, share: Share, event: str, status: str) -> None:
    """Emit "Resource Sharing State Change" in the accounts of the owner and the members."""
    accounts = {share.owner}
    accounts |= {p for p, a in share.principals.items() if a.status == "ASSOCIATED"}
    for account in sorted(accounts & {*call.account_ids(), share.owner}):
        call.emit(
            account,
            call.region,
            "aws.ram",
            "Resource Sharing State Change",
            {"event": event, "status": status},
            [share.arn],
        )


def inside_organisation(call: Call, account: str) -> bool:
    """Tell whether an account needs no invitation: itself, or one of a sharing organisation."""
    organisation = organisations.of(call)
    return account == call.account or (
        organisation.sharing and organisation.together(call.account, account)
    )
