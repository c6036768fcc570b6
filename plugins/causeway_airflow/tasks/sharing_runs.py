"""What a run of the sharing DAG goes on with, after its plans: shares to change, who accepts."""

from __future__ import annotations

from collections.abc import Iterable

from causeway_airflow.configuration import topology
from causeway_airflow.results import PlannedShare, Receiver, ShareOfOwner
from causeway_airflow.tasks.declared_access import consumed_shares

#: The plans of one owner, as `PlanSharesOperator` returns them.
Plans = Iterable[PlannedShare]


def differing_shares(plans: Iterable[Plans]) -> list[ShareOfOwner]:
    """Return owner and name of each share that differs from what is declared."""
    return [
        ShareOfOwner(account_role=plan["account_role"], share=plan["share"])
        for of_owner in plans
        for plan in of_owner
        if plan["actions"] != ["nothing"]
    ]


def receiving_roles(plans: Iterable[Plans]) -> list[Receiver]:
    """Return the account roles that accept, each with the shares that are offered to it.

    Only accounts with the duty `acceptor` accept; one account accepts once, whatever its roles.
    """
    offered = {plan["share"] for of_owner in plans for plan in of_owner if plan["offered"]}
    receivers: dict[str, Receiver] = {}
    for role in topology().roles:
        if "acceptor" in role.duties:
            names = [share.name for share in consumed_shares(role) if share.name in offered]
            if names:
                receiver = Receiver(account_role=role.value, shares=names)
                receivers.setdefault(topology().account(role), receiver)
    return list(receivers.values())
