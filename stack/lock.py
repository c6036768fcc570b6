"""Who is at work on the stack: one start, stop or demonstration at a time.

The system releases a lock when its process ends, however it ends; so none is ever left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from stack import layout
from stack.processes import StackError

#: What starts and stops hold.
CHANGE: Final = "change"
#: What a demonstration holds for as long as it plays on a stack of its own.
DEMO: Final = "demo"


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    command: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"`make {self.command}` (process {self.pid}, since {self.since})"


@contextlib.contextmanager
def exclusive(kind: str, command: str, seconds: float = 0.0) -> Iterator[None]:
    """Hold a lock for the length of a `with` block.

    Args:
        kind: `CHANGE` or `DEMO`.
        command: the target of the Makefile that holds it.
        seconds: how long to wait for it.

    Raises:
        StackError: another process holds it; the message says which, and what to do.
    """
    layout.private_folder(layout.STATE)
    path = _path(kind)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        until = time.monotonic() + seconds
        while not _taken(file.fileno()):
            if time.monotonic() >= until:
                raise StackError(
                    f"{_read(path) or 'another process'} is at work here: wait for it, or end it "
                    "with Ctrl-C where it runs"
                )
            time.sleep(0.1)
        file.truncate()
        file.write(json.dumps([command, os.getpid(), f"{datetime.now():%H:%M:%S}"]))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def holder(kind: str) -> Holder | None:
    """Return who holds a lock, None when nobody does."""
    path = _path(kind)
    try:
        with path.open() as file:
            if _taken(file.fileno()):
                return None
    except FileNotFoundError:
        return None
    return _read(path)


def _path(kind: str) -> Path:
    return layout.STATE / f"{kind}.lock"


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> Holder | None:
    try:
        return Holder(*json.loads(path.read_text()))
    except ValueError:  # it is just being written
        return None
