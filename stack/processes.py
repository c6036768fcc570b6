"""Starts servers, each in a session of its own, and ends them with all their children.

`airflow standalone` leaves its children running when it is ended, so every component is started
here and its whole session is ended, by process id; no process is searched by name.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from stack import layout

HOST = "127.0.0.1"
GRACE_SECONDS = 6.0
AWS, DATABASE, WATCHER = "localaws", "postgres", "watcher"
#: Postgres ends its connections at SIGINT ("fast shutdown") and waits for its clients at SIGTERM.
ENDED_BY = {DATABASE: signal.SIGINT}
_recording = threading.Lock()


class StackError(Exception):
    """Something of the stack did not start or did not answer; the message says where to look."""


@dataclass(frozen=True)
class Component:
    """A component that was started: its leader's process id and when that process was created.

    On Linux both times follow the system's clock when it is set, and what tells a process from a
    later one of the same id is how long after the system it started.
    """

    name: str
    pid: int
    created: float
    booted: float | None = None


@dataclass(frozen=True)
class Program:
    """What a component runs: all that it takes to start it again.

    `cwd` is the project's folder if it is not given; as root, `user` is the uid and gid to run as.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    cwd: str | None = None
    user: Sequence[int] | None = None


def free_port(first: int) -> int:
    """Return `first` or the next port of 127.0.0.1 that nothing listens on.

    With `CAUSEWAY_ANY_PORT` set it is one that the system chooses: two stacks that start in the
    same second would both find `first` free.
    """
    if os.environ.get("CAUSEWAY_ANY_PORT"):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            return int(probe.getsockname()[1])
    for port in range(first, first + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise StackError(f"no free port between {first} and {first + 199}")


def start(
    program: Program, text: str | None = None, instead_of: Component | None = None
) -> Component:
    """Start a component, its output in `.causeway/logs/<name>.log`, and record it on disk.

    What cannot be recorded, because the disk is full, does not run.

    Args:
        program: what it runs.
        text: what it reads as its input.
        instead_of: the component whose entry in the record it takes.
    """
    identity: dict[str, Any] = {}
    if program.user and os.geteuid() == 0:
        uid, gid = program.user
        identity = {"user": uid, "group": gid, "extra_groups": []}
    path = layout.private_folder(layout.LOGS) / f"{program.name}.log"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        process = subprocess.Popen(
            list(program.command),
            env=dict(program.environment),
            cwd=program.cwd or layout.ROOT,
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=layout.UMASK,
            **identity,
        )
    created = psutil.Process(process.pid).create_time()
    component = Component(program.name, process.pid, created, psutil.boot_time())
    try:
        with _recording:
            _record([*(each for each in components() if each != instead_of), component])
    except OSError:
        process.kill()
        process.wait()
        raise
    if process.stdin and text is not None:
        with process.stdin as pipe:
            pipe.write(text.encode())
    return component


def components() -> list[Component]:
    """Return the components that were started and not yet stopped."""
    try:
        return [Component(**entry) for entry in json.loads(layout.PROCESSES.read_text())]
    except FileNotFoundError:
        return []


def _record(started: Sequence[Component]) -> None:
    document = [asdict(component) for component in started]
    layout.private(layout.PROCESSES, json.dumps(document, indent=2))


def alive(component: Component) -> bool:
    """Tell whether a component's leader still runs (and its id is not another process's now)."""
    try:
        process = psutil.Process(component.pid)
        status: str = process.status()
        return _created(component, process) and status != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _created(component: Component, process: psutil.Process) -> bool:
    """Tell whether a process is the leader that was started, by when it was created."""
    return abs(process.create_time() - _clock_set(component) - component.created) < 2


def _clock_set(component: Component) -> float:
    """Return by how many seconds the system's clock was set since a component was started."""
    if component.booted is None or not psutil.LINUX:
        return 0.0
    moved: float = psutil.boot_time() - component.booted
    return moved


def stop_all() -> None:
    """End every recorded component with all processes of its session.

    First who would start the others again, last the database that they need until they have ended.
    """
    stop([component for component in components() if component.name == WATCHER])
    stop([component for component in components() if component.name != DATABASE])
    stop(components())
    layout.PROCESSES.unlink(missing_ok=True)


def stop(started: Sequence[Component]) -> None:
    """End components and remove them from the record."""
    end(started)
    with _recording:
        _record([component for component in components() if component not in started])


def end(started: Sequence[Component]) -> None:
    """End components with all processes of their sessions.

    The leaders get SIGTERM first, because each ends its own children in its own order; then what
    is left of the sessions gets it, and at last SIGKILL.
    """
    members = [process for component in started for process in _session(component)]
    leaders = {component.pid: component for component in started}
    for process in members:
        if process.pid in leaders:
            name = leaders[process.pid].name
            _signal(process, ENDED_BY.get(name, signal.SIGTERM))
    _wait_until_gone([p for p in members if p.pid in leaders], GRACE_SECONDS)
    for component in started:  # children created while the session was ending
        members += [p for p in _session(component) if p not in members]
    left = _end(members, signal.SIGTERM, 2)
    _end(left, signal.SIGKILL, 5)


def _end(
    processes: Sequence[psutil.Process], number: signal.Signals, seconds: float
) -> list[psutil.Process]:
    for process in processes:
        _signal(process, number)
    return _wait_until_gone(processes, seconds)


def _wait_until_gone(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for processes to end and return those that did not; a zombie has ended."""
    until = time.monotonic() + seconds
    while True:
        left = [process for process in processes if not _ended(process)]
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.05)


def _ended(process: psutil.Process) -> bool:
    try:
        running: bool = process.is_running()
        return not running or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _session(component: Component) -> list[psutil.Process]:
    """Return the processes of a component's session; none if its id is another process's now."""
    members = []
    earliest = component.created + _clock_set(component) - 2
    with contextlib.suppress(psutil.NoSuchProcess):
        if not _created(component, psutil.Process(component.pid)):
            return []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == component.pid and process.create_time() >= earliest:
                members.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess, PermissionError):
            continue
    return members


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return


def wait_for_url(component: Component, url: str, seconds: float) -> None:
    """Return when `url` answers below 500; StackError when it does not, or its process ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not alive(component):
            raise StackError(
                f"{component.name} ended while it was starting\n{tail(component.name)}"
            )
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own http URL
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.15)
    raise StackError(
        f"{component.name} did not answer at {url} in {seconds:.0f} s\n{tail(component.name)}"
    )


def tail(name: str, lines: int = 15) -> str:
    """Return the last lines of a component's log."""
    path = layout.LOGS / f"{name}.log"
    try:
        text = path.read_text(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        text = []
    return "\n".join([f"last lines of {path.name}:", *text])
