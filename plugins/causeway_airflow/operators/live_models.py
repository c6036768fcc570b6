"""Looks whether what is live in production is as it was released, and as it is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.notifiers.alerts import run_of

if TYPE_CHECKING:
    from airflow.sdk import Context


class LiveModelsOperator(CausewayOperator):
    """Raise an alert for each live model whose artifact is no longer the version that was released.

    :returns: by such a model, what is wrong with its artifact
    """

    def __init__(
        self,
        *,
        account_role: str = "shared_services",
        duty: str = "registry-auditor",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, str]:
        """Read what is live and the tags of its artifacts, alert."""
        from causeway_airflow.tasks.live_models import look

        return look(self.hook, run_of(context))


class LiveEndpointsOperator(CausewayOperator):
    """Raise an alert for each production endpoint that serves other than what is recorded.

    :returns: by such a model, what is wrong with its endpoint
    """

    def __init__(
        self, *, account_role: str = "governance", duty: str = "recorder", **kwargs: Any
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, str]:
        """Read what is recorded and look at the endpoints, alert."""
        from causeway_airflow.tasks.live_endpoints import compare

        return compare(self.hook, run_of(context))
