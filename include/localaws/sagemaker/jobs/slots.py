"""How many jobs run at once on this machine; the others wait in order of arrival."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable

from localaws.kit.capabilities import Background, Stores

VARIABLE = "LOCALAWS_JOB_SLOTS"
DEFAULT = 2


class JobSlots:
    """A bound on running jobs, over all accounts; a waiting job needs no thread."""

    def __init__(self) -> None:
        self.limit = max(1, int(os.environ.get(VARIABLE, DEFAULT)))
        self._lock = threading.Lock()
        self._running = 0
        self._waiting: deque[Callable[[], None]] = deque()

    @classmethod
    def of(cls, stores: Stores) -> JobSlots:
        """Return the slots of a local AWS."""
        return stores.store(cls, "", "")

    def submit(self, threads: Background, work: Callable[[], None]) -> None:
        """Run `work` in the background as soon as a slot is free."""
        with self._lock:
            self._waiting.append(work)
        self._start_next(threads)

    def withdraw(self, work: Callable[[], None]) -> bool:
        """Remove work that still waits; False if it has begun."""
        with self._lock:
            try:
                self._waiting.remove(work)
            except ValueError:
                return False
            return True

    def _start_next(self, threads: Background) -> None:
        with self._lock:
            if not self._waiting or self._running >= self.limit:
                return
            work = self._waiting.popleft()
            self._running += 1

        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._running -= 1
                self._start_next(threads)

        threads.background(run)
