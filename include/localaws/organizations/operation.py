"""How an Organizations operation is registered, and who may call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localaws.kit.paging import Pager
from localaws.kit.service import Call, Service, ServiceError
from localaws.ram import organisation as organisations
from localaws.ram.organisation import Organisation

organizations = Service.named("organizations")
PAGER = Pager("NextToken", "MaxResults", 20, "InvalidInputException")
Reply = dict[str, Any]
OrganisationHandler = Callable[[Call, Organisation], Reply]


def operation(
    name: str, *, management_only: bool = True
) -> Callable[[OrganisationHandler], OrganisationHandler]:
    """Register an operation on an existing organisation, by default for the management account.

    It raises AWSOrganizationsNotInUseException for an account that is not in an organisation, and
    AccessDeniedException for a member that calls an operation of the management account.
    """

    def register(handler: OrganisationHandler) -> OrganisationHandler:
        def serve(call: Call) -> Reply:
            return handler(call, _organisation_of(call, management_only))

        organizations.operation(name)(serve)
        return handler

    return register


def _organisation_of(call: Call, management_only: bool) -> Organisation:
    organisation = organisations.of(call)
    if not organisation.together(call.account, call.account):
        raise ServiceError(
            "AWSOrganizationsNotInUseException", "Your account is not a member of an organization."
        )
    if management_only and call.account != organisation.management:
        raise ServiceError(
            "AccessDeniedException",
            "You don't have permissions to access this resource: it is the management account's.",
        )
    return organisation


def account_reply(organisation: Organisation, account: str, names: dict[str, str]) -> Reply:
    """Return Organizations' `Account`; its name is the account's first role in the topology."""
    name = next((role for role, number in names.items() if number == account), account)
    return {
        "Id": account,
        "Arn": organisation.arn_of("account", account),
        "Email": f"{name}@example.com",
        "Name": name,
        "Status": "ACTIVE",
        "State": "ACTIVE",
        "JoinedMethod": "CREATED" if account == organisation.management else "INVITED",
        "JoinedTimestamp": organisation.since,
    }
