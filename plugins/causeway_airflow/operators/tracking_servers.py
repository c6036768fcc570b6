"""The operator that sees to the managed MLflow server of the topology."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.waiting import WaitingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.waits import Outcome


class EnsureTrackingServerOperator(WaitingOperator[str]):
    """Make the declared MLflow server unless it is there, start a stopped one, wait until it is up.

    One that is there already, ready or on its way, is taken as it is.

    :param wait: how long it may take
    :returns: the server's ARN
    """

    def __init__(
        self,
        *,
        account_role: str = "data_science",
        duty: str = "science-stack-keeper",
        wait: timedelta = timedelta(minutes=30),
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, wait=wait, **kwargs)

    def begin(self, context: Context) -> Outcome[str]:
        """Make or start it."""
        from causeway_airflow.tasks.tracking_servers import ensure

        return ensure(self.hook)

    def look(self, context: Context, **carried: Any) -> Outcome[str]:
        """Look again; one stopped or deleted meanwhile is begun anew."""
        from causeway_airflow.tasks.tracking_servers import look

        return look(self.hook)
