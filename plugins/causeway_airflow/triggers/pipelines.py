"""Waits for a pipeline execution, and meanwhile tells how its steps go."""

from __future__ import annotations

import asyncio
from typing import Any

from causeway.statuses import Meaning
from causeway_airflow.triggers.hooks import shared
from causeway_airflow.triggers.polling import Answer, PollingTrigger


class PipelineTrigger(PollingTrigger):
    """Wait for an execution; each change of a step's state goes into the task's log.

    :param execution_arn: the execution
    """

    def __init__(self, execution_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.execution_arn = execution_arn
        self._seen: dict[str, str] = {}

    def subject(self) -> dict[str, Any]:
        """Return which execution."""
        return {"execution_arn": self.execution_arn}

    def ask(self) -> Answer:
        """Describe the execution, then log what has changed among its steps."""
        from causeway_airflow.hooks.pipelines import PipelinesHook

        hook = shared(PipelinesHook, self.aws_conn_id, self.region_name)
        meaning = hook.meaning(hook.describe(self.execution_arn))
        for name, step in hook.steps(self.execution_arn).items():
            status = str(step["StepStatus"])
            if self._seen.get(name) != status:
                self._seen[name] = status
                self.log.info("step %s: %s %s", name, status, step.get("FailureReason", ""))
        if meaning is Meaning.SUCCESS:
            return "success"
        return "waiting" if meaning is Meaning.WAITING else "failure"

    async def on_kill(self) -> None:
        """Stop the execution when a person ends the waiting task."""
        from causeway_airflow.hooks.pipelines import PipelinesHook

        def stop() -> None:
            shared(PipelinesHook, self.aws_conn_id, self.region_name).stop(self.execution_arn)

        await asyncio.to_thread(stop)
