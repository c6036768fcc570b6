"""The files of the stack: everything that it writes is below `.causeway/`, ignored by git."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
STATE: Final = Path(os.environ.get("CAUSEWAY_STATE", ROOT / ".causeway"))
DAGS: Final = Path(os.environ.get("CAUSEWAY_DAGS", ROOT / "dags"))
#: The local accounts and the people; with the variable, somebody's own file of them.
TOPOLOGY: Final = ROOT / (
    os.environ.get("CAUSEWAY_TOPOLOGY") or Path("include", "config", "topology", "local.yaml")
)
#: The use cases; with the variable, somebody's own folder of them.
USE_CASES: Final = Path(
    os.environ.get("CAUSEWAY_USE_CASES") or ROOT / "include" / "config" / "use_cases"
)

JOBS: Final = ROOT / "include" / "jobs"

LOCAL: Final = STATE / "local.json"  # endpoints, keys and log-ins of the running stack (mode 600)
DEMO: Final = STATE / "demo.json"  # what the last demo ended with
PROCESSES: Final = STATE / "processes.json"  # what was started, to be stopped
NOTES: Final = STATE / "notes.json"  # what happened to components that ended
POSTGRES: Final = STATE / "postgres.json"  # where the files of Airflow's database are
LOGS: Final = STATE / "logs"
FAILED: Final = STATE / "failed"  # the logs of starts and demonstrations that failed
AIRFLOW_HOME: Final = STATE / "airflow"
MLFLOW_HOME: Final = STATE / "mlflow"
AWS_HOME: Final = STATE / "aws"  # Airflow's AWS files
DOOR_HOME: Final = STATE / "door"  # the API server's AWS files
PEOPLE_HOME: Final = STATE / "people"  # profiles of people and of the accounts' administrators
DATA: Final = STATE / "data"
INBOX: Final = STATE / "inbox"  # the raw files that may be named in Airflow


#: What everything is started with: other users of the machine read none of its files.
UMASK: Final = 0o077


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter; close it where it is there already."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def private(path: Path, text: str) -> Path:
    """Write a file that only its owner may read, replacing what was there."""
    private_folder(path.parent)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    partial.replace(path)
    return path


def from_root(path: Path) -> str:
    """Return a path for people: relative to the project's folder where it is inside of it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
