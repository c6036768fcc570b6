"""Organizations: the root, organisational units, their accounts, and trusted services."""

from __future__ import annotations

import secrets

from localaws.kit.service import Call, ServiceError
from localaws.organizations.operation import PAGER, Reply, account_reply, operation
from localaws.ram.organisation import ROOT, Organisation, Unit

RAM = "ram.amazonaws.com"


@operation("ListRoots")
def list_roots(call: Call, organisation: Organisation) -> Reply:
    """List the one root."""
    root = {
        "Id": ROOT,
        "Arn": organisation.arn_of("root", ROOT),
        "Name": "Root",
        "PolicyTypes": [],
    }
    page, rest = PAGER.page(call.params, [root])
    return {"Roots": page, **rest}


@operation("CreateOrganizationalUnit")
def create_organizational_unit(call: Call, organisation: Organisation) -> Reply:
    """Create a unit in the root or in another unit, with a name that is unique there."""
    parent, name = _parent(organisation, call.params["ParentId"]), call.params["Name"]
    if any(unit.parent == parent and unit.name == name for unit in organisation.units.values()):
        raise ServiceError(
            "DuplicateOrganizationalUnitException", f"{parent} already has a unit {name}."
        )
    identity = f"ou-{ROOT.removeprefix('r-')}-{secrets.token_hex(4)}"
    unit = organisation.units[identity] = Unit(identity, name, parent)
    return {"OrganizationalUnit": _unit(organisation, unit)}


@operation("DescribeOrganizationalUnit")
def describe_organizational_unit(call: Call, organisation: Organisation) -> Reply:
    """Describe a unit."""
    unit = organisation.units.get(call.params["OrganizationalUnitId"])
    if unit is None:
        raise ServiceError("OrganizationalUnitNotFoundException", "There is no such unit.")
    return {"OrganizationalUnit": _unit(organisation, unit)}


@operation("ListOrganizationalUnitsForParent")
def list_organizational_units_for_parent(call: Call, organisation: Organisation) -> Reply:
    """List the units directly in the root or in a unit."""
    parent = _parent(organisation, call.params["ParentId"])
    units = [unit for unit in organisation.units.values() if unit.parent == parent]
    page, rest = PAGER.page(call.params, units)
    return {"OrganizationalUnits": [_unit(organisation, unit) for unit in page], **rest}


@operation("ListAccountsForParent")
def list_accounts_for_parent(call: Call, organisation: Organisation) -> Reply:
    """List the accounts directly in the root or in a unit."""
    inside = _accounts(organisation, _parent(organisation, call.params["ParentId"]))
    page, rest = PAGER.page(call.params, inside)
    return {
        "Accounts": [account_reply(organisation, account, call.accounts) for account in page],
        **rest,
    }


@operation("ListChildren")
def list_children(call: Call, organisation: Organisation) -> Reply:
    """List the accounts or the units directly in the root or in a unit."""
    parent, kind = _parent(organisation, call.params["ParentId"]), call.params["ChildType"]
    names = (
        _accounts(organisation, parent)
        if kind == "ACCOUNT"
        else [unit.identity for unit in organisation.units.values() if unit.parent == parent]
    )
    page, rest = PAGER.page(call.params, names)
    return {"Children": [{"Id": child, "Type": kind} for child in page], **rest}


@operation("ListParents")
def list_parents(call: Call, organisation: Organisation) -> Reply:
    """Return the one parent of an account or a unit."""
    child = call.params["ChildId"]
    if child in organisation.members:
        parent = organisation.parents.get(child, ROOT)
    elif child in organisation.units:
        parent = organisation.units[child].parent
    else:
        raise ServiceError("ChildNotFoundException", f"{child} is not in the organization.")
    kind = "ROOT" if parent == ROOT else "ORGANIZATIONAL_UNIT"
    page, rest = PAGER.page(call.params, [{"Id": parent, "Type": kind}])
    return {"Parents": page, **rest}


@operation("MoveAccount")
def move_account(call: Call, organisation: Organisation) -> Reply:
    """Move an account from one parent to another."""
    account = call.params["AccountId"]
    source, target = call.params["SourceParentId"], call.params["DestinationParentId"]
    if account not in organisation.members:
        raise ServiceError(
            "AccountNotFoundException", f"Account {account} is not in the organization."
        )
    if organisation.parents.get(account, ROOT) != source:
        raise ServiceError("SourceParentNotFoundException", f"{account} is not in {source}.")
    if target != ROOT and target not in organisation.units:
        raise ServiceError("DestinationParentNotFoundException", f"There is no {target}.")
    organisation.parents[account] = target
    return {}


@operation("EnableAWSServiceAccess")
def enable_aws_service_access(call: Call, organisation: Organisation) -> Reply:
    """Trust a service; RAM also needs `EnableSharingWithAwsOrganization`."""
    organisation.services.setdefault(call.params["ServicePrincipal"], call.now())
    return {}


@operation("DisableAWSServiceAccess")
def disable_aws_service_access(call: Call, organisation: Organisation) -> Reply:
    """Stop trusting a service; without RAM, shares need invitations again."""
    organisation.services.pop(call.params["ServicePrincipal"], None)
    if call.params["ServicePrincipal"] == RAM:
        organisation.sharing = False
    return {}


@operation("ListAWSServiceAccessForOrganization")
def list_aws_service_access_for_organization(call: Call, organisation: Organisation) -> Reply:
    """List the trusted services, with RAM while its sharing is enabled."""
    trusted = dict(organisation.services)
    if organisation.sharing:
        trusted.setdefault(RAM, organisation.since)
    names = [{"ServicePrincipal": n, "DateEnabled": at} for n, at in sorted(trusted.items())]
    page, rest = PAGER.page(call.params, names)
    return {"EnabledServicePrincipals": page, **rest}


def _accounts(organisation: Organisation, parent: str) -> list[str]:
    return sorted(
        account
        for account in organisation.members
        if organisation.parents.get(account, ROOT) == parent
    )


def _parent(organisation: Organisation, parent: str) -> str:
    if parent != ROOT and parent not in organisation.units:
        raise ServiceError("ParentNotFoundException", f"There is no parent {parent}.")
    return parent


def _unit(organisation: Organisation, unit: Unit) -> Reply:
    return {
        "Id": unit.identity,
        "Arn": organisation.unit_arn(unit.identity),
        "Name": unit.name,
    }
