"""Waits for Athena queries."""

from __future__ import annotations

from typing import Any

from causeway.statuses import Meaning
from causeway_airflow.triggers.hooks import shared
from causeway_airflow.triggers.polling import Answer, PollingTrigger


class QueryTrigger(PollingTrigger):
    """Wait for a query, then resume its task, which takes what the query wrote.

    :param execution_id: the query
    """

    def __init__(self, execution_id: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "ends_task": False})
        self.execution_id = execution_id

    def subject(self) -> dict[str, Any]:
        """Return which query."""
        return {"execution_id": self.execution_id}

    def ask(self) -> Answer:
        """Describe the query."""
        from causeway_airflow.hooks.athena import AthenaHook

        hook = shared(AthenaHook, self.aws_conn_id, self.region_name)
        meaning = hook.meaning(hook.describe(self.execution_id))
        if meaning is Meaning.SUCCESS:
            return "success"
        return "waiting" if meaning is Meaning.WAITING else "failure"
