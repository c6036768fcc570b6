"""The operator that keeps the consumers' statements in the owners' resource policies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from causeway.sharing.consumer_policies import PREFIX, consumer_policies
from causeway.topology.accounts import AccountRole
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ConvergePoliciesOperator(CausewayOperator):
    """Bring buckets, keys and repositories of an owner to what consumers beyond the templates need.

    :returns: the names of the resources whose policy was written; empty when nothing was to be done
    """

    def perform(self, context: Context) -> list[str]:
        """Read, merge by Sid, and write what differs."""
        from causeway_airflow.hooks.policies import HOOKS, PolicyHook

        role, written = AccountRole(self.account_role), []
        hooks: dict[type[PolicyHook], PolicyHook] = {}
        for policy in consumer_policies(role, use_cases(), topology(), datetime.now(UTC)):
            kind = HOOKS[policy.holder]
            hook = hooks.setdefault(kind, kind(self.connection(), self.region_name))
            if hook.converge(policy.name, policy.statements, prefix=PREFIX):
                written.append(policy.name)
        return written
