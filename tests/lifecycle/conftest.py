"""An Airflow database beside a local AWS, and processes that run DAGs through `dag.test()`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.local_platform import LocalPlatform, local_platform

RUNNER = Path(__file__).with_name("runner.py")


@dataclass
class Runner:
    """A process that runs DAGs one after the other."""

    process: subprocess.Popen[str]
    answers: Any
    log: Path
    busy: bool = False

    def start(self, dag_id: str, conf: dict[str, Any] | None = None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"dag_id": dag_id, "conf": conf}) + "\n")
        self.process.stdin.flush()
        self.busy = True

    def result(self) -> dict[str, Any]:
        line = self.answers.readline()
        self.busy = False
        assert line, f"the runner died:\n{self.log.read_text()[-4000:]}"
        found: dict[str, Any] = json.loads(line)
        return found

    def run(self, dag_id: str, conf: dict[str, Any] | None = None) -> dict[str, Any]:
        self.start(dag_id, conf)
        return self.result()

    def succeed(self, dag_id: str, conf: dict[str, Any] | None = None) -> dict[str, Any]:
        found = self.run(dag_id, conf)
        assert found["state"] == "success", f"{found}\n{self.log.read_text()[-6000:]}"
        return found

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        if self.busy:  # with a DAG whose end nobody waits for
            self.process.kill()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.answers.close()


@dataclass
class Runners:
    """The processes that run DAGs in one environment."""

    platform: LocalPlatform
    started: list[Runner] = field(default_factory=list)

    def add(self) -> Runner:
        """Start another process."""
        reader, writer = os.pipe()
        log = self.platform.folder / f"runner-{len(self.started)}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, str(RUNNER), str(writer)],
                env=self.platform.environment,
                cwd=self.platform.folder,  # MLflow keeps files beside its process
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=(writer,),
                text=True,
            )
        os.close(writer)
        self.started.append(Runner(process, os.fdopen(reader), log))
        return self.started[-1]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """A local AWS and an Airflow database."""
    with local_platform(tmp_path_factory.mktemp("dags")) as found:
        airflow = shutil.which("airflow", path=str(Path(sys.executable).parent))
        assert airflow is not None
        migrated = subprocess.run(
            [airflow, "db", "migrate"], env=found.environment, capture_output=True, text=True
        )
        assert migrated.returncode == 0, migrated.stdout + migrated.stderr
        yield found


@pytest.fixture(scope="session")
def runners(platform: LocalPlatform) -> Iterator[Runners]:
    """Processes that run DAGs; they end with the session."""
    found = Runners(platform)
    yield found
    for runner in found.started:
        runner.stop()


@pytest.fixture(scope="session")
def airflow(runners: Runners) -> Runner:
    """The process that runs most of the DAGs."""
    return runners.add()
