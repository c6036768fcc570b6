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
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import boto3

from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.use_cases.files import first_line, readable_use_cases
from causeway.use_cases.use_case import UseCase
from causeway_deploy.bootstrapping import bootstrap
from causeway_deploy.clients import Clients
from stack import layout, lock, logs, metadata, postgres, settings
from stack.local_topology import local_topology
from stack.processes import (
    AWS,
    HOST,
    WATCHER,
    Component,
    Program,
    StackError,
    alive,
    components,
    free_port,
    start,
    stop_all,
    tail,
    wait_for_url,
)
from stack.running import read_from, running
from stack.users import Keys, approver_roles, make_users

#: Seconds of what takes minutes on AWS: long enough to be waited for.
DELAYS: Final = {"offline": 1, "deletion": 1}
Say = Callable[[str], None]
DOWN_SECONDS = 30.0  # how long a stop waits for a start or a stop that is at work
MLFLOW_SECONDS = AIRFLOW_SECONDS = 120.0
# Logs are read from disk: the log servers of scheduler and triggerer would bind every interface.
AIRFLOW_COMPONENTS = {  # what follows `python -m`
    "scheduler": ("stack.scheduler", "--skip-serve-logs"),
    "dag-processor": ("airflow", "dag-processor"),
    "triggerer": ("airflow", "triggerer", "--skip-serve-logs"),
}


def up(say: Say, command: str = "up") -> dict[str, Any]:
    """Start everything on free ports and return what `.causeway/local.json` says.

    What runs already is left as it is.

    Raises:
        StackError: a component did not come up (nothing is left running then, and the logs are
            kept), somebody else is at work here, or a stack lost its local AWS.
    """
    with lock.exclusive(lock.CHANGE, command):
        local = running()
        if local is not None:
            say("it runs already: nothing was started or changed")
            if demo := lock.holder(lock.DEMO):
                say(f"{demo} started it, and stops it at its end")
            if ended := [each.name for each in components() if not alive(each)]:
                say(f"{', '.join(ended)} ended: `make status`")
            return local
        _clear()
        try:
            return _start(say)
        except BaseException:
            if folder := _clear(keep_logs=True):
                say(f"the logs are kept in {folder}")
            raise


def down(say: Say, command: str = "down", *, keep_logs: bool = False) -> None:
    """Stop what was started and clear the local state, because it describes what ran in memory."""
    with lock.exclusive(lock.CHANGE, command, DOWN_SECONDS):
        if components():
            say("stopping the stack")
        if folder := _clear(keep_logs=keep_logs):
            say(f"the logs are kept in {folder}")
        if command == "down":  # at a start a file may be there for the stack that starts
            shutil.rmtree(layout.INBOX, ignore_errors=True)


def _clear(*, keep_logs: bool = False) -> str | None:
    """Stop what runs and delete its state; return where its logs were kept."""
    stop_all()
    postgres.clear()
    folder = logs.keep() if keep_logs else None
    layout.LOCAL.unlink(missing_ok=True)
    layout.NOTES.unlink(missing_ok=True)
    for path in (
        layout.AIRFLOW_HOME,
        layout.MLFLOW_HOME,
        layout.AWS_HOME,
        layout.DOOR_HOME,
        layout.PEOPLE_HOME,
        layout.LOGS,
    ):
        shutil.rmtree(path, ignore_errors=True)
    return folder


def _start(say: Say) -> dict[str, Any]:
    given_up = threading.Event()
    with ThreadPoolExecutor(5) as pool:
        try:
            return _start_in(pool, given_up, say)
        except BaseException:
            given_up.set()
            stop_all()  # what the pool's threads wait for has ended then
            raise


def use_cases(topology: Topology, say: Say) -> tuple[tuple[UseCase, ...], Path]:
    """Return the use cases of the stack and their folder.

    One that breaks its rules is said and left out, so that it is in nobody's way: Airflow then gets
    a folder of links to the others.

    Raises:
        ConfigError: none is left.
    """
    cases, faults = readable_use_cases(layout.USE_CASES, topology)
    if not faults:
        return cases, layout.USE_CASES
    if not cases:
        raise faults[0]
    for fault in faults:
        say(f"left out until it is mended and the stack started anew: {first_line(fault)}")
    folder = layout.private_folder(layout.STATE / "use_cases")
    for earlier in folder.iterdir():
        earlier.unlink()
    for case in cases:
        link = folder / f"{case.id}.yaml"
        link.symlink_to((layout.USE_CASES / link.name).resolve())
    return cases, folder


