"""Components are stopped by process id, their children included."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from stack import layout, processes
from stack.processes import Program

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "PROCESSES", tmp_path / "processes.json")
    monkeypatch.setattr(layout, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(layout, "ROOT", tmp_path)


def test_stopping_ends_a_component_with_its_children(tmp_path: Path) -> None:
    pid_file = tmp_path / "child"
    command = [sys.executable, "-c", PARENT, str(pid_file)]
    component = processes.start(Program("parent", command, os.environ))
    while not pid_file.exists() or not pid_file.read_text():
        time.sleep(0.02)
    child = psutil.Process(int(pid_file.read_text()))
    processes.stop_all()
    assert not processes.alive(component)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert processes.components() == []


def test_a_process_id_that_another_process_has_now_is_left_alone(tmp_path: Path) -> None:
    me = processes.Component("stranger", os.getpid(), created=1.0)
    processes._record([me])
    assert not processes.alive(me)
    processes.stop_all()  # would end this very process if it compared the number alone


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere the times of processes stay")
def test_a_clock_that_is_set_makes_no_process_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    component = processes.start(Program("sleeper", sleep, os.environ))
    created, booted = psutil.Process.create_time, psutil.boot_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + 7200)
    monkeypatch.setattr(psutil, "boot_time", lambda: booted() + 7200)
    assert processes.alive(component)
    processes.stop_all()
    assert not processes.alive(component)


def test_what_cannot_be_recorded_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    me = psutil.Process()
    before = set(me.children())
    monkeypatch.setattr(layout, "private", full)
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(OSError, match="No space left"):
        processes.start(Program("sleeper", sleep, os.environ))
    assert set(me.children()) <= before


def test_component_that_ends_while_starting_is_named_with_its_last_lines() -> None:
    command = [sys.executable, "-c", "raise SystemExit('no database')"]
    component = processes.start(Program("broken", command, os.environ))
    with pytest.raises(processes.StackError, match=r"broken ended.*(\n.*)*no database"):
        processes.wait_for_url(component, "http://127.0.0.1:1/", 20)
    processes.stop_all()


def test_files_with_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    path = layout.private(folder / "secret.json", "{}")
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_a_component_writes_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    write = "import os, pathlib; os.mkdir('made'); pathlib.Path('made/f').write_text('')"
    before = os.umask(0o022)
    try:
        component = processes.start(Program("writer", [sys.executable, "-c", write], os.environ))
        while processes.alive(component):
            time.sleep(0.02)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {
        "made": 0o700,
        "f": 0o600,
        "logs": 0o700,
        "writer.log": 0o600,
        "processes.json": 0o600,
    }
