"""The logs of a run that failed; those of others are deleted by `make down` and the next start."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Final

from stack import layout

#: How many failed runs keep their logs.
KEPT: Final = 5


def keep() -> str | None:
    """Move the logs of components and tasks aside; return where they are, for people."""
    sources = {"components": layout.LOGS, "tasks": layout.AIRFLOW_HOME / "logs"}
    existing = {name: path for name, path in sources.items() if path.exists()}
    if not existing:
        return None
    folder = layout.private_folder(layout.FAILED / f"{datetime.now():%Y-%m-%d-%H%M%S-%f}")
    for name, path in existing.items():
        path.rename(folder / name)
    for old in _oldest():
        shutil.rmtree(old, ignore_errors=True)
    return layout.from_root(folder)


def _oldest() -> list[Path]:
    return sorted(layout.FAILED.iterdir())[:-KEPT]
