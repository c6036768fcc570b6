"""Starts the stack: the local AWS with its accounts set up, an MLflow server and Airflow."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import boto3

from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology, load_topology
from causeway.use_cases.files import load_use_cases
from causeway_deploy.bootstrapping import bootstrap
from causeway_deploy.clients import Clients
from stack import layout, metadata, postgres, settings
from stack.processes import (
    HOST,
    Component,
    StackError,
    alive,
    components,
    free_port,
    start,
    stop_all,
    tail,
    wait_for_url,
)
from stack.users import Keys, approver_roles, make_users

#: Seconds of what takes minutes on AWS: long enough to be waited for.
DELAYS: Final = {"offline": 1, "deletion": 1}
Say = Callable[[str], None]
MLFLOW_SECONDS = AIRFLOW_SECONDS = 120.0
# Logs are read from disk: the log servers of scheduler and triggerer would bind every interface.
AIRFLOW_COMPONENTS = {  # what follows `python -m`
    "scheduler": ("stack.scheduler", "--skip-serve-logs"),
    "dag-processor": ("airflow", "dag-processor"),
    "triggerer": ("airflow", "triggerer", "--skip-serve-logs"),
}


def running() -> dict[str, Any] | None:
    """Return `.causeway/local.json` when the stack it describes still runs, else None."""
    started = components()
    if not started or not all(alive(component) for component in started):
        return None
    try:
        local: dict[str, Any] = json.loads(layout.LOCAL.read_text())
    except FileNotFoundError:
        return None
    return local


def up(say: Say) -> dict[str, Any]:
    """Start everything on free ports and return what `.causeway/local.json` says.

    Raises StackError, with nothing left running, when a component does not come up.
    """
    down(say, quiet=True)
    try:
        return _start(say)
    except BaseException:
        stop_all()
        postgres.clear()
        raise


def down(say: Say, *, quiet: bool = False) -> None:
    """Stop what was started and clear the local state, because it describes what ran in memory."""
    if components() and not quiet:
        say("stopping the stack")
    stop_all()
    postgres.clear()
    layout.LOCAL.unlink(missing_ok=True)
    for path in (
        layout.AIRFLOW_HOME,
        layout.MLFLOW_HOME,
        layout.AWS_HOME,
        layout.DOOR_HOME,
        layout.PEOPLE_HOME,
        *(() if quiet else (layout.INBOX,)),  # a file may be there for the stack that starts
        layout.LOGS,
    ):
        shutil.rmtree(path, ignore_errors=True)


def _start(say: Say) -> dict[str, Any]:
    topology = load_topology(layout.TOPOLOGY)
    layout.private_folder(layout.STATE)
    users, keys = settings.log_ins(topology), settings.new_keys()
    settings.write_passwords(users, keys)
    with ThreadPoolExecutor(5) as pool:
        database = pool.submit(metadata.start)
        mlflow = pool.submit(_start_mlflow)
        aws = pool.submit(_start_aws)
        description = aws.result()
        aws_users = make_users(description, topology)
        settings.write_aws_files(description, topology, aws_users)
        cases = load_use_cases(layout.USE_CASES)
        clients = administrators(description)
        accounts = pool.submit(bootstrap, topology, clients, use_cases=cases)
        say(f"local AWS    {description['endpoint']}  ({len(description['accounts'])} accounts)")
        port = free_port(8080)
        mlflow_component, mlflow_url = mlflow.result()
        store = database.result()
        say(f"metadata     {store.words}")
        environment = settings.airflow(
            topology, description["endpoint"], mlflow_url, port, users, keys, store.url
        )
        door = settings.door(topology)
        airflow = pool.submit(_start_airflow, environment, door, port, store)
        wait_for_url(mlflow_component, f"{mlflow_url}/health", MLFLOW_SECONDS)
        say(f"MLflow       {mlflow_url}")
        airflow_url = airflow.result()
        accounts.result()
    say(f"Airflow      {airflow_url}")
    local = description | {
        "people": people(topology, aws_users),
        "airflow": {"url": airflow_url, "users": users, "metadata": store.words},
        "mlflow": {"url": mlflow_url},
    }
    layout.private(layout.LOCAL, json.dumps(local, indent=2))
    return local


def people(topology: Topology, users: dict[str, Keys]) -> dict[str, dict[str, Any]]:
    """Return how each person takes on approver roles: with which key and source identity."""
    return {
        name: users[name]
        | {"roles": approver_roles(topology, name), "source_identity": person.source_identity}
        for name, person in topology.people.items()
        if name in users
    }


def administrators(description: dict[str, Any]) -> Clients:
    """Return the administrators' clients of the accounts that the local AWS describes.

    They share one session, which reads each service's model once; it makes one client at a time.
    """
    session, lock = boto3.Session(region_name=description["region"]), threading.Lock()

    def client(role: AccountRole, service: str) -> Any:
        keys = description["accounts"][role.value]
        make: Any = session.client  # which service is known at run time only
        with lock:
            return make(
                service,
                endpoint_url=description["endpoint"],
                aws_access_key_id=keys["access_key_id"],
                aws_secret_access_key=keys["secret_access_key"],
            )

    return client


def aws_command(description: Path) -> list[str]:
    """Return the command of the local AWS, which describes itself in a file when it is up."""
    topology = ("--topology", str(layout.TOPOLOGY))
    command = [sys.executable, "-m", "localaws", *topology, "--describe", str(description)]
    return [*command, *(f"--{name}-delay={seconds}" for name, seconds in DELAYS.items())]


def mlflow_command(port: int, passwords: Path, host: str = HOST) -> list[str]:
    """Return the command of the MLflow server; `passwords` is the file of its log-ins."""
    return [
        *(sys.executable, "-m", "stack.tracking_server", "--host", host, "--port", str(port)),
        *("--home", str(layout.MLFLOW_HOME), "--passwords", str(passwords)),
    ]


def mlflow_environment() -> dict[str, str]:
    """Return the environment of the MLflow server."""
    return settings.base() | {
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_urlsafe(32),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # seven processes that nothing here uses
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def _start_aws() -> dict[str, Any]:
    path = layout.STATE / "localaws.json"
    path.unlink(missing_ok=True)
    options = ["--port", str(free_port(4566))]
    if os.environ.get("CAUSEWAY_AWS_CONTROL"):  # for tests that inject faults
        options.append("--control")
    component = start("localaws", [*aws_command(path), *options], settings.base())
    until = time.monotonic() + 60
    while not path.exists():
        if not alive(component) or time.monotonic() > until:
            raise StackError(f"the local AWS did not start\n{tail('localaws')}")
        time.sleep(0.05)
    description: dict[str, Any] = json.loads(path.read_text())
    path.unlink()
    return description


def _start_mlflow() -> tuple[Component, str]:
    port = free_port(5000)
    command = mlflow_command(port, settings.mlflow_passwords())
    component = start("mlflow", command, mlflow_environment())
    return component, f"http://{HOST}:{port}"


def _start_airflow(
    environment: dict[str, str], door: dict[str, str], port: int, store: metadata.Metadata
) -> str:
    metadata.migrate(store, environment)
    python = [sys.executable, "-m"]
    server = start("api-server", [*python, "airflow", "api-server"], environment | door)
    for name, arguments in AIRFLOW_COMPONENTS.items():
        start(name, [*python, *arguments], environment)
    url = f"http://{HOST}:{port}"
    wait_for_url(server, f"{url}/api/v2/version", AIRFLOW_SECONDS)
    # The API that tasks speak to builds its versions at the first call, for longer than a task
    # waits for an answer (airflow 3.3.2).
    wait_for_url(server, f"{url}/execution/health", AIRFLOW_SECONDS)
    return url
