"""Runs docker-compose.yaml natively: every service by its own lines, then a lifecycle on them.

`python -m tests.compose.run FOLDER SECRETS DEPTH` is the first process of namespaces that
`tests/e2e/test_compose.py` makes for it, so that nothing outlives it. It writes `result.json`.
DEPTH `full` takes a model to production; `reduced` ends after the DAG of the accounts, which has by
then gone through API, scheduler, DAG processor, database and local AWS.
"""

from __future__ import annotations

import configparser
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from causeway.topology.accounts import load_topology
from causeway.use_cases.files import use_case
from stack import layout
from stack.airflow_api import FINISHED
from stack.demo import Demo
from stack.show import Progress
from stack.up import people
from tests.compose.containers import Container, Network, start
from tests.compose.file import dependencies, secret_files, services
from tests.compose.image import images

START_SECONDS = 600.0


def main(folder: Path, secrets: Path, depth: str) -> None:
    """Start the services and use them through their published ports."""
    ordered, stages = services({}, {"local"}), images()
    files = {name: secrets / path.name for name, path in secret_files().items()}
    network = Network(folder, list(ordered))
    containers: dict[str, Container] = {}
    for name, service in ordered.items():
        for other, condition in dependencies(service, set(ordered)).items():
            wait(containers[other], condition)
        image = stages[service.stage] if service.stage else None
        containers[name] = start(service, image, network, folder, files)
        print(f"{name} started", flush=True)  # noqa: T201
        for address, port, inside in service.ports:
            publish(address, port, containers[name].address, inside)
    for name, container in containers.items():
        if "healthcheck" in container.service.document:
            wait(container, "service_healthy")
            print(f"{name} is healthy", flush=True)  # noqa: T201
    console = Console(highlight=False, width=160)
    local = as_the_stack_says(folder, files)
    demo = Demo(local, Progress(console), use_case("credit_risk"), None, None)
    demo.airflow.wait_until_parsed(demo.dags, START_SECONDS)
    played = demo.play() if depth == "full" else accounts(demo)
    result: dict[str, Any] = {"played": played, "services": states(containers)}
    (folder / "result.json").write_text(json.dumps(result, default=str))


def accounts(demo: Demo) -> dict[str, Any]:
    """Run the DAG of the accounts and return how it ended."""
    run = demo.administrator.trigger("platform__accounts")
    until = time.monotonic() + START_SECONDS
    while run.state not in FINISHED:
        assert time.monotonic() < until, (
            f"{run.dag_id} did not end: {demo.administrator.tasks(run)}"
        )
        time.sleep(1)
        run = demo.administrator.run(run.dag_id, run.run_id) or run
    assert run.state == "success", demo.administrator.failure(run)
    return {"dag_id": run.dag_id, "state": run.state}


def wait(container: Container, condition: str) -> None:
    """Return when a service is as another one needs it; AssertionError with its log when not."""
    name, until = container.service.name, time.monotonic() + START_SECONDS
    while True:
        code = container.process.poll()
        if condition == "service_completed_successfully":
            if code == 0:
                return
            assert code is None, f"{name} failed\n{tail(container)}"
        else:
            assert code is None, f"{name} ended\n{tail(container)}"
            if condition == "service_started" or container.healthy():
                return
        assert time.monotonic() < until, f"{name}: not {condition} in time\n{tail(container)}"
        time.sleep(0.5)


def tail(container: Container) -> str:
    """Return the end of a service's log."""
    return "\n".join(container.log.read_text(errors="replace").splitlines()[-40:])


def states(containers: dict[str, Container]) -> dict[str, str]:
    """Return how each service is: `healthy`, `unhealthy`, or the exit code of one that ended."""
    return {
        name: str(code)
        if (code := container.process.poll()) is not None
        else ("healthy" if container.healthy() else "unhealthy")
        for name, container in containers.items()
    }


def publish(address: str, port: int, to: str, inside: int) -> None:
    """Carry connections to a port of this network namespace over to a service."""
    server = socket.create_server((address, port))

    def carry(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            target.close()

    def accept() -> None:
        while True:
            client, _ = server.accept()
            try:
                service = socket.create_connection((to, inside))
            except OSError:
                client.close()
                continue
            for pair in ((client, service), (service, client)):
                threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def as_the_stack_says(folder: Path, secrets: dict[str, Path]) -> dict[str, Any]:
    """Return what `make up` writes down: addresses, keys and log-ins, from volumes and secrets."""
    volumes = folder / "volumes"
    description = json.loads((volumes / "localaws" / "localaws.json").read_text())
    profiles = configparser.ConfigParser()
    profiles.read(volumes / "people" / "credentials")
    users = {
        name: {
            "access_key_id": profiles[name]["aws_access_key_id"],
            "secret_access_key": profiles[name]["aws_secret_access_key"],
        }
        for name in profiles.sections()
    }
    passwords = json.loads(secrets["airflow_passwords"].read_text())
    return description | {
        "endpoint": "http://127.0.0.1:4566",
        "people": people(load_topology(layout.TOPOLOGY), users),
        "airflow": {
            "url": "http://127.0.0.1:8080",
            "users": {name: {"password": password} for name, password in passwords.items()},
        },
        "mlflow": {"url": "http://127.0.0.1:5000"},
    }


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except (AssertionError, subprocess.CalledProcessError) as problem:
        sys.exit(f"failed: {problem}")
