"""Starts a component again that ended, alone: `python -m stack.watcher`, its programs as input.

It looks every second. A component that ends again and again is tried at growing intervals, up to a
minute: what keeps it from running, such as a full disk, may pass. The local AWS is not started
again: its accounts were in its memory, and an empty one would refuse every key of the others.

What it does is a line in its log and, until the stack is stopped, a note that `make status` shows.
"""

from __future__ import annotations

import contextlib
import json
import math
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType
from typing import Final

from stack import layout
from stack.processes import Component, Program, alive, components, end, start

LOOK_SECONDS: Final = 1.0
#: How long the restarts of a component are held back; the last holds for all that follow.
BACK_OFF: Final = (0.0, 2.0, 5.0, 15.0, 30.0, 60.0)
#: A component that has run for this long is well again: its restarts are counted anew.
CALM_SECONDS: Final = 300.0
#: Why the local AWS is not started again.
GONE: Final = "its accounts, models and approvals were in its memory"


@dataclass
class Watcher:
    """Looks after components; one without a program can only be missed."""

    programs: Mapping[str, Program]
    back_off: Sequence[float] = BACK_OFF
    _ends: dict[str, list[float]] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        """Look at every component once, and start again what is due."""
        now = time.monotonic()
        for component in components():
            name = component.name
            if alive(component):
                continue
            if name not in self._due:
                self._due[name] = now + self._missed(name, now)
            if now >= self._due[name]:
                del self._due[name]
                with contextlib.suppress(OSError):  # a full disk: it is missed again
                    self._restart(component)

    def _missed(self, name: str, now: float) -> float:
        """Note that a component ended, and return in how many seconds it is started again."""
        if name not in self.programs:
            note(name, f"ended at {_clock()} and is not started again: {GONE}")
            return math.inf
        ends = [end for end in self._ends.get(name, []) if now - end < CALM_SECONDS]
        self._ends[name] = [*ends, now]
        seconds = self.back_off[min(len(ends), len(self.back_off) - 1)]
        if seconds:
            note(name, f"ended at {_clock()}, and is started again in {seconds:.0f} s")
        return seconds

    def _restart(self, component: Component) -> None:
        """Start a component again, after what is left of the session that it led."""
        end([component])
        started = start(self.programs[component.name], instead_of=component)
        times = len(self._ends[component.name])
        text = f"ended, and was started again at {_clock()} as process {started.pid}"
        note(component.name, text + (f" ({times} times in five minutes)" if times > 1 else ""))


def note(name: str, text: str) -> None:
    """Log what happened to a component, and keep it for the status; unless the disk is full."""
    with contextlib.suppress(OSError):
        print(f"{datetime.now():%Y-%m-%d %H:%M:%S} {name} {text}", flush=True)
        layout.private(layout.NOTES, json.dumps(notes() | {name: f"{name} {text}"}, indent=2))


def notes() -> dict[str, str]:
    """Return what last happened to each component that ended."""
    try:
        document: dict[str, str] = json.loads(layout.NOTES.read_text())
    except FileNotFoundError:
        return {}
    return document


def _clock() -> str:
    return f"{datetime.now():%H:%M:%S}"


def main() -> None:
    """Look until a signal ends it; a restart is never cut in two."""
    programs = [Program(**entry) for entry in json.load(sys.stdin)]
    watcher = Watcher({program.name: program for program in programs})
    ending = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, stop)
    while not ending.wait(LOOK_SECONDS):
        watcher.look()


if __name__ == "__main__":
    main()
