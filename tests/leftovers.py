"""Ends what a test run left running because it was killed.

A run that is killed takes no fixture down: the stack of `tests/e2e`, a local AWS or a process that
runs DAGs would run on. So whoever starts one notes it, with the start times that tell a process
from a later one of the same id, and for which run. The next run ends what was noted for runs that
are gone; other runs, in this checkout or beside it, keep theirs.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Final

import psutil

from stack import layout, postgres, processes
from stack.processes import Component

NOTES: Final = layout.ROOT / ".causeway" / "tests" / "running"
_numbers: Final = itertools.count()


def owner() -> Component:
    """Return the process of this test run: pytest, or the controller of its workers."""
    worker = "PYTEST_XDIST_WORKER" in os.environ
    return _started("pytest", os.getppid() if worker else os.getpid())


def note_stack(state: Path, by: Component | None = None) -> None:
    """Note a stack before it starts: what it starts will stand in its state folder."""
    _note({"stack": str(state / "processes.json")}, by)


def note_process(name: str, pid: int, by: Component | None = None) -> None:
    """Note a process that leads a session of its own."""
    _note({"components": [_started(name, pid).__dict__]}, by)


def end() -> None:
    """End what was noted for runs that are gone."""
    for path in sorted(NOTES.glob("*.json")):
        note = json.loads(path.read_text())
        if processes.alive(Component(**note["owner"])):
            continue
        if "stack" in note:
            _stop(Path(note["stack"]))
        else:
            file = path.with_suffix(".processes")
            file.write_text(json.dumps(note["components"]))
            _stop(file)
        path.unlink(missing_ok=True)


def _note(what: dict[str, object], by: Component | None) -> None:
    NOTES.mkdir(parents=True, exist_ok=True)
    text = json.dumps(what | {"owner": (by or owner()).__dict__})
    (NOTES / f"{os.getpid()}-{next(_numbers)}.json").write_text(text)


def _started(name: str, pid: int) -> Component:
    return Component(name, pid, psutil.Process(pid).create_time())


def _stop(file: Path) -> None:
    """End the processes that a file names, with their sessions, as the stack ends its own."""
    own = layout.PROCESSES, layout.POSTGRES
    try:
        layout.PROCESSES = file  # type: ignore[misc]
        layout.POSTGRES = file.with_name(layout.POSTGRES.name)  # type: ignore[misc]
        processes.stop_all()
        postgres.clear()
    finally:
        layout.PROCESSES, layout.POSTGRES = own  # type: ignore[misc]
