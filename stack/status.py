"""What runs: each component, how it is, since when, where it is reached and where its log is."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from stack import health, layout, lock, postgres
from stack.processes import AWS, DATABASE, Component, alive, components
from stack.running import full_disk, lost
from stack.watcher import notes

Say = Callable[[str], None]
WELL: Final = "well"
STARTING_SECONDS: Final = 60.0
COLUMNS: Final = 80


@dataclass(frozen=True)
class Row:
    """How a component is."""

    component: Component
    health: str
    address: str = "-"

    @property
    def words(self) -> str:
        """Return a line of less than 80 characters."""
        created = datetime.fromtimestamp(self.component.created)
        today = created.date() == datetime.now().date()
        since = f"{created:%H:%M:%S}" if today else f"{created:%d %b %H:%M}"
        return _line(self.component.name, self.health, since, str(self.component.pid), self.address)


def show_status(say: Say, local: dict[str, Any] | None) -> bool:
    """Say what runs, in 80 columns, and return whether all of it is well."""
    table = rows(local)
    starting = lock.holder(lock.CHANGE)
    if starting:
        say(f"{starting} is at work here")
    elif not table:
        say("nothing is running here: `make up` starts it")
    if table:
        say(_line("component", "health", "since", "process", "address"))
    for row in table:
        say(row.words)
    if table:
        say(f"logs: {layout.from_root(layout.LOGS)}/<component>.log")
    if local is not None:
        say(_wrapped(f"Airflow's metadata: {local['airflow'].get('metadata', 'SQLite')}"))
    for remark in _remarks():
        say(_wrapped(remark))
    ill = [row.component.name for row in table if row.health != WELL]
    if ill and not starting and not lost():
        say(f"not well: {', '.join(ill)}; the logs say why")
    return bool(table) and local is not None and not ill and not starting


def rows(local: dict[str, Any] | None) -> list[Row]:
    """Return how each component that was started is; `local` is what the running stack says."""
    started = sorted(components(), key=lambda component: component.name)
    if local is None:
        return [Row(each, "starting" if alive(each) else "ended") for each in started]
    addresses = {
        AWS: local["endpoint"],
        "mlflow": local["mlflow"]["url"],
        "api-server": local["airflow"]["url"],
        DATABASE: "a socket, no port",
    }
    of_airflow = _answer(lambda: health.statuses(local["airflow"]["url"])) or {}
    return [
        Row(each, _health(each, addresses, of_airflow), addresses.get(each.name, "-"))
        for each in started
    ]


def _health(
    component: Component, addresses: dict[str, str], of_airflow: dict[str, str | None]
) -> str:
    if not alive(component):
        return "ended"
    answer = _answer_of(component.name, addresses, of_airflow)
    young = time.time() - component.created < STARTING_SECONDS
    return "starting" if answer != WELL and young else answer


def _answer_of(name: str, addresses: dict[str, str], of_airflow: dict[str, str | None]) -> str:
    if name in health.COMPONENTS:
        status = of_airflow.get(health.COMPONENTS[name])
        return WELL if status == "healthy" else f"{status or 'not known'}"
    if name == DATABASE:
        home = postgres.home_of_running()
        return WELL if home is not None and postgres.answers(home) else "no answer"
    if name == "api-server":
        return {"healthy": WELL, None: "no answer"}.get(
            of_airflow.get("metadatabase"), "no database"
        )
    if name in addresses:
        path = "/health" if name == "mlflow" else "/"
        return WELL if health.answers(f"{addresses[name]}{path}") else "no answer"
    return WELL


def _answer(look: Callable[[], dict[str, str | None]]) -> dict[str, str | None] | None:
    try:
        return look()
    except (OSError, ValueError):
        return None


def _remarks() -> list[str]:
    gone = lost()
    remarks = [gone] if gone else []
    remarks += [text for name, text in notes().items() if not (gone and name == AWS)]
    if full := full_disk():
        remarks.append(full)
    if demo := lock.holder(lock.DEMO):
        remarks.append(f"{demo} plays on it")
    return remarks


def _wrapped(text: str) -> str:
    return textwrap.fill(text, COLUMNS, break_long_words=False, break_on_hyphens=False)


def _line(name: str, state: str, since: str, pid: str, address: str) -> str:
    return f"{name:<14} {state:<11} {since:<13} {pid:>8}  {address}"