def _start_in(pool: ThreadPoolExecutor, given_up: threading.Event, say: Say) -> dict[str, Any]:
    topology = local_topology()
    layout.private_folder(layout.STATE)
    users, keys = settings.log_ins(topology), settings.new_keys()
    settings.write_passwords(users, keys)
    database = pool.submit(metadata.start)
    mlflow = pool.submit(_start_mlflow)
    aws = pool.submit(_start_aws)
    description = aws.result()
    aws_users = make_users(description, topology)
    settings.write_aws_files(description, topology, aws_users)
    cases, folder = use_cases(topology, say)
    clients = administrators(description)
    accounts = pool.submit(bootstrap, topology, clients, use_cases=cases)
    say(f"local AWS    {description['endpoint']}  ({len(description['accounts'])} accounts)")
    port = free_port(8080)
    mlflow_program, mlflow_component, mlflow_url = mlflow.result()
    store = database.result()
    say(f"metadata     {store.words}")
    environment = settings.airflow(
        topology, description["endpoint"], mlflow_url, port, users, keys, store.url
    )
    environment["CAUSEWAY_USE_CASES"] = str(folder)
    own = settings.api_server(topology)
    airflow = pool.submit(_start_airflow, environment, own, port, store, given_up)
    wait_for_url(mlflow_component, f"{mlflow_url}/health", MLFLOW_SECONDS)
    say(f"MLflow       {mlflow_url}")
    airflow_programs, airflow_url = airflow.result()
    accounts.result()
    server = [store.server.program] if store.server else []
    _start_watcher([*server, mlflow_program, *airflow_programs])
    say(f"Airflow      {airflow_url}")
    local = description | {
        "people": people(topology, aws_users),
        "airflow": {"url": airflow_url, "users": users, "metadata": store.words},
        "mlflow": {"url": mlflow_url},
        "read_from": read_from(),
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
    program = Program(AWS, [*aws_command(path), *options], settings.base())
    component = start(program)
    until = time.monotonic() + 60
    while not path.exists():
        if not alive(component) or time.monotonic() > until:
            raise StackError(f"the local AWS did not start\n{tail(AWS)}")
        time.sleep(0.05)
    description: dict[str, Any] = json.loads(path.read_text())
    path.unlink()
    return description


def _start_mlflow() -> tuple[Program, Component, str]:
    port = free_port(5000)
    command = mlflow_command(port, settings.mlflow_passwords())
    program = Program("mlflow", command, mlflow_environment())
    return program, start(program), f"http://{HOST}:{port}"


def _start_airflow(
    environment: dict[str, str],
    of_api_server: dict[str, str],
    port: int,
    store: metadata.Metadata,
    given_up: threading.Event,
) -> tuple[list[Program], str]:
    metadata.migrate(store, environment)
    if given_up.is_set():
        raise StackError("the start was given up")
    python = [sys.executable, "-m"]
    programs = [
        Program("api-server", [*python, "airflow", "api-server"], environment | of_api_server),
        *(
            Program(name, [*python, *rest], environment)
            for name, rest in AIRFLOW_COMPONENTS.items()
        ),
    ]
    server, *_ = [start(program) for program in programs]
    url = f"http://{HOST}:{port}"
    wait_for_url(server, f"{url}/api/v2/version", AIRFLOW_SECONDS)
    # The API that tasks speak to builds its versions at the first call, for longer than a task
    # waits for an answer (airflow 3.3.2).
    wait_for_url(server, f"{url}/execution/health", AIRFLOW_SECONDS)
    return programs, url


def _start_watcher(programs: list[Program]) -> None:
    environment = settings.base() | {"CAUSEWAY_STATE": str(layout.STATE)}
    watcher = Program(WATCHER, [sys.executable, "-m", "stack.watcher"], environment)
    start(watcher, text=json.dumps([asdict(program) for program in programs]))
