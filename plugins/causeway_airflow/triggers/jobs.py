"""Waits for training and processing jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway_airflow.triggers.hooks import shared
from causeway_airflow.triggers.polling import Answer, PollingTrigger

if TYPE_CHECKING:
    from causeway_airflow.hooks.jobs import JobKind


class JobTrigger(PollingTrigger):
    """Wait for a job and end the task with what it made.

    :param kind: `training` or `processing`
    :param job_name: the job
    """

    def __init__(self, kind: JobKind, job_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.job_name = job_name

    def subject(self) -> dict[str, Any]:
        """Return which job."""
        return {"kind": self.kind, "job_name": self.job_name}

    def ask(self) -> Answer:
        """Describe the job."""
        from causeway_airflow.hooks.jobs import JobsHook

        hook = shared(JobsHook, self.aws_conn_id, self.region_name)
        description = hook.describe(self.kind, self.job_name)
        meaning = hook.meaning(self.kind, description) if description else "ended"
        if meaning == "completed":
            return "success"
        return "waiting" if meaning == "running" else "failure"
