"""Organizations: the organisation itself, its accounts, and how they join and leave."""

from __future__ import annotations

import secrets
from datetime import timedelta

from localaws.kit.service import Call, ServiceError
from localaws.organizations.operation import PAGER, Reply, account_reply, operation, organizations
from localaws.ram import organisation
from localaws.ram.organisation import Organisation

INVITATION = timedelta(days=15)  # Organizations user guide: invitations expire after 15 days


@organizations.operation("CreateOrganization")
def create_organization(call: Call) -> Reply:
    """Found an organisation that the caller's account manages; the local AWS has one at most."""
    found = organisation.of(call)
    if call.account in found.members:
        raise ServiceError(
            "AlreadyInOrganizationException", "The AWS account is already a member of one."
        )
    if found.management is not None:
        raise ServiceError(
            "UnsupportedOperation", "the local AWS has one organization at most", 501
        )
    found.found(call.account, set())
    found.since = call.now()
    return {"Organization": _document(found)}


@operation("DescribeOrganization", management_only=False)
def describe_organization(call: Call, found: Organisation) -> Reply:
    """Describe the organisation the account is in."""
    del call
    return {"Organization": _document(found)}


@operation("DeleteOrganization")
def delete_organization(call: Call, found: Organisation) -> Reply:
    """Dissolve an organisation that has no members left but its management account."""
    if found.members != {call.account}:
        raise ServiceError(
            "OrganizationNotEmptyException", "The organization still has member accounts."
        )
    found.dissolve()
    return {}


@operation("ListAccounts")
def list_accounts(call: Call, found: Organisation) -> Reply:
    """List the member accounts."""
    members = sorted(found.members)
    page, rest = PAGER.page(call.params, members)
    return {"Accounts": [account_reply(found, one, call.accounts) for one in page], **rest}


@operation("DescribeAccount")
def describe_account(call: Call, found: Organisation) -> Reply:
    """Describe a member account."""
    account = _member(found, call.params["AccountId"])
    return {"Account": account_reply(found, account, call.accounts)}


@operation("InviteAccountToOrganization")
def invite_account_to_organization(call: Call, found: Organisation) -> Reply:
    """Invite an account of the local AWS by its id."""
    target = call.params["Target"]
    account = target["Id"]
    if target["Type"] != "ACCOUNT" or account not in call.account_ids():
        raise ServiceError("AccountNotFoundException", f"There is no account {account}.")
    if account in found.members:
        raise ServiceError(
            "DuplicateHandshakeException", f"Account {account} is already in the organization."
        )
    identity = "h-" + secrets.token_hex(8)
    now = call.now()
    found.invited[identity] = {
        "Id": identity,
        "Arn": f"arn:aws:organizations::{found.management}:handshake/{found.organisation_id}/"
        f"invite/{identity}",
        "Parties": [
            {"Id": found.organisation_id.removeprefix("o-"), "Type": "ORGANIZATION"},
            {"Id": account, "Type": "ACCOUNT"},
        ],
        "State": "OPEN",
        "RequestedTimestamp": now,
        "ExpirationTimestamp": now + INVITATION,
        "Action": "INVITE",
        "Resources": [{"Value": found.organisation_id, "Type": "ORGANIZATION"}],
    }
    return {"Handshake": found.invited[identity]}


@organizations.operation("ListHandshakesForAccount")
def list_handshakes_for_account(call: Call) -> Reply:
    """List the invitations that the caller's account got."""
    _expire(call)
    mine = [h for h in organisation.of(call).invited.values() if _invited(h) == call.account]
    page, rest = PAGER.page(call.params, mine)
    return {"Handshakes": page, **rest}


@organizations.operation("AcceptHandshake")
def accept_handshake(call: Call) -> Reply:
    """Join the organisation that invited the account."""
    handshake = _answer(call, "ACCEPTED")
    organisation.of(call).members.add(call.account)
    return {"Handshake": handshake}


@organizations.operation("DeclineHandshake")
def decline_handshake(call: Call) -> Reply:
    """Turn an invitation down."""
    return {"Handshake": _answer(call, "DECLINED")}


@operation("LeaveOrganization", management_only=False)
def leave_organization(call: Call, found: Organisation) -> Reply:
    """Take the caller's account out; the management account cannot leave."""
    _leave(found, call.account)
    return {}


@operation("RemoveAccountFromOrganization")
def remove_account_from_organization(call: Call, found: Organisation) -> Reply:
    """Take a member account out; the management account stays."""
    _leave(found, _member(found, call.params["AccountId"]))
    return {}


def _leave(found: Organisation, account: str) -> None:
    if account == found.management:
        raise ServiceError(
            "MasterCannotLeaveOrganizationException", "The management account cannot leave."
        )
    found.leave(account)


def _member(found: Organisation, account: str) -> str:
    if account not in found.members:
        raise ServiceError(
            "AccountNotFoundException", f"Account {account} is not in the organization."
        )
    return account


def _answer(call: Call, state: str) -> Reply:
    _expire(call)
    handshake = organisation.of(call).invited.get(call.params["HandshakeId"])
    if handshake is None or _invited(handshake) != call.account:
        raise ServiceError("HandshakeNotFoundException", "There is no such handshake.")
    if handshake["State"] != "OPEN":
        raise ServiceError(
            "InvalidHandshakeTransitionException", f"The handshake is {handshake['State']}."
        )
    handshake["State"] = state
    return handshake


def _invited(handshake: Reply) -> str:
    return str(handshake["Parties"][1]["Id"])


def _expire(call: Call) -> None:
    for handshake in organisation.of(call).invited.values():
        if handshake["State"] == "OPEN" and (handshake["ExpirationTimestamp"] <= call.now()):
            handshake["State"] = "EXPIRED"


def _document(found: Organisation) -> Reply:
    return {
        "Id": found.organisation_id,
        "Arn": found.arn,
        "FeatureSet": "ALL",
        "MasterAccountArn": f"arn:aws:organizations::{found.management}:account/"
        f"{found.organisation_id}/{found.management}",
        "MasterAccountId": found.management,
        "MasterAccountEmail": "management@example.com",
        "AvailablePolicyTypes": [],
    }
