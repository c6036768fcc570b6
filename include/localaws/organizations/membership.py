"""Organizations: the organisation, its accounts, and how they join and leave."""

from __future__ import annotations

import secrets
from datetime import timedelta

from localaws.kit.service import Call, ServiceError
from localaws.organizations.operation import PAGER, Reply, account_reply, operation, organizations
from localaws.ram import organisation as organisations
from localaws.ram.organisation import Organisation

INVITATION = timedelta(days=15)  # Organizations user guide: invitations expire after 15 days


@organizations.operation("CreateOrganization")
def create_organization(call: Call) -> Reply:
    """Create an organisation managed by the caller's account; there can be only one."""
    organisation = organisations.of(call)
    if call.account in organisation.members:
        raise ServiceError(
            "AlreadyInOrganizationException", "The AWS account is already a member of one."
        )
    if organisation.management is not None:
        raise ServiceError(
            "UnsupportedOperation", "the local AWS has one organization at most", 501
        )
    organisation.found(call.account, set())
    organisation.since = call.now()
    return {"Organization": _document(organisation)}


@operation("DescribeOrganization", management_only=False)
def describe_organization(call: Call, organisation: Organisation) -> Reply:
    """Describe the organisation the account is in."""
    del call
    return {"Organization": _document(organisation)}


@operation("DeleteOrganization")
def delete_organization(call: Call, organisation: Organisation) -> Reply:
    """Delete an organisation whose only member is its management account."""
    if organisation.members != {call.account}:
        raise ServiceError(
            "OrganizationNotEmptyException", "The organization still has member accounts."
        )
    organisation.dissolve()
    return {}


@operation("ListAccounts")
def list_accounts(call: Call, organisation: Organisation) -> Reply:
    """List the member accounts."""
    members = sorted(organisation.members)
    page, rest = PAGER.page(call.params, members)
    return {
        "Accounts": [account_reply(organisation, account, call.accounts) for account in page],
        **rest,
    }


@operation("DescribeAccount")
def describe_account(call: Call, organisation: Organisation) -> Reply:
    """Describe a member account."""
    account = _member(organisation, call.params["AccountId"])
    return {"Account": account_reply(organisation, account, call.accounts)}


@operation("InviteAccountToOrganization")
def invite_account_to_organization(call: Call, organisation: Organisation) -> Reply:
    """Invite an account of the local AWS by its id."""
    target = call.params["Target"]
    account = target["Id"]
    if target["Type"] != "ACCOUNT" or account not in call.account_ids():
        raise ServiceError("AccountNotFoundException", f"There is no account {account}.")
    if account in organisation.members:
        raise ServiceError(
            "DuplicateHandshakeException", f"Account {account} is already in the organization."
        )
    identity = "h-" + secrets.token_hex(8)
    now = call.now()
    organisation.invited[identity] = {
        "Id": identity,
        "Arn": organisation.arn_of("handshake", f"invite/{identity}"),
        "Parties": [
            {"Id": organisation.organisation_id.removeprefix("o-"), "Type": "ORGANIZATION"},
            {"Id": account, "Type": "ACCOUNT"},
        ],
        "State": "OPEN",
        "RequestedTimestamp": now,
        "ExpirationTimestamp": now + INVITATION,
        "Action": "INVITE",
        "Resources": [{"Value": organisation.organisation_id, "Type": "ORGANIZATION"}],
    }
    return {"Handshake": organisation.invited[identity]}


@organizations.operation("ListHandshakesForAccount")
def list_handshakes_for_account(call: Call) -> Reply:
    """List the invitations of the caller's account."""
    _expire(call)
    mine = [h for h in organisations.of(call).invited.values() if _invited(h) == call.account]
    page, rest = PAGER.page(call.params, mine)
    return {"Handshakes": page, **rest}


@organizations.operation("AcceptHandshake")
def accept_handshake(call: Call) -> Reply:
    """Join the organisation that invited the account."""
    handshake = _answer(call, "ACCEPTED")
    organisations.of(call).members.add(call.account)
    return {"Handshake": handshake}


@organizations.operation("DeclineHandshake")
def decline_handshake(call: Call) -> Reply:
    """Decline an invitation."""
    return {"Handshake": _answer(call, "DECLINED")}


@operation("LeaveOrganization", management_only=False)
def leave_organization(call: Call, organisation: Organisation) -> Reply:
    """Remove the caller's account; the management account cannot leave."""
    _leave(organisation, call.account)
    return {}


@operation("RemoveAccountFromOrganization")
def remove_account_from_organization(call: Call, organisation: Organisation) -> Reply:
    """Remove a member account; the management account cannot be removed."""
    _leave(organisation, _member(organisation, call.params["AccountId"]))
    return {}


def _leave(organisation: Organisation, account: str) -> None:
    if account == organisation.management:
        raise ServiceError(
            "MasterCannotLeaveOrganizationException", "The management account cannot leave."
        )
    organisation.leave(account)


def _member(organisation: Organisation, account: str) -> str:
    if account not in organisation.members:
        raise ServiceError(
            "AccountNotFoundException", f"Account {account} is not in the organization."
        )
    return account


def _answer(call: Call, state: str) -> Reply:
    _expire(call)
    handshake = organisations.of(call).invited.get(call.params["HandshakeId"])
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
    for handshake in organisations.of(call).invited.values():
        if handshake["State"] == "OPEN" and (handshake["ExpirationTimestamp"] <= call.now()):
            handshake["State"] = "EXPIRED"


def _document(organisation: Organisation) -> Reply:
    return {
        "Id": organisation.organisation_id,
        "Arn": organisation.arn,
        "FeatureSet": "ALL",
        "MasterAccountArn": organisation.arn_of("account", str(organisation.management)),
        "MasterAccountId": organisation.management,
        "MasterAccountEmail": "management@example.com",
        "AvailablePolicyTypes": [],
    }
