"""docker-compose.yaml without an engine: its own commands start, and a lifecycle runs on them.

`tests/compose` starts each service by its lines in the file and in the Dockerfile, in namespaces of
its own. At full depth a model goes to production, else the accounts' DAG runs. docs/containers.md
says what that leaves unproven.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests import leftovers
from tests.compose.file import ROOT, secret_files, services

NAMESPACES: Final = (
    "unshare",
    "--mount",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
TOOLS: Final = ("unshare", "nsenter", "setpriv", "ip", "mount", "openssl")
SECONDS: Final = 2400
DEPTH: Final = "full" if os.environ.get("CAUSEWAY_DEPTH") == "full" else "reduced"


def missing() -> str | None:
    """Return what this machine lacks, None when it has everything."""
    if os.name != "posix" or not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "needs Linux and root, to make namespaces"
    if absent := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"needs {', '.join(absent)}"
    if not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return "needs Postgres (Debian's package postgresql) in place of its container"
    bridge = "ip link add causeway0 type bridge && mount -t tmpfs tmpfs /opt"
    tried = subprocess.run(
        [*NAMESPACES, "sh", "-c", bridge], capture_output=True, text=True, check=False
    )
    return f"cannot make namespaces here: {tried.stderr.strip()}" if tried.returncode else None


@pytest.fixture
def secrets() -> Iterator[Path]:
    """The files that the command of the page makes, in a folder that other users may enter."""
    folder = Path(tempfile.mkdtemp(prefix="causeway-compose-"))
    folder.chmod(0o755)
    page = (ROOT / "docs" / "containers.md").read_text()
    (command,) = re.findall(r"```sh\n(\(\n.*?\n\))\n```", page, re.DOTALL)
    subprocess.run(["sh", "-euc", command], cwd=folder, check=True)
    try:
        yield folder / "secrets"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_page_makes_every_secret_readable_for_the_containers_alone(secrets: Path) -> None:
    assert {path.name for path in secrets.iterdir()} == secret_files().keys()
    assert secrets.stat().st_mode & 0o077 == 0
    for path in secrets.iterdir():
        assert path.stat().st_mode & 0o004
        assert not path.read_text().endswith("\n")
    people = json.loads((secrets / "airflow_passwords").read_text())
    users = services({}, set())["airflow-scheduler"].environment[
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
    ]
    assert people.keys() == {user.partition(":")[0] for user in users.split(",")}


@pytest.mark.scheduler
@pytest.mark.timeout(SECONDS + 60)
def test_a_lifecycle_runs_on_what_the_file_says(secrets: Path) -> None:
    if reason := missing():
        pytest.skip(reason)
    folder = secrets.parent
    log = folder / "run.log"
    with log.open("w") as output:
        run = subprocess.Popen(
            [*NAMESPACES, sys.executable, "-m", "tests.compose.run", folder, secrets, DEPTH],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}:{ROOT}"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    leftovers.note_process("compose", run.pid)
    try:
        code = run.wait(SECONDS)
    finally:
        run.terminate()  # and with it every process of its namespaces
    assert code == 0, log.read_text()
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    if DEPTH == "full":
        assert result["played"]["prediction"]["record_id"]
    else:
        assert result["played"] == {"dag_id": "platform__accounts", "state": "success"}
    ended = {"accounts", "airflow-init"}
    assert result["services"] == {
        name: "0" if name in ended else "healthy" for name in services({}, {"local"})
    }
