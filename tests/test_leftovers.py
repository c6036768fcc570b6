"""What a killed run left running is ended by the next one, and nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack.processes import Component
from tests import leftovers

GONE = Component("pytest", 2**22 + 1, 1.0)  # above the largest process id there is


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs until it is ended."""
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    process = subprocess.Popen(command, start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(leftovers, "NOTES", tmp_path / "running")
    return tmp_path / "running"


def test_a_process_of_a_run_that_is_gone_is_ended(
    sleeper: subprocess.Popen[bytes], notes: Path
) -> None:
    leftovers.note_process("sleeper", sleeper.pid, by=GONE)
    leftovers.end()
    assert sleeper.wait(10) < 0
    assert list(notes.iterdir()) == []


def test_a_stack_of_a_run_that_is_gone_is_ended(
    sleeper: subprocess.Popen[bytes], notes: Path, tmp_path: Path
) -> None:
    leftovers.note_stack(tmp_path, by=GONE)
    component = Component("sleeper", sleeper.pid, psutil.Process(sleeper.pid).create_time())
    (tmp_path / "processes.json").write_text(json.dumps([component.__dict__]))
    leftovers.end()
    assert sleeper.wait(10) < 0
    assert list(notes.iterdir()) == []


def test_a_stack_that_was_never_started_is_forgotten(notes: Path, tmp_path: Path) -> None:
    leftovers.note_stack(tmp_path / "nothing", by=GONE)
    leftovers.end()
    assert list(notes.iterdir()) == []


def test_a_process_of_a_run_that_goes_on_is_left_alone(
    sleeper: subprocess.Popen[bytes], notes: Path
) -> None:
    leftovers.note_process("sleeper", sleeper.pid)
    leftovers.end()
    assert sleeper.poll() is None
    assert len(list(notes.iterdir())) == 1


def test_another_process_of_the_same_id_is_left_alone(
    sleeper: subprocess.Popen[bytes], notes: Path
) -> None:
    leftovers.note_process("sleeper", sleeper.pid, by=GONE)
    (note,) = notes.iterdir()
    document = json.loads(note.read_text())
    document["components"][0]["created"] -= 60
    note.write_text(json.dumps(document))
    leftovers.end()
    assert sleeper.poll() is None
