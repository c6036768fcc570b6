"""Airflow's Postgres: who is let in, as whom it runs, and what is left of it."""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from stack import layout, postgres, processes
from stack.processes import StackError

psycopg2: Any = importlib.import_module("psycopg2")
root = pytest.mark.skipif(os.geteuid() != 0, reason="another user can be tried by root only")
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec(postgres.PACKAGE) is None, reason="no Postgres for this machine"
)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(layout, "STATE", tmp_path)
    for name in ("PROCESSES", "POSTGRES"):
        monkeypatch.setattr(layout, name, tmp_path / f"{name.lower()}.json")
    monkeypatch.setattr(layout, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(postgres, "TEMPLATES", tmp_path / "templates")
    yield
    processes.stop_all()
    postgres.clear()


def rows(server: postgres.Server, statement: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(host=str(server.home), user="airflow", dbname="airflow")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def test_whoever_started_it_is_let_in_by_the_socket_and_there_is_no_port() -> None:
    server = postgres.set_up()
    component = server.start()
    assert rows(server, "select current_user, current_database()") == [("airflow", "airflow")]
    leader = psutil.Process(component.pid)
    assert not leader.net_connections("inet")
    for child in leader.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # a connection that just ended
            assert not child.net_connections("inet")
    assert server.home.stat().st_mode & 0o077 == 0
    assert leader.uids().effective == (65534 if os.geteuid() == 0 else os.geteuid())


@root
def test_another_user_of_the_machine_is_refused() -> None:
    server = postgres.set_up()
    server.start()
    tried = subprocess.run(
        [str(server.programs / "psql"), "-h", str(server.home), "-U", "airflow"],
        user=server.uid,
        group=server.gid,
        extra_groups=[],
        cwd="/",
        env=postgres.ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert tried.returncode == 2
    assert 'Peer authentication failed for user "airflow"' in tried.stderr


def test_it_ends_at_once_while_somebody_is_connected_and_leaves_nothing() -> None:
    server = postgres.set_up()
    component = server.start()
    connection = psycopg2.connect(host=str(server.home), user="airflow", dbname="airflow")
    backends = psutil.Process(component.pid).children()
    processes.stop_all()
    connection.close()
    assert not processes.alive(component)
    assert [process for process in backends if process.is_running()] == []
    postgres.clear()
    assert not server.home.exists()


def test_later_servers_begin_with_the_tables_of_the_first() -> None:
    first = postgres.set_up()
    component = first.start()
    assert not first.migrated
    rows(first, "create table migrated (id int)")
    postgres.keep_template(first, component)
    rows(first, "insert into migrated values (1)")
    processes.stop_all()
    postgres.clear()
    second = postgres.set_up()
    second.start()
    assert second.migrated
    assert rows(second, "select * from migrated") == []


def test_what_keeps_it_from_running_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "INITDB", ("--locale=no-such-locale",))
    with pytest.raises(StackError, match=r"^initdb: error: invalid locale name"):
        postgres.set_up()
    monkeypatch.setattr(postgres, "OPTIONS", {"shared_buffers": "no-size"})
    monkeypatch.setattr(postgres, "INITDB", ("--no-sync",))
    with pytest.raises(StackError, match=r'did not start: .*"shared_buffers": "no-size"'):
        postgres.set_up().start()
    assert processes.components() == []
    assert postgres.home_of_running() is None
