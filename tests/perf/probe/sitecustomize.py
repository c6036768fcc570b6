"""Says where the time of each task's process went; on the path of a measured stack only.

Python imports a module of this name when it starts. A task of the LocalExecutor is a fork: what is
counted begins anew there, and is written as one line of JSON when the fork ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import _bootstrap  # the import system's own module: C code calls it by attribute
from typing import Any

FOLDER = os.environ.get("CAUSEWAY_PROBE")


class Spent:
    """Seconds of one process by what they were spent on; nested spans count once."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start counting, as a fork does."""
        self.since = time.time()
        self.cpu = time.process_time()
        self.seconds: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self._inside: list[str] = []

    def wrap(self, kind: str, function: Any) -> Any:
        """Return a function whose time counts as `kind`, unless it is within a counted span."""

        def timed(*arguments: Any, **keywords: Any) -> Any:
            if self._inside:
                return function(*arguments, **keywords)
            self._inside.append(kind)
            started = time.perf_counter()
            try:
                return function(*arguments, **keywords)
            finally:
                spent = time.perf_counter() - started
                self._inside.pop()
                self.seconds[kind] = self.seconds.get(kind, 0.0) + spent
                self.counts[kind] = self.counts.get(kind, 0) + 1

        return timed

    def write(self) -> None:
        """Append this process's line."""
        line = {
            "pid": os.getpid(),
            "since": self.since,
            "life": time.time() - self.since,
            "cpu": time.process_time() - self.cpu,
            "seconds": self.seconds,
            "counts": self.counts,
            "command": " ".join(sys.argv[:3]),
        }
        with open(f"{FOLDER}/{os.getpid()}.jsonl", "a", encoding="utf-8") as out:  # noqa: PTH123
            out.write(json.dumps(line) + "\n")


def _patch_clients(spent: Spent) -> None:
    """Count calls of AWS and of Airflow's task API, as soon as their clients are there."""
    session = sys.modules.get("botocore.httpsession")
    if session is not None and not hasattr(session, "_counted"):
        session._counted = True  # type: ignore[attr-defined]
        session.URLLib3Session.send = spent.wrap("aws", session.URLLib3Session.send)  # type: ignore[attr-defined]
    comms = sys.modules.get("airflow.sdk.execution_time.comms")
    if comms is not None and not hasattr(comms, "_counted"):
        comms._counted = True  # type: ignore[attr-defined]
        decoder = comms.CommsDecoder  # type: ignore[attr-defined]
        decoder.send = spent.wrap("supervisor", decoder.send)
    clock = sys.modules.get("time")
    if clock is not None and not hasattr(clock, "_counted"):
        clock._counted = True  # type: ignore[attr-defined]
        clock.sleep = spent.wrap("sleep", clock.sleep)


def install() -> None:
    """Begin to count in this process and in its forks."""
    spent = Spent()
    find_and_load, leave = _bootstrap._find_and_load, os._exit  # type: ignore[attr-defined]
    counted = spent.wrap("imports", find_and_load)

    def imported(name: str, *rest: Any) -> Any:
        if name in sys.modules:
            return find_and_load(name, *rest)
        module = counted(name, *rest)
        if not spent._inside:
            _patch_clients(spent)
        return module

    def ended(status: int) -> None:
        spent.write()
        leave(status)

    _bootstrap._find_and_load = imported  # type: ignore[attr-defined]
    os._exit = ended  # type: ignore[assignment]
    os.register_at_fork(after_in_child=spent.begin)


if FOLDER:
    install()
