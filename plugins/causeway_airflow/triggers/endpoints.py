"""Waits for endpoints: only InService on the requested config with the approved digest will do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causeway.deployment.rollout import Wanted
from causeway.statuses import Meaning
from causeway_airflow.triggers.hooks import shared
from causeway_airflow.triggers.polling import Answer, PollingTrigger

_ANSWERS: Mapping[Meaning, Answer] = {
    Meaning.WAITING: "waiting",
    Meaning.SUCCESS: "success",
    Meaning.FAILURE: "failure",
}


class EndpointTrigger(PollingTrigger):
    """Wait until an endpoint settled towards what a deployment wants, then resume its task.

    The task writes what is live and gives the lease back, so it is always resumed.

    :param wanted: the fields of `causeway.deployment.rollout.Wanted`
    """

    def __init__(self, wanted: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "ends_task": False})
        self.wanted = wanted

    def subject(self) -> dict[str, Any]:
        """Return what is wanted."""
        return {"wanted": self.wanted}

    def ask(self) -> Answer:
        """Judge the endpoint."""
        from causeway_airflow.hooks.endpoints import EndpointsHook

        hook = shared(EndpointsHook, self.aws_conn_id, self.region_name)
        judgement, _ = hook.judge(Wanted(**self.wanted))
        return _ANSWERS[judgement.verdict]
