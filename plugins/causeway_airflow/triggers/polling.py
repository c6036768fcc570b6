"""The one loop behind every wait of ours: ask in a thread, bounded in attempts, then end the task.

A trigger is data; what it asks is its `ask`. It ends a successful task itself, without a worker;
on a failure or an exhausted bound it resumes the task, which looks at the state again and raises
with what a person needs to know.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator
from typing import Any, Literal

from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from causeway.errors import CausewayError
from causeway_airflow.triggers.base import CausewayTrigger, woken

Answer = Literal["waiting", "success", "failure"]


class PollingTrigger(CausewayTrigger):
    """Ask about something every `poll_interval` seconds, at most `max_attempts` times.

    :param aws_conn_id: the connection to ask with
    :param region_name: its region, when not the connection's own
    :param poll_interval: seconds between two questions
    :param max_attempts: questions before the wait is given up; throttled ones count
    :param ends_task: end a successful task here, instead of resuming it on a worker
    """

    def __init__(
        self,
        aws_conn_id: str,
        region_name: str | None = None,
        poll_interval: float = 1.0,
        max_attempts: int = 3600,
        ends_task: bool = True,
    ) -> None:
        super().__init__()
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.poll_interval = poll_interval
        self.max_attempts = max_attempts
        self.ends_task = ends_task

    @abstractmethod
    def subject(self) -> dict[str, Any]:
        """Return the arguments that say what is asked about."""

    @abstractmethod
    def ask(self) -> Answer:
        """Ask once, in a thread; import hooks here."""

    def look(self) -> Answer:
        """Ask once; an error that may pass is no answer yet."""
        try:
            return self.ask()
        except CausewayError as error:
            self.log.warning("could not ask about %s: %s", self.subject(), error)
            return "waiting" if error.retryable else "failure"

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that rebuild this trigger."""
        return {
            **self.subject(),
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "poll_interval": self.poll_interval,
            "max_attempts": self.max_attempts,
            "ends_task": self.ends_task,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask until there is an answer or the bound is reached."""
        for _ in range(self.max_attempts):
            verdict = await asyncio.to_thread(self.look)
            if verdict == "success" and self.ends_task:
                yield TaskSuccessEvent()
                return
            if verdict != "waiting":
                yield woken(outcome=verdict)
                return
            await asyncio.sleep(self.poll_interval)
        yield woken(outcome="exhausted")
