"""The environment in which Airflow's components run, and all of its settings.

Airflow acts as the role `causeway-airflow` of the governance account and assumes the duty roles
from there. The keys are in AWS config files that only their owner may read, so that no connection,
log or event contains one. A child inherits nothing but a short list of variables.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway_deploy.connecting import door_environment
from causeway_deploy.connecting import environment as connections
from stack import layout, tracking_server
from stack.users import AIRFLOW, DOOR, Keys

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "SSL_CERT_FILE")
AIRFLOW_PROFILE = "causeway-airflow"
#: Log-in -> role (viewer, user, op, admin); causeway_airflow/roles/rules.py says what each may do.
#: docker-compose.yaml has the same.
AIRFLOW_ROLES = {
    "auditor": "viewer",
    "ml-engineer": "user",
    "model-owner": "user",
    "governance-officer": "op",
    "risk-officer": "op",
    "platform-admin": "admin",
}
#: The role of a person of the topology who is not named above.
OF_DECIDERS, OF_OTHERS = "op", "user"
AUTH_MANAGER = "causeway_airflow.roles.auth_manager.RolesAuthManager"


def base() -> dict[str, str]:
    """Return the environment that every component starts from."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment.get('PATH', '')}"
    environment["PYTHONPATH"] = f"{layout.ROOT / 'include'}:{layout.ROOT / 'plugins'}"
    environment["PYTHONUNBUFFERED"] = "1"
    environment["OMP_NUM_THREADS"] = "1"
    return environment


def write_aws_files(
    description: dict[str, Any], topology: Topology, users: dict[str, Keys]
) -> None:
    """Write the AWS config and credentials files: Airflow's, the API server's, those of people.

    Airflow's hold the key of its own user and the profile that takes on its role; the API server's
    have the same profile with the door's key. The people's have
    a profile for each person and for each account's administrator (`<account role>-admin`); no
    process of the stack reads them.
    """
    administrators = {f"{name}-admin": keys for name, keys in description["accounts"].items()}
    for folder, user in ((layout.AWS_HOME, AIRFLOW), (layout.DOOR_HOME, DOOR)):
        if user in users:
            role = _airflow_profile(topology, user)
            _write_profiles(folder, {user: users[user]}, topology.region, role)
    people = {name: keys for name, keys in users.items() if name not in (AIRFLOW, DOOR)}
    _write_profiles(
        layout.PEOPLE_HOME, people | administrators, topology.region, [], description["endpoint"]
    )


def _airflow_profile(topology: Topology, user: str) -> list[str]:
    """Return the profile by which a user takes on Airflow's own role."""
    return [
        f"[profile {AIRFLOW_PROFILE}]",
        f"role_arn = {topology.role_arn(AccountRole.GOVERNANCE, 'airflow')}",
        f"source_profile = {user}",
        "role_session_name = airflow",
        f"region = {topology.region}",
        "",
    ]


def _write_profiles(
    folder: Path, keys: dict[str, Keys], region: str, config: list[str], endpoint: str = ""
) -> None:
    credentials: list[str] = []
    for name, key in keys.items():
        credentials += [
            f"[{name}]",
            f"aws_access_key_id = {key['access_key_id']}",
            f"aws_secret_access_key = {key['secret_access_key']}",
            "",
        ]
        where = [f"endpoint_url = {endpoint}"] if endpoint else []
        config += [f"[profile {name}]", f"region = {region}", *where, ""]
    layout.private(folder / "credentials", "\n".join(credentials))
    layout.private(folder / "config", "\n".join(config))


def aws_files(folder: Path) -> dict[str, str]:
    """Return the variables that name a folder's AWS files."""
    return {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
    }


def api_server(topology: Topology) -> dict[str, str]:
    """Return what the API server alone has: the key of log-ins, and the door with its AWS files."""
    own = {"CAUSEWAY_SIGN_IN_KEY": secrets.token_urlsafe(64)}
    if topology.airflow.door:
        own |= aws_files(layout.DOOR_HOME) | door_environment(topology, DOOR)
    return own


