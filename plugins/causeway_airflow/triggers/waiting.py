"""The one loop behind every wait of ours: ask in a thread, bounded in attempts, then end the task.

The trigger is data (`causeway_airflow.waits.Wait`). It ends a successful task itself, without a
worker, where nothing is left to do; on a failure or an exhausted bound it resumes the task, which
looks at the state again and raises with what a person needs to know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import reduce
from typing import Any

from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from causeway.errors import CausewayError
from causeway.statuses import Meaning, meaning
from causeway_airflow.triggers.base import CausewayTrigger, woken
from causeway_airflow.triggers.hooks import shared_by_path
from causeway_airflow.waits import GROWTH, Question, Wait


class WaitTrigger(CausewayTrigger):
    """Ask about something, `max_attempts` times at most.

    What the subject of the wait writes meanwhile goes into the task's log, to its last line before
    the wait ends. A triggerer that takes the wait over from another one begins the log anew, in a
    file of its own.

    :param wait: the document of a `Wait`
    :param aws_conn_id: the connection to ask with
    :param region_name: its region, when not the connection's own
    :param poll_interval: seconds between the first two questions
    :param longest_interval: seconds to which the interval grows
    :param carried: goes back to the resumed task with the event
    :param max_attempts: questions before the wait is given up; throttled ones count
    :param ends_task: end a successful task here, instead of resuming it on a worker
    """

    def __init__(
        self,
        wait: dict[str, Any],
        aws_conn_id: str,
        region_name: str | None = None,
        poll_interval: float = 1.0,
        max_attempts: int = 3600,
        ends_task: bool = False,
        longest_interval: float = 0.0,
        carried: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.wait = Wait.read(wait)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.poll_interval = poll_interval
        self.max_attempts = max_attempts
        self.ends_task = ends_task
        self.longest_interval = longest_interval
        self.carried = carried or {}
        self._cursor: dict[str, Any] | None = {}

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that rebuild this trigger."""
        return {
            "wait": self.wait.document(),
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "poll_interval": self.poll_interval,
            "max_attempts": self.max_attempts,
            "ends_task": self.ends_task,
            "longest_interval": self.longest_interval,
            "carried": self.carried,
        }

    def look(self) -> Meaning:
        """Ask once, in a thread, and log what is new; an error that may pass is no answer yet."""
        try:
            answer = self._ask()
        except CausewayError as error:
            self.log.warning("could not ask about %s: %s", self.wait.what, error)
            if getattr(error, "missing", False):
                answer = Meaning.GONE
            else:
                answer = Meaning.WAITING if error.retryable else Meaning.FAILURE
        self._follow()
        return answer

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask until there is an answer or the bound is reached."""
        self.log.info("waiting for %s", self.wait.what)
        interval = self.poll_interval
        for _ in range(self.max_attempts):
            answer = await asyncio.to_thread(self.look)
            if answer is not Meaning.WAITING:
                self.log.info("%s: %s", self.wait.what, answer.value)
            if answer is Meaning.SUCCESS and self.ends_task:
                yield TaskSuccessEvent()
                return
            if answer is not Meaning.WAITING:
                yield self._woken(answer.value)
                return
            await asyncio.sleep(interval)
            interval = min(max(interval, self.longest_interval), interval * GROWTH)
        yield self._woken("exhausted")

    async def on_kill(self) -> None:
        """Stop what is waited for when a person ends the task (not when a triggerer shuts down)."""
        if self.wait.stop is not None:
            await asyncio.to_thread(self._call, self.wait.stop)

    def _woken(self, outcome: str) -> TriggerEvent:
        carried = {"carried": self.carried} if self.carried else {}
        return woken(outcome=outcome, **carried)

    def _ask(self) -> Meaning:
        if not self.wait.path:
            return Meaning(self._call(self.wait.ask))
        reply = self._hook(self.wait.ask).call(self.wait.ask.call, **self.wait.ask.arguments)
        status = reduce(lambda part, key: part[key], self.wait.path.split("."), reply)
        return meaning(self.wait.enum, str(status))

    def _follow(self) -> None:
        if self.wait.progress is None or self._cursor is None:
            return
        try:
            for line in self._call(self.wait.progress, cursor=self._cursor):
                self.log.info("%s", line)
        except CausewayError as error:
            # A log that cannot be read must not end the wait for a job that can.
            self.log.warning("the log of %s could not be read: %s", self.wait.what, error)
            if not error.retryable:
                self._cursor = None

    def _call(self, question: Question, **more: Any) -> Any:
        return getattr(self._hook(question), question.call)(**question.arguments, **more)

    def _hook(self, question: Question) -> Any:
        return shared_by_path(question.hook, self.aws_conn_id, self.region_name)
