"""RAM: invitations, listed and answered by their receiver."""

from __future__ import annotations

from localaws.kit.paging import RAM
from localaws.kit.service import Call, ServiceError
from localaws.ram.operation import Reply, announce, invitation_reply, operation, resource_reply
from localaws.ram.shares import Invitation, RamStore

ALREADY = {
    "ACCEPTED": "ResourceShareInvitationAlreadyAcceptedException",
    "REJECTED": "ResourceShareInvitationAlreadyRejectedException",
    "EXPIRED": "ResourceShareInvitationExpiredException",
}


@operation("GetResourceShareInvitations")
def get_resource_share_invitations(call: Call, store: RamStore) -> Reply:
    """List the invitations that this account received, of every status."""
    arns = call.params.get("resourceShareInvitationArns") or []
    shares = call.params.get("resourceShareArns") or []
    for arn in arns:
        _received(call, store, arn)
    invitations = [
        invitation
        for invitation in store.invitations.values()
        if invitation.receiver == call.account
        and (not arns or invitation.arn in arns)
        and (not shares or invitation.share.arn in shares)
    ]
    page, rest = RAM.page(call.params, invitations)
    return {
        "resourceShareInvitations": [invitation_reply(invitation) for invitation in page],
        **rest,
    }


@operation("AcceptResourceShareInvitation")
def accept_resource_share_invitation(call: Call, store: RamStore) -> Reply:
    """Accept a pending invitation; the account then is a member of the share."""
    return _answer(call, store, "ACCEPTED")


@operation("RejectResourceShareInvitation")
def reject_resource_share_invitation(call: Call, store: RamStore) -> Reply:
    """Reject a pending invitation; the owner must share again."""
    return _answer(call, store, "REJECTED")


@operation("ListPendingInvitationResources")
def list_pending_invitation_resources(call: Call, store: RamStore) -> Reply:
    """List the resources of an invitation's share, before it is accepted."""
    invitation = _received(call, store, call.params["resourceShareInvitationArn"])
    if invitation.status in ("REJECTED", "EXPIRED"):
        raise _already(invitation)
    page, rest = RAM.page(call.params, invitation.share.live_resources())
    return {
        "resources": [resource_reply(invitation.share, association) for association in page],
        **rest,
    }


def _received(call: Call, store: RamStore, arn: str) -> Invitation:
    invitation = store.invitations.get(arn)
    if invitation is None or invitation.receiver != call.account:
        raise ServiceError(
            "ResourceShareInvitationArnNotFoundException",
            f"ResourceShareInvitation {arn} could not be found.",
        )
    return invitation


def _already(invitation: Invitation) -> ServiceError:
    return ServiceError(
        ALREADY[invitation.status],
        f"ResourceShareInvitation {invitation.arn} is {invitation.status}.",
    )


def _answer(call: Call, store: RamStore, status: str) -> Reply:
    invitation = _received(call, store, call.params["resourceShareInvitationArn"])
    if invitation.status != "PENDING":
        raise _already(invitation)
    store.answer(invitation, status, call.now())
    announce(call, invitation.share, "Resource Share Invitation", status.lower())
    return {"resourceShareInvitation": invitation_reply(invitation)}
