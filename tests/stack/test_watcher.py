"""A component that ended is started again, alone, and what happened is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from stack import layout, processes, watcher
from stack.processes import Component, Program, alive, components
from stack.watcher import Watcher

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(layout, "PROCESSES", tmp_path / "processes.json")
    monkeypatch.setattr(layout, "NOTES", tmp_path / "notes.json")
    monkeypatch.setattr(layout, "LOGS", tmp_path / "logs")
    yield
    processes.stop_all()


def end(component: Component) -> None:
    psutil.Process(component.pid).kill()
    until(lambda: not alive(component))


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def current(name: str) -> Component:
    (component,) = [component for component in components() if component.name == name]
    return component


def test_what_ended_is_started_again_alone_and_what_it_left_is_ended() -> None:
    program = Program("scheduler", [sys.executable, "-c", PARENT], os.environ)
    scheduler = processes.start(program)
    other = processes.start(Program("triggerer", SLEEP, os.environ))
    until(lambda: bool(psutil.Process(scheduler.pid).children()))
    (child,) = psutil.Process(scheduler.pid).children()
    end(scheduler)
    Watcher({"scheduler": program}).look()
    assert alive(current("scheduler")) and current("scheduler") != scheduler
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert current("triggerer") == other
    assert list(watcher.notes()) == ["scheduler"]
    assert f"started again at .. as process {current('scheduler').pid}" in only_note()


def only_note() -> str:
    """Return the one note without its time."""
    (text,) = watcher.notes().values()
    return " ".join(".." if word.count(":") == 2 else word for word in text.split())


def test_restarts_are_held_back_for_longer_each_time() -> None:
    program = Program("triggerer", [sys.executable, "-c", "pass"], os.environ)
    processes.start(program)
    looking = Watcher({"triggerer": program}, back_off=(0.0, 0.3, 1.2))
    held_back = [seconds_until_started_again(looking, "triggerer") for _ in range(4)]
    assert held_back[1] >= 0.3
    assert min(held_back[2:]) >= 1.2, "the last holds for all that follow"
    assert "(4 times in five minutes)" in watcher.notes()["triggerer"]


def seconds_until_started_again(looking: Watcher, name: str) -> float:
    component = current(name)
    until(lambda: not alive(component))
    ended = time.monotonic()
    until(lambda: looking.look() or current(name) != component)
    return time.monotonic() - ended


def test_what_cannot_be_started_stays_in_the_record_and_is_tried_again() -> None:
    before = processes.start(Program("mlflow", SLEEP, os.environ))
    end(before)
    broken = Program("mlflow", ["/no/such/program"], os.environ)
    looking = Watcher({"mlflow": broken}, back_off=(0.0,))
    looking.look()
    assert current("mlflow") == before
    looking.programs = {"mlflow": Program("mlflow", SLEEP, os.environ)}
    looking.look()
    assert alive(current("mlflow"))


def test_the_local_aws_is_missed_and_not_started_again() -> None:
    aws = processes.start(Program("localaws", SLEEP, os.environ))
    end(aws)
    Watcher({}).look()
    assert current("localaws") == aws and not alive(aws)
    assert "its accounts, models and approvals were in its memory" in watcher.notes()["localaws"]


def test_the_process_reads_its_programs_and_ends_at_a_signal(tmp_path: Path) -> None:
    program = Program("mlflow", SLEEP, {"PATH": os.defpath})
    mlflow = processes.start(program)
    environment = os.environ | {"CAUSEWAY_STATE": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "stack.watcher"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps([asdict(program)]))
    process.stdin.close()
    end(mlflow)
    assert "mlflow ended, and was started again" in process.stdout.readline()
    assert alive(current("mlflow"))
    process.terminate()
    assert process.wait(20) == 0