def aws(endpoint: str) -> dict[str, str]:
    """Return the variables that direct AWS clients to the local AWS and its profiles."""
    return {
        **aws_files(layout.AWS_HOME),
        "AWS_ENDPOINT_URL": endpoint,
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": endpoint,  # of managed MLflow, by its plugin
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def log_ins(topology: Topology) -> dict[str, dict[str, str]]:
    """Return the log-ins, with new random passwords: `{log-in: {password, role}}`.

    Every person of the topology has one; who decides on production is an `op`, as the
    governance officer is.
    """
    roles = dict(AIRFLOW_ROLES)
    for person in topology.people.values():
        role = OF_DECIDERS if "production" in person.decides else OF_OTHERS
        roles.setdefault(person.airflow_user, role)
    return {
        log_in: {"password": secrets.token_urlsafe(12), "role": role}
        for log_in, role in roles.items()
    }


def new_keys() -> dict[str, str]:
    """Return new secrets that the components have to share."""
    return {
        "api": secrets.token_urlsafe(32),
        "jwt": secrets.token_urlsafe(64),
        "fernet": Fernet.generate_key().decode(),
        "mlflow": secrets.token_urlsafe(32),  # the password of Airflow's tasks
    }


def write_passwords(users: dict[str, dict[str, str]], keys: dict[str, str]) -> None:
    """Write the log-ins where Airflow and MLflow read them; people have the same in both."""
    passwords = {person: user["password"] for person, user in users.items()}
    layout.private(layout.AIRFLOW_HOME / "passwords.json", json.dumps(passwords))
    passwords[tracking_server.WRITER] = keys["mlflow"]
    layout.private(mlflow_passwords(), json.dumps(passwords))


def mlflow_passwords() -> Path:
    """Return the file of MLflow's log-ins."""
    return layout.MLFLOW_HOME / "passwords.json"


def sqlite() -> str:
    """Return the URL of a file for Airflow's metadata."""
    return f"sqlite:///{layout.AIRFLOW_HOME / 'airflow.db'}"


def airflow(
    topology: Topology,
    endpoint: str,
    mlflow_url: str,
    port: int,
    users: dict[str, dict[str, str]],
    keys: dict[str, str],
    database: str | None = None,
) -> dict[str, str]:
    """Return the environment of Airflow's components; `database` is where its metadata is."""
    url = f"http://127.0.0.1:{port}"
    settings = {
        "core__dags_folder": layout.DAGS,
        "core__plugins_folder": layout.ROOT / "plugins",
        "core__executor": "LocalExecutor",
        "core__load_examples": False,
        "core__dags_are_paused_at_creation": False,
        "core__parallelism": 4,  # LocalExecutor forks this many workers at once
        "core__execution_api_server_url": f"{url}/execution/",
        "core__auth_manager": AUTH_MANAGER,
        "core__simple_auth_manager_users": ",".join(
            f"{person}:{user['role']}" for person, user in users.items()
        ),
        "core__simple_auth_manager_passwords_file": layout.AIRFLOW_HOME / "passwords.json",
        "core__fernet_key": keys["fernet"],  # connections and variables are stored encrypted
        "database__sql_alchemy_conn": database or sqlite(),
        "logging__base_log_folder": layout.AIRFLOW_HOME / "logs",
        "logging__file_task_handler_new_folder_permissions": "0o700",
        "logging__file_task_handler_new_file_permissions": "0o600",
        "api__host": "127.0.0.1",
        "api__port": port,
        "api__base_url": url,
        "api__workers": 1,
        "api__secret_key": keys["api"],
        "api_auth__jwt_secret": keys["jwt"],  # 64 bytes or Airflow warns
        "scheduler__scheduler_idle_sleep_time": 0.2,  # a task in 0.7 s instead of 1.1 s
        # A scheduler that was started again takes over what the one before it had queued or begun.
        "scheduler__orphaned_tasks_check_interval": 15,
        "scheduler__catchup_by_default": False,
        "dag_processor__refresh_interval": 15,
        "dag_processor__min_file_process_interval": 30,
        "dag_processor__parsing_processes": 1,
        "triggerer__default_capacity": 1000,
        # A supervisor that reads the end of a task's output before the process is gone looks for
        # its end only now, and holds its worker meanwhile (airflow 3.3.2; five seconds otherwise).
        "workers__min_heartbeat_interval": 1,
        "usage_data_collection__enabled": False,
    }
    environment = base() | aws(endpoint) | connections(topology, AIRFLOW_PROFILE)
    environment |= {
        "AIRFLOW_HOME": str(layout.AIRFLOW_HOME),
        "MLFLOW_TRACKING_URI": mlflow_url,
        "MLFLOW_TRACKING_USERNAME": tracking_server.WRITER,
        "MLFLOW_TRACKING_PASSWORD": keys["mlflow"],
        "CAUSEWAY_TOPOLOGY": str(layout.TOPOLOGY),
        "CAUSEWAY_USE_CASES": str(layout.USE_CASES),
        "CAUSEWAY_INBOX": str(layout.INBOX),
        "CAUSEWAY_PATIENCE_SECONDS": "10",  # jobs take seconds here, and a deferral takes two
        # SQLite and forked task runners: macOS refuses to fork with its proxies loaded otherwise.
        "no_proxy": "*",
    }
    for name, value in settings.items():
        environment[f"AIRFLOW__{name.upper()}"] = str(value)
    return environment
