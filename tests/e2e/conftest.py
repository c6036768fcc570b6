"""The whole stack under the real scheduler, in a state folder of its own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from causeway.topology.arns import ModelPackageArn
from causeway.topology.names import GOVERNANCE_TABLE
from causeway.versions.keys import promotion_key
from stack.airflow_api import FINISHED, Airflow, Run
from stack.person import administrator
from tests import leftovers
from tests.control_route import administrator_keys, control

ROOT = Path(__file__).parents[2]
GROUP = "credit-risk"


@dataclass
class Stack:
    """A running stack, driven through the commands that a person types."""

    state: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def local(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.state / "local.json").read_text())
        return found

    @property
    def demo(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.state / "demo.json").read_text())
        return found

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "stack", *arguments]

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "CAUSEWAY_STATE": str(self.state),
            "CAUSEWAY_ANY_PORT": "1",
            "CAUSEWAY_AWS_CONTROL": "1",
            "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}:{ROOT}",
            **self.variables,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def make(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the documentation; what is installed is left as it is."""
        _, target, *variables = shlex.split(command, comments=True)
        return subprocess.run(
            ["make", "-o", "setup", target, *variables],
            env=self.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def finish(self, dag_id: str, conf: dict[str, Any]) -> Run:
        """Run a DAG under the scheduler and return the run that ended."""
        return self.ended(self.airflow().trigger(dag_id, conf))

    def ended(self, started: Run | None) -> Run:
        """Return a run once it has ended."""
        assert started is not None
        airflow = self.airflow()
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            run = airflow.run(started.dag_id, started.run_id)
            if run is not None and run.state in FINISHED:
                return run
            time.sleep(0.4)
        raise AssertionError(f"{started.dag_id} did not end: {airflow.tasks(started)}")

    def airflow(self) -> Airflow:
        airflow = self.local["airflow"]
        password = airflow["users"]["platform-admin"]["password"]
        return Airflow(airflow["url"], "platform-admin", password)

    def client(self, account_role: str, service: str) -> Any:
        return administrator(self.local, account_role, service)

    def control(self, method: str, document: Any = None) -> dict[str, Any]:
        local = self.local
        signer = administrator_keys(local["accounts"]["governance"])
        return control(local["endpoint"], signer, method, "/faults", document)

    def promotion(self, version: ModelPackageArn) -> str:
        """Return the status of a version's latest promotion."""
        key = {name: {"S": value} for name, value in promotion_key(version).item().items()}
        table = self.client("governance", "dynamodb")
        return str(table.get_item(TableName=GOVERNANCE_TABLE, Key=key)["Item"]["status"]["S"])

    def versions(self) -> list[str]:
        found = self.client("shared_services", "sagemaker").list_model_packages(
            ModelPackageGroupName=GROUP, SortBy="CreationTime", SortOrder="Ascending"
        )
        return [entry["ModelPackageArn"] for entry in found["ModelPackageSummaryList"]]


@contextmanager
def running_stack(state: Path, **variables: str) -> Iterator[Stack]:
    running = Stack(state, variables)
    leftovers.note_stack(running.state)
    started = running.run("up")
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        yield running
    finally:
        running.run("down")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack") / "state") as running:
        yield running
