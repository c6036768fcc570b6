"""Organizations: the root, the units under it, which account is where, and trusted services."""

from __future__ import annotations

import secrets

from localaws.kit.service import Call, ServiceError
from localaws.organizations.operation import PAGER, Reply, account_reply, operation
from localaws.ram.organisation import ROOT, Organisation, Unit

RAM = "ram.amazonaws.com"


@operation("ListRoots")
def list_roots(call: Call, found: Organisation) -> Reply:
    """List the one root."""
    root = {
        "Id": ROOT,
        "Arn": f"arn:aws:organizations::{found.management}:root/{found.organisation_id}/{ROOT}",
        "Name": "Root",
        "PolicyTypes": [],
    }
    page, rest = PAGER.page(call.params, [root])
    return {"Roots": page, **rest}


@operation("CreateOrganizationalUnit")
def create_organizational_unit(call: Call, found: Organisation) -> Reply:
    """Make a unit in the root or in another unit; names are unique there."""
    parent, name = _parent(found, call.params["ParentId"]), call.params["Name"]
    if any(unit.parent == parent and unit.name == name for unit in found.units.values()):
        raise ServiceError(
            "DuplicateOrganizationalUnitException", f"{parent} already has a unit {name}."
        )
    identity = f"ou-{ROOT.removeprefix('r-')}-{secrets.token_hex(4)}"
    unit = found.units[identity] = Unit(identity, name, parent)
    return {"OrganizationalUnit": _unit(found, unit)}


@operation("DescribeOrganizationalUnit")
def describe_organizational_unit(call: Call, found: Organisation) -> Reply:
    """Describe a unit."""
    unit = found.units.get(call.params["OrganizationalUnitId"])
    if unit is None:
        raise ServiceError("OrganizationalUnitNotFoundException", "There is no such unit.")
    return {"OrganizationalUnit": _unit(found, unit)}


@operation("ListOrganizationalUnitsForParent")
def list_organizational_units_for_parent(call: Call, found: Organisation) -> Reply:
    """List the units directly in the root or in a unit."""
    parent = _parent(found, call.params["ParentId"])
    units = [unit for unit in found.units.values() if unit.parent == parent]
    page, rest = PAGER.page(call.params, units)
    return {"OrganizationalUnits": [_unit(found, unit) for unit in page], **rest}


@operation("ListAccountsForParent")
def list_accounts_for_parent(call: Call, found: Organisation) -> Reply:
    """List the accounts directly in the root or in a unit."""
    inside = _accounts(found, _parent(found, call.params["ParentId"]))
    page, rest = PAGER.page(call.params, inside)
    return {"Accounts": [account_reply(found, one, call.accounts) for one in page], **rest}


@operation("ListChildren")
def list_children(call: Call, found: Organisation) -> Reply:
    """List the accounts or the units directly in the root or in a unit."""
    parent, kind = _parent(found, call.params["ParentId"]), call.params["ChildType"]
    names = (
        _accounts(found, parent)
        if kind == "ACCOUNT"
        else [unit.identity for unit in found.units.values() if unit.parent == parent]
    )
    page, rest = PAGER.page(call.params, names)
    return {"Children": [{"Id": one, "Type": kind} for one in page], **rest}


@operation("ListParents")
def list_parents(call: Call, found: Organisation) -> Reply:
    """Return the one parent of an account or a unit."""
    child = call.params["ChildId"]
    if child in found.members:
        parent = found.parents.get(child, ROOT)
    elif child in found.units:
        parent = found.units[child].parent
    else:
        raise ServiceError("ChildNotFoundException", f"{child} is not in the organization.")
    kind = "ROOT" if parent == ROOT else "ORGANIZATIONAL_UNIT"
    page, rest = PAGER.page(call.params, [{"Id": parent, "Type": kind}])
    return {"Parents": page, **rest}


@operation("MoveAccount")
def move_account(call: Call, found: Organisation) -> Reply:
    """Move an account from one parent to another."""
    account = call.params["AccountId"]
    source, target = call.params["SourceParentId"], call.params["DestinationParentId"]
    if account not in found.members:
        raise ServiceError(
            "AccountNotFoundException", f"Account {account} is not in the organization."
        )
    if found.parents.get(account, ROOT) != source:
        raise ServiceError("SourceParentNotFoundException", f"{account} is not in {source}.")
    if target != ROOT and target not in found.units:
        raise ServiceError("DestinationParentNotFoundException", f"There is no {target}.")
    found.parents[account] = target
    return {}


@operation("EnableAWSServiceAccess")
def enable_aws_service_access(call: Call, found: Organisation) -> Reply:
    """Trust a service; RAM itself asks for more (`EnableSharingWithAwsOrganization`)."""
    found.services.setdefault(call.params["ServicePrincipal"], call.now())
    return {}


@operation("DisableAWSServiceAccess")
def disable_aws_service_access(call: Call, found: Organisation) -> Reply:
    """Trust a service no more; without RAM, shares in the organisation need invitations again."""
    found.services.pop(call.params["ServicePrincipal"], None)
    if call.params["ServicePrincipal"] == RAM:
        found.sharing = False
    return {}


@operation("ListAWSServiceAccessForOrganization")
def list_aws_service_access_for_organization(call: Call, found: Organisation) -> Reply:
    """List the trusted services; RAM is one while its sharing is on."""
    trusted = dict(found.services)
    if found.sharing:
        trusted.setdefault(RAM, found.since)
    names = [{"ServicePrincipal": n, "DateEnabled": at} for n, at in sorted(trusted.items())]
    page, rest = PAGER.page(call.params, names)
    return {"EnabledServicePrincipals": page, **rest}


def _accounts(found: Organisation, parent: str) -> list[str]:
    return sorted(one for one in found.members if found.parents.get(one, ROOT) == parent)


def _parent(found: Organisation, parent: str) -> str:
    if parent != ROOT and parent not in found.units:
        raise ServiceError("ParentNotFoundException", f"There is no parent {parent}.")
    return parent


def _unit(found: Organisation, unit: Unit) -> Reply:
    return {
        "Id": unit.identity,
        "Arn": f"arn:aws:organizations::{found.management}:ou/{found.organisation_id}/"
        f"{unit.identity}",
        "Name": unit.name,
    }
