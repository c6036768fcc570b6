"""The operator that keeps the consumers' statements in the owners' resource policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causeway.topology.account_roles import AccountRole
from causeway_airflow.bases.operator import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class ConvergePoliciesOperator(CausewayOperator):
    """Bring an owner's policies to what consumers beyond the templates need.

    Those of repositories and the catalogue are written. Those of buckets and keys are an
    administrator's, and compared: a difference fails the task.

    :returns: the names of the resources whose policy was written; empty when nothing was to be done
    """

    def perform(self, context: Context) -> list[str]:
        """Read, compare, merge by Sid, write."""
        from causeway_airflow.tasks.policies import converge_consumer_policies

        return converge_consumer_policies(self.hook, AccountRole(self.account_role))
