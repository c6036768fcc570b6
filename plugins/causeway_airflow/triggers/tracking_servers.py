"""Waits for managed MLflow servers."""

from __future__ import annotations

from typing import Any

from causeway.statuses import Meaning, meaning
from causeway_airflow.triggers.hooks import shared
from causeway_airflow.triggers.polling import Answer, PollingTrigger


class TrackingServerTrigger(PollingTrigger):
    """Wait until a server is in no transition any more, then resume its task.

    :param name: the server
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "ends_task": False})
        self.name = name

    def subject(self) -> dict[str, Any]:
        """Return which server."""
        return {"name": self.name}

    def ask(self) -> Answer:
        """Look at the server; one that is gone, stopped or failed is the task's affair."""
        from causeway_airflow.hooks.tracking_servers import TrackingServersHook

        hook = shared(TrackingServersHook, self.aws_conn_id, self.region_name)
        found = hook.describe(self.name)
        state = (
            meaning("TrackingServerStatus", found["TrackingServerStatus"])
            if found
            else Meaning.FAILURE
        )
        if state is Meaning.WAITING:
            return "waiting"
        return "success" if state is Meaning.SUCCESS else "failure"
