"""The operator of the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.notifiers.alerts import run_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import Audited


class AuditOperator(CausewayOperator):
    """Verify the chains of the audit against the heads under object lock, and lock the new heads.

    Fails, with an alert, and names the first entry of each chain that is not as it was written.

    :returns: `Audited`
    """

    def __init__(
        self, *, account_role: str = "governance", duty: str = "audit-keeper", **kwargs: Any
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> Audited:
        """Read, compare, lock."""
        from causeway_airflow.tasks.audit import audit

        return audit(self.hook, run_of(context))
