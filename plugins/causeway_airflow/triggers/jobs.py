"""Waits for training and processing jobs, and meanwhile passes their logs on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from causeway_airflow.triggers.hooks import shared
from causeway_airflow.triggers.polling import Answer, PollingTrigger

if TYPE_CHECKING:
    from causeway_airflow.hooks.jobs import JobKind


class JobTrigger(PollingTrigger):
    """Wait for a job and end the task with what it made.

    What the job writes goes into the task's log while it runs, and to its last line before the
    wait ends; whoever resumes the task has nothing to add. A triggerer that takes the wait over
    from another one begins the log anew, in a file of its own.

    :param kind: `training` or `processing`
    :param job_name: the job
    """

    def __init__(self, kind: JobKind, job_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.job_name = job_name
        self._places: dict[str, str] | None = {}

    def subject(self) -> dict[str, Any]:
        """Return which job."""
        return {"kind": self.kind, "job_name": self.job_name}

    def ask(self) -> Answer:
        """Describe the job, then pass on what it has written until then."""
        from causeway_airflow.hooks.jobs import JobsHook

        hook = shared(JobsHook, self.aws_conn_id, self.region_name)
        description = hook.describe(self.kind, self.job_name)
        meaning = hook.meaning(self.kind, description) if description else "ended"
        self._pass_on_log()
        if meaning == "completed":
            return "success"
        return "waiting" if meaning == "running" else "failure"

    def _pass_on_log(self) -> None:
        from causeway_airflow.hooks.base import AwsCallError
        from causeway_airflow.hooks.jobs import JobLogsHook

        if self._places is None:
            return
        logs = shared(JobLogsHook, self.aws_conn_id, self.region_name)
        try:
            for line in logs.follow(self.kind, self.job_name, self._places):
                self.log.info("%s | %s", self.job_name, line)
        except AwsCallError as error:
            # A log that cannot be read must not end the wait for a job that can.
            self.log.warning("the log of %s could not be read: %s", self.job_name, error)
            if not error.retryable:
                self._places = None

    async def on_kill(self) -> None:
        """Stop the job when a person ends the waiting task (not when a triggerer shuts down)."""
        from causeway_airflow.hooks.jobs import JobsHook

        def stop() -> None:
            shared(JobsHook, self.aws_conn_id, self.region_name).stop(self.kind, self.job_name)

        await asyncio.to_thread(stop)
