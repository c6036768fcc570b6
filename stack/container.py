"""One service in the foreground, for docker-compose.yaml: `python -m stack.container NAME`.

What differs between containers is in their environment: `AIRFLOW__*` overrides what the stack sets
for one machine, and secrets come from files that `AIRFLOW__*_CMD` reads. With a local topology the
service `accounts` sets up the accounts of the local AWS; with a real one somebody has done that
before (docs/real-accounts.md).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

from causeway.topology.accounts import Topology, load_topology
from causeway_deploy.bootstrapping import bootstrap
from causeway_deploy.connecting import door_environment
from causeway_deploy.connecting import environment as connections
from stack import layout, settings
from stack.processes import HOST, StackError
from stack.up import AIRFLOW_COMPONENTS, administrators, mlflow_command, mlflow_environment
from stack.users import make_users

AIRFLOW_PORT, MLFLOW_PORT = 8080, 5000
AWS_DESCRIPTION = layout.STATE / "localaws" / "localaws.json"
#: Which local AWS the accounts were set up in; another process of it has another description.
ACCOUNTS_OF = layout.PEOPLE_HOME / "accounts.sha256"
SECRETS = Path("/run/secrets")
#: Variables of a container that its service gets as they are.
PASSED_ON = ("AIRFLOW__", "AIRFLOW_CONN_", "AWS_", "CAUSEWAY_", "MLFLOW_")
PYTHON = (sys.executable, "-m")


def main(name: str) -> None:
    """Replace this process with the service; StackError for an unknown name."""
    if name == "accounts":
        set_up_accounts()
    elif name == "mlflow":
        host = os.environ.get("MLFLOW_HOST", HOST)
        command = mlflow_command(MLFLOW_PORT, SECRETS / "mlflow_passwords", host)
        _become(command, mlflow_environment() | _own())
    elif name == "migrate":
        _become([*PYTHON, "airflow", "db", "migrate"], airflow_environment())
    elif name == "api-server":
        _become([*PYTHON, "airflow", "api-server"], airflow_environment() | _of_api_server())
    elif name in AIRFLOW_COMPONENTS:
        _become([*PYTHON, *AIRFLOW_COMPONENTS[name]], airflow_environment())
    else:
        raise StackError(f"no service {name!r}")


def set_up_accounts() -> None:
    """Make the users of the local AWS, deploy its stacks and write the AWS files; once."""
    text = AWS_DESCRIPTION.read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    if ACCOUNTS_OF.exists() and ACCOUNTS_OF.read_text() == digest:
        return
    description, topology = json.loads(text), load_topology(layout.TOPOLOGY)
    users = make_users(description, topology)
    bootstrap(topology, administrators(description))
    settings.write_aws_files(description, topology, users)
    layout.private(ACCOUNTS_OF, digest)


def airflow_environment() -> dict[str, str]:
    """Return the environment of Airflow's components in a container."""
    topology = _topology()
    local_aws = os.environ.get("CAUSEWAY_LOCAL_AWS", "")
    keys = {"api": "", "jwt": "", "fernet": ""}  # they come from files, by commands of Airflow's
    keys["mlflow"] = _secret("mlflow_password")
    environment = settings.airflow(topology, local_aws, "", AIRFLOW_PORT, {}, keys)
    if not topology.local:
        environment = _of_real_accounts(environment, topology)
    own = _own()
    environment |= own
    for name in own:
        if name.endswith("_CMD"):  # a value would take precedence over the command
            environment.pop(name.removesuffix("_CMD"), None)
    return environment


def _topology() -> Topology:
    return load_topology(Path(os.environ.get("CAUSEWAY_TOPOLOGY", layout.TOPOLOGY)))


def _of_api_server() -> dict[str, str]:
    """Return what the API server alone has: a home, the log-ins and their key, the door.

    Airflow runs what lies in its home (`config/airflow_local_settings.py`), and tasks write to
    theirs. A container that begins anew has another key, and everybody signs in again.
    """
    topology, home = _topology(), Path(tempfile.mkdtemp(prefix="api-server-"))
    own = settings.api_server(topology)
    if topology.airflow.door and not (layout.DOOR_HOME / "config").exists():
        for name in settings.aws_files(layout.DOOR_HOME):  # it is the door by what it runs as
            own.pop(name)
        own |= door_environment(topology)
    passwords = home / "passwords.json"
    # Airflow's simple auth manager opens the file for writing, so that it cannot be the secret.
    layout.private(passwords, _secret("airflow_passwords") or "{}")
    return own | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }


def _of_real_accounts(environment: dict[str, str], topology: Topology) -> dict[str, str]:
    """Leave out what directs clients to the local AWS; use AWS files only where there are any."""
    for name in (*settings.aws(""), "CAUSEWAY_PATIENCE_SECONDS"):
        environment.pop(name)
    profile = None
    if (layout.AWS_HOME / "config").exists():
        profile = settings.AIRFLOW_PROFILE
        environment |= settings.aws_files(layout.AWS_HOME)
    return environment | connections(topology, profile)


def _own() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}


def _secret(name: str) -> str:
    """Return a secret of the container, nothing where it has none of that name."""
    path = SECRETS / name
    return path.read_text() if path.exists() else ""


def _become(command: list[str], environment: dict[str, str]) -> None:
    os.umask(layout.UMASK)
    os.execve(command[0], command, environment)  # noqa: S606 - our own argument list


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
