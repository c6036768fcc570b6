"""Airflow's metadata: a Postgres of the stack's own, or SQLite where none runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stack import layout, postgres, settings
from stack.processes import Component, StackError

MIGRATION_SECONDS: Final = 180.0


@dataclass(frozen=True)
class Metadata:
    """Where the metadata is: for Airflow, for people, and the server if there is one."""

    url: str
    words: str
    server: postgres.Server | None = None
    component: Component | None = None


def start() -> Metadata:
    """Start the database; with SQLite the words say why."""
    try:
        server = postgres.set_up()
        return Metadata(server.url, "Postgres", server, server.start())
    except StackError as error:
        return Metadata(settings.sqlite(), f"SQLite, for a few runs at once: {error}")


def migrate(metadata: Metadata, environment: Mapping[str, str]) -> None:
    """Make Airflow's tables where they are not there yet, and keep a copy for the next start."""
    server, component = metadata.server, metadata.component
    if server is not None and server.migrated:
        return
    _migrate(environment)
    if server is not None and component is not None:
        postgres.keep_template(server, component)


def _migrate(environment: Mapping[str, str]) -> None:
    migration = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=dict(environment),
        cwd=layout.ROOT,
        capture_output=True,
        text=True,
        timeout=MIGRATION_SECONDS,
        check=False,
        umask=layout.UMASK,
    )
    if migration.returncode:
        lines = (migration.stdout + migration.stderr).splitlines()[-15:]
        raise StackError("airflow db migrate failed\n" + "\n".join(lines))
