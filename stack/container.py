"""One component in the foreground, for docker-compose.yaml: `python -m stack.container NAME`.

The components share the volume `.causeway`: the local AWS describes itself there, and the first of
Airflow's components writes the secrets that all of them need.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from causeway.topology.accounts import Topology, load_topology
from causeway_deploy.bootstrapping import bootstrap
from stack import layout, settings
from stack.processes import HOST, StackError
from stack.up import (
    AIRFLOW_COMPONENTS,
    administrators,
    aws_command,
    mlflow_command,
    mlflow_environment,
)
from stack.users import make_users

AIRFLOW_PORT, MLFLOW_PORT, AWS_PORT = 8080, 5000, 4566
AWS_DESCRIPTION = layout.STATE / "localaws.json"
SECRETS = layout.STATE / "secrets.json"
WAIT_SECONDS = 120.0


def main(name: str) -> None:
    """Replace this process with the component; StackError for an unknown name."""
    if name == "localaws":
        AWS_DESCRIPTION.unlink(missing_ok=True)
        _become([*aws_command(AWS_DESCRIPTION), "--port", str(AWS_PORT)], settings.base())
    elif name == "mlflow":
        _become(mlflow_command(MLFLOW_PORT), mlflow_environment())
    elif name == "migrate":
        _become([sys.executable, "-m", "airflow", "db", "migrate"], _airflow())
    elif name == "api-server":
        _become([sys.executable, "-m", "airflow", "api-server"], _airflow())
    elif name in AIRFLOW_COMPONENTS:
        _become([sys.executable, "-m", *AIRFLOW_COMPONENTS[name]], _airflow())
    else:
        raise StackError(f"no component {name!r}")


def _airflow() -> dict[str, str]:
    topology = load_topology(layout.TOPOLOGY)
    description = _wait_for_aws()
    shared = _shared_secrets(description, topology)
    settings.write_aws_files(description, topology, shared["aws_users"])
    environment = settings.airflow(
        topology,
        description["endpoint"],
        f"http://{HOST}:{MLFLOW_PORT}",
        AIRFLOW_PORT,
        shared["users"],
        shared["keys"],
    )
    own = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW__")}
    return environment | own


def _shared_secrets(description: dict[str, Any], topology: Topology) -> dict[str, Any]:
    if not SECRETS.exists():  # `migrate` runs alone, before the other components of Airflow
        aws_users = make_users(description, topology)
        bootstrap(topology, administrators(description))
        document = {
            "users": settings.write_passwords(),
            "keys": settings.new_keys(),
            "aws_users": aws_users,
        }
        layout.private(SECRETS, json.dumps(document))
    secrets: dict[str, Any] = json.loads(SECRETS.read_text())
    return secrets


def _wait_for_aws() -> dict[str, Any]:
    until = time.monotonic() + WAIT_SECONDS
    while not AWS_DESCRIPTION.exists():
        if time.monotonic() > until:
            raise StackError("the local AWS did not describe itself in time")
        time.sleep(0.5)
    description: dict[str, Any] = json.loads(AWS_DESCRIPTION.read_text())
    return description


def _become(command: list[str], environment: dict[str, str]) -> None:
    os.execve(command[0], command, environment)  # noqa: S606 - our own argument list


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
