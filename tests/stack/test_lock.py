"""One start, stop or demonstration at a time, and who is at work is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stack import layout, lock
from stack.processes import StackError

HOLD = """
import sys, time
from stack import lock
with lock.exclusive(lock.CHANGE, "up"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "STATE", tmp_path)


def test_a_second_start_is_refused_with_who_is_at_work_until_that_ends(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env=os.environ | {"CAUSEWAY_STATE": str(tmp_path)},
        cwd=layout.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout and first.stdout.readline() == "held\n"
    who = rf"`make up` \(process {first.pid}, since \d\d:\d\d:\d\d\)"
    with (
        pytest.raises(StackError, match=rf"{who} is at work here: wait for it, or end it"),
        lock.exclusive(lock.CHANGE, "down"),
    ):
        pass
    assert str(lock.holder(lock.CHANGE)).startswith(f"`make up` (process {first.pid}")
    first.kill()
    first.wait()
    assert lock.holder(lock.CHANGE) is None, "also after it was killed"
    with lock.exclusive(lock.CHANGE, "down"):
        holder = lock.holder(lock.CHANGE)
        assert holder is not None and (holder.command, holder.pid) == ("down", os.getpid())
    assert lock.holder(lock.CHANGE) is None


def test_a_lock_that_was_never_taken_has_no_holder() -> None:
    assert lock.holder(lock.DEMO) is None
