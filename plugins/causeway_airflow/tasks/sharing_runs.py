"""What a run of the sharing DAG goes on with, after its plans: shares to change, who accepts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from causeway.topology.accounts import DEPLOYED_ROLES, DUTIES
from causeway_airflow.configuration import topology
from causeway_airflow.tasks.declared_access import consumed_shares

#: The plans of one owner, as `PlanSharesOperator` returns them.
Plans = Iterable[dict[str, Any]]


def differing_shares(plans: Iterable[Plans]) -> list[dict[str, str]]:
    """Return owner and name of each share that differs from what is declared."""
    return [
        {"account_role": plan["account_role"], "share": plan["share"]}
        for of_owner in plans
        for plan in of_owner
        if plan["actions"] != ["nothing"]
    ]


def receiving_roles(plans: Iterable[Plans]) -> list[dict[str, Any]]:
    """Return the account roles that accept, each with the shares that are offered to it.

    Only accounts with the duty `acceptor` accept; one account accepts once, whatever its roles.
    """
    offered = {plan["share"] for of_owner in plans for plan in of_owner if plan["offered"]}
    found: dict[str, dict[str, Any]] = {}
    for role in DEPLOYED_ROLES:
        if "acceptor" in DUTIES[role]:
            names = [share.name for share in consumed_shares(role.value) if share.name in offered]
            if names:
                one = {"account_role": role.value, "shares": names}
                found.setdefault(topology().account(role), one)
    return list(found.values())
