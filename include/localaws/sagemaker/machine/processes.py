"""Child processes, each with its own process group; all end with the local AWS."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from localaws.kit.capabilities import Background, Stores

# Real seconds for a stopped script to clean up (on SageMaker 120).
GRACE = 5.0


class Child:
    """A running process whose lines of output go to `on_line` (stdout and stderr as one)."""

    def __init__(
        self,
        table: ProcessTable,
        command: Sequence[str],
        *,
        cwd: Path,
        env: dict[str, str],
        on_line: Callable[[str], None],
        pass_fds: Sequence[int] = (),
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self._table = table
        self.process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )
        self._on_line = on_line
        table.add(self)
        self._reader = threading.Thread(
            target=self._read, name=f"output of {self.process.pid}", daemon=True
        )
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._on_line(line.decode("utf-8", errors="replace").rstrip("\r\n"))

    def wait(self, seconds: float) -> int | None:
        """Return the exit status, or None if it still runs after `seconds`."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self.signal(signal.SIGKILL)  # remaining children would keep its output open
        self._reader.join(timeout=GRACE)
        self._table.remove(self)
        return status

    def stop(self) -> int:
        """End it: SIGTERM, and SIGKILL for the group if it still runs after `GRACE`."""
        self.signal(signal.SIGTERM)
        status = self.wait(GRACE)
        if status is None:
            status = self.kill()
        return status

    def kill(self) -> int:
        """End it and its children at once."""
        self.signal(signal.SIGKILL)
        status = self.wait(GRACE)
        return -signal.SIGKILL if status is None else status

    def signal(self, number: int) -> None:
        """Send a signal to it and its children, if they are still there."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


class ProcessOwner(Stores, Background, Protocol):
    """What a process table needs: its store, and a hook at shutdown."""


class ProcessTable:
    """The child processes of one local AWS."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: set[Child] = set()
        self._watched = False
        self._closed = False

    @classmethod
    def of(cls, owner: ProcessOwner) -> ProcessTable:
        """Return the table of a local AWS, which ends the processes at shutdown."""
        table = owner.store(cls, "", "")
        with table._lock:
            if not table._watched:
                table._watched = True
                owner.on_shutdown(table.close)
        return table

    def add(self, child: Child) -> None:
        """Add a child; after shutdown it is ended at once."""
        with self._lock:
            self._children.add(child)
            closed = self._closed
        if closed:
            child.kill()

    def remove(self, child: Child) -> None:
        """Remove a child that has ended."""
        with self._lock:
            self._children.discard(child)

    def alive(self) -> list[int]:
        """Return the process ids of the children that run."""
        with self._lock:
            return sorted(child.process.pid for child in self._children)

    @property
    def closed(self) -> bool:
        """Whether the local AWS has ended its processes, so that none starts any more."""
        return self._closed

    def close(self) -> None:
        """End all children; those that start later are ended too."""
        with self._lock:
            self._closed = True
            children = list(self._children)
        for child in children:  # all of them first: each takes a while to end
            child.signal(signal.SIGKILL)
        for child in children:
            child.kill()
