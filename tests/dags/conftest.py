"""A local AWS, an Airflow database and processes that run DAGs through `dag.test()`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from causeway.accounts import load_topology
from stack import layout, settings
from stack.processes import free_port

RUNNER = Path(__file__).with_name("runner.py")


@dataclass
class Runner:
    """A process that runs DAGs one after the other."""

    process: subprocess.Popen[str]
    answers: Any
    log: Path

    def start(self, dag_id: str, conf: dict[str, Any] | None = None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"dag_id": dag_id, "conf": conf}) + "\n")
        self.process.stdin.flush()

    def result(self) -> dict[str, Any]:
        line = self.answers.readline()
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
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Platform:
    """A local AWS with an Airflow beside it."""

    endpoint: str
    accounts: dict[str, dict[str, str]]
    environment: dict[str, str]
    folder: Path
    runners: list[Runner] = field(default_factory=list)

    def runner(self) -> Runner:
        """Start a process that runs DAGs."""
        reader, writer = os.pipe()
        log = self.folder / f"runner-{len(self.runners)}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, str(RUNNER), str(writer)],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=(writer,),
                text=True,
            )
        os.close(writer)
        self.runners.append(Runner(process, os.fdopen(reader), log))
        return self.runners[-1]

    def client(self, service: str, role: str) -> Any:
        """Return a client that signs as the administrator of an account role."""
        keys = self.accounts[role]
        return boto3.client(
            service,
            region_name="eu-central-1",
            endpoint_url=self.endpoint,
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
        )

    def person(self, name: str) -> Any:
        """Return a SageMaker client of the registry's account for a person who decides."""
        keys = self.client("sts", "shared_services").assume_role(
            RoleArn=f"arn:aws:iam::{self.accounts['shared_services']['id']}:role/causeway-approver",
            RoleSessionName="somebody",
            SourceIdentity=name,
        )["Credentials"]
        return boto3.client(
            "sagemaker",
            region_name="eu-central-1",
            endpoint_url=self.endpoint,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Start a local AWS and set up an Airflow database; both end with the session."""
    folder = tmp_path_factory.mktemp("platform")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATE", "AIRFLOW_HOME", "AWS_HOME"):
            patch.setattr(layout, name, folder / name.lower())
        description, log = folder / "localaws.json", folder / "localaws.log"
        with log.open("w") as out:
            server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "localaws", "--control"),
                    *("--topology", str(layout.TOPOLOGY), "--describe", str(description)),
                    *("--port", str(free_port(14566))),
                ],
                env=settings.base(),
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        started = Platform("", {}, {}, folder)
        try:
            deadline = time.monotonic() + 60
            while not description.exists():
                assert server.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            described = json.loads(description.read_text())
            topology = load_topology(layout.TOPOLOGY)
            settings.write_aws_files(described, topology)
            environment = settings.airflow(
                topology,
                described["endpoint"],
                f"sqlite:///{folder / 'mlflow.db'}",
                free_port(18080),
                {},
                settings.new_keys(),
            )
            environment["CAUSEWAY_POLL_SECONDS"] = "0.2"
            environment["_MLFLOW_SERVER_ARTIFACT_ROOT"] = str(folder / "mlartifacts")
            airflow = shutil.which("airflow", path=str(Path(sys.executable).parent))
            assert airflow is not None
            migrated = subprocess.run(
                [airflow, "db", "migrate"], env=environment, capture_output=True, text=True
            )
            assert migrated.returncode == 0, migrated.stdout + migrated.stderr
            started = Platform(described["endpoint"], described["accounts"], environment, folder)
            yield started
        finally:
            for runner in started.runners:
                runner.stop()
            server.terminate()
            server.wait(20)


@pytest.fixture(scope="session")
def airflow(platform: Platform) -> Runner:
    """The process that runs DAGs for the tests of this folder."""
    return platform.runner()
