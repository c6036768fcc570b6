"""The operator that sees to the managed MLflow server of the topology."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from causeway.errors import Unavailable, UnexpectedState
from causeway.statuses import Meaning, meaning
from causeway.training.tracking_servers import server_request
from causeway_airflow.configuration import topology
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.tracking_servers import TrackingServersHook


class EnsureTrackingServerOperator(CausewayOperator):
    """Make the declared MLflow server unless it is there, start a stopped one, wait until it is up.

    One that is there already, ready or on its way, is taken as it is.

    :param wait: how long it may take
    :returns: the server's ARN
    """

    def __init__(
        self,
        *,
        account_role: str = "data_science",
        duty: str = "bootstrap",
        wait: timedelta = timedelta(minutes=30),
        **kwargs: Any,
    ) -> None:
        # A deferred task is also ended by its execution timeout, whatever the DAG's default.
        kwargs["execution_timeout"] = wait + timedelta(minutes=10)
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.wait = wait

    def perform(self, context: Context) -> str:
        """Make or start it; wait unless it is ready."""
        return self._settle()

    def resumed(self, context: Context) -> str:
        """Look again: return, or raise why not; one stopped or deleted meanwhile is begun anew."""
        name = server_request(topology())["TrackingServerName"]
        found = self._hook().describe(name)
        if (
            found
            and meaning("TrackingServerStatus", found["TrackingServerStatus"]) is Meaning.WAITING
        ):
            raise Unavailable(
                f"tracking server {name} is {found['TrackingServerStatus']} after {self.wait}",
                principal=self._hook().principal,
                next_step="Re-run the task: it takes the server as it is and goes on waiting.",
            )
        return self._settle()

    def _hook(self) -> TrackingServersHook:
        from causeway_airflow.hooks.tracking_servers import TrackingServersHook

        return TrackingServersHook(self.connection(), self.region_name)

    def _settle(self) -> str:
        from causeway_airflow.triggers.tracking_servers import TrackingServerTrigger

        request, hook = server_request(topology()), self._hook()
        name = request["TrackingServerName"]
        state = hook.ensure(request)
        if state is Meaning.WAITING:
            self.wait_for(
                TrackingServerTrigger,
                lasting=self.wait,
                name=name,
            )
        found = hook.describe(name) or {}
        if state is not Meaning.SUCCESS:
            raise UnexpectedState(
                f"tracking server {name} is {found.get('TrackingServerStatus', 'gone')}: "
                f"{found.get('FailureReason', 'AWS says no more')}",
                principal=hook.principal,
                next_step="Check its role and its artifact store, delete the server, re-run.",
            )
        self.log.info("tracking server %s is %s", name, found["TrackingServerStatus"])
        return str(found["TrackingServerArn"])
