"""SQLite databases of Airflow and MLflow, migrated once and copied for whoever needs one.

A migration imports half of Airflow or MLflow and costs seconds; a copy costs nothing. Templates
stand in `.causeway/tests`, one for each version of the package, and are made by whoever comes
first.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

from stack import layout

TEMPLATES: Final = layout.ROOT / ".causeway" / "tests"
MIGRATE_MLFLOW: Final = """
import sys
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
SqlAlchemyStore(sys.argv[1], "unused").engine.dispose()
"""


def airflow_database(path: Path) -> None:
    """Put a migrated database of Airflow at a path."""
    _copy("apache-airflow-core", [sys.executable, "-m", "airflow", "db", "migrate"], path)


def mlflow_database(path: Path) -> None:
    """Put a migrated database of MLflow at a path."""
    _copy("mlflow", [sys.executable, "-c", MIGRATE_MLFLOW], path)


def _copy(package: str, migrate: list[str], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_template(package, migrate), path)


def _template(package: str, migrate: list[str]) -> Path:
    """Return the template of the installed version; make it where there is none."""
    template = TEMPLATES / f"{package}-{version(package)}.db"
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    with (TEMPLATES / f"{package}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of one run come here at the same time
        if not template.exists():
            with tempfile.TemporaryDirectory(dir=TEMPLATES) as home:
                partial = Path(home) / "migrated.db"
                _migrate(migrate, partial)
                partial.replace(template)
    return template


def _migrate(command: list[str], database: Path) -> None:
    uri = f"sqlite:///{database}"
    environment = os.environ | {
        "AIRFLOW_HOME": str(database.parent),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": uri,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    done = subprocess.run(
        [*command, *([uri] if "-c" in command else [])],
        env=environment,
        cwd=database.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
