"""Queues serve one call at a time, except while a receiver waits for a message.

moto checks whether a message is visible and then marks it, and deletes by replacing the list, both
without a lock (moto 5.2.5). So two clients could receive one message, and a message that is sent
meanwhile could be lost.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Any

CHANGES = (
    "change_message_visibility",
    "delete_message",
    "purge_queue",
    "send_message",
    "send_message_batch",
)
LOOK_SECONDS = 1.0  # nothing signals that a message is visible again
_turn = threading.RLock()


@functools.cache
def install() -> None:
    """Put moto's queues behind one lock, once in a process."""
    from moto.sqs.models import SQSBackend

    for name in CHANGES:
        setattr(SQSBackend, name, _in_turn(getattr(SQSBackend, name)))
    SQSBackend.receive_message = _receiving(  # type: ignore[method-assign]
        SQSBackend.receive_message
    )


def _in_turn(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def take_turn(*arguments: Any, **named: Any) -> Any:
        with _turn:
            return method(*arguments, **named)

    return take_turn


def _receiving(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a receive function that holds the lock only while it looks for messages."""

    @functools.wraps(method)
    def receive(
        backend: Any,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        *more: Any,
        **named: Any,
    ) -> Any:
        until = time.monotonic() + (wait_seconds_timeout or 0)
        while True:
            with _turn:
                messages = method(backend, queue_name, count, 0, *more, **named)
            left = until - time.monotonic()
            if messages or left <= 0:
                return messages
            backend.get_queue(queue_name).wait_for_messages(min(left, LOOK_SECONDS))
            time.sleep(0.02)  # a message may be locked for another receiver (a FIFO queue's group)

    return receive
