"""The asset watcher's trigger: registry events in a queue wake the governance sync.

An event only wakes. Messages are deleted once they were handed over, before any run exists: a lost
one costs latency, because the scheduled sync reads the same state. Everything is imported lazily:
the instance is built when the DAG file is parsed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from causeway.errors import CausewayError
from causeway_airflow.triggers.base import woken
from causeway_airflow.triggers.hooks import shared

if TYPE_CHECKING:
    from causeway_airflow.hooks.queue import QueueHook

MAX_PAUSE = 60.0


class QueueEventTrigger(BaseEventTrigger):
    """Fire once for each batch of messages in an SQS queue.

    A watcher that raises is restarted by Airflow in a tight loop with nothing in the UI, so
    failures are logged and waited out here, ever more slowly.

    :param queue: the queue's name
    :param aws_conn_id: the connection that may receive and delete
    :param wait_seconds: how long one receive waits for a message (long polling, at most 20)
    """

    def __init__(
        self, queue: str, aws_conn_id: str, region_name: str | None = None, wait_seconds: int = 5
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow 3.3 leaves it untyped
        self.queue = queue
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.wait_seconds = wait_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "queue": self.queue,
                "aws_conn_id": self.aws_conn_id,
                "region_name": self.region_name,
                "wait_seconds": self.wait_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Receive for ever."""
        failures = 0
        while True:
            try:
                messages = await asyncio.to_thread(self._receive)
                failures = 0
            except CausewayError as error:
                failures += 1
                self.log.warning("queue %s could not be read: %s", self.queue, error)
                await asyncio.sleep(min(2.0**failures, MAX_PAUSE))
                continue
            if messages:
                yield woken(versions=_versions(messages))
                await asyncio.to_thread(self._delete, messages)

    def _receive(self) -> list[dict[str, Any]]:
        return self._hook().receive(self.queue, wait_seconds=self.wait_seconds)

    def _delete(self, messages: list[dict[str, Any]]) -> None:
        try:
            self._hook().delete(self.queue, messages)
        except CausewayError as error:
            # They come again and wake a sync that finds nothing to do.
            self.log.warning("messages of %s could not be deleted: %s", self.queue, error)

    def _hook(self) -> QueueHook:
        from causeway_airflow.hooks.queue import QueueHook

        return shared(QueueHook, self.aws_conn_id, self.region_name)


def _versions(messages: list[dict[str, Any]]) -> list[str]:
    """Return the version ARNs that the messages are about, for the event's reader."""
    versions = set()
    for message in messages:
        try:
            versions.add(str(json.loads(message["Body"])["detail"]["ModelPackageArn"]))
        except (KeyError, TypeError, ValueError):
            continue  # a message of another sender: it wakes the sync all the same
    return sorted(versions)
