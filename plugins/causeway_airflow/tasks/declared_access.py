"""The access that the configuration of this environment declares, at the present time."""

from __future__ import annotations

from causeway.access.checks import Check, checks
from causeway.sharing.grants import DesiredGrant, desired_grants, receiving_accounts
from causeway.sharing.shares import DesiredShare, desired_shares
from causeway.topology.account_roles import AccountRole
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.tasks import clock


def declared_grants(owner: AccountRole | None = None) -> tuple[DesiredGrant, ...]:
    """Return every grant that should hold now; those of one owner when given."""
    accounts = topology()
    grants = desired_grants(use_cases(), accounts, clock.now())
    if owner is None:
        return grants
    return tuple(grant for grant in grants if grant.owner == accounts.account(owner))


def declared_checks(consumer: AccountRole | None = None) -> tuple[Check, ...]:
    """Return what the preflight checks now; the checks of one consumer when given."""
    declared = checks(use_cases(), topology(), clock.now())
    return tuple(check for check in declared if consumer in (None, check.account_role))


def consumed_shares(consumer: AccountRole) -> tuple[DesiredShare, ...]:
    """Return the shares that reach an account."""
    accounts, grants = topology(), declared_grants()
    account = accounts.account(consumer)
    reaching = {
        (grant.owner, grant.share)
        for grant in grants
        if account in receiving_accounts(grant, accounts)
    }
    return tuple(
        share for share in desired_shares(grants, accounts) if (share.owner, share.name) in reaching
    )
