"""Airflow's connections in the forms that a deployment of Airflow reads; none holds a secret."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from causeway.topology.accounts import Topology
from causeway.topology.connections import DOOR, connections


def documents(topology: Topology, profile: str | None = None) -> dict[str, dict[str, Any]]:
    """Return each connection as Airflow's JSON, by its id.

    Without a profile the Airflow processes run as `causeway-airflow` by themselves (a task role, a
    pod's role). With one, the profile of the AWS config file takes on that role.
    """
    own = {"profile_name": profile} if profile else {}
    return {
        connection.conn_id: {
            "conn_type": "aws",
            "extra": {"region_name": topology.region, **own, "role_arn": connection.role_arn},
        }
        for connection in connections(topology)
    }


def environment(topology: Topology, profile: str | None = None) -> dict[str, str]:
    """Return `AIRFLOW_CONN_*` for every connection that the DAGs use."""
    return {
        f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(document)
        for conn_id, document in documents(topology, profile).items()
    }


def door_environment(topology: Topology, profile: str | None = None) -> dict[str, str]:
    """Return the API server's own connection, as whom it decides for people who are signed in.

    Without a profile it is what the API server runs as by itself (`airflow.door`).
    """
    own = {"profile_name": profile} if profile else {}
    document = {"conn_type": "aws", "extra": {"region_name": topology.region, **own}}
    return {f"AIRFLOW_CONN_{DOOR.upper()}": json.dumps(document)}


def _as_environment(topology: Topology, profile: str | None) -> str:
    variables = environment(topology, profile).items()
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables)


def _as_dotenv(topology: Topology, profile: str | None) -> str:
    """One line for each variable, its value as it is: for `kubectl --from-env-file`, Docker."""
    variables = environment(topology, profile).items()
    return "\n".join(f"{name}={value}" for name, value in variables)


def _as_import(topology: Topology, profile: str | None) -> str:
    return json.dumps(documents(topology, profile), indent=2)


def _as_secrets(topology: Topology, profile: str | None) -> str:
    """One secret for each connection; the prefix is Secrets Manager's default.

    The backend of Systems Manager has `/airflow/connections` (Amazon provider, `connections_prefix`
    of both backends).
    """
    secrets = {
        f"airflow/connections/{conn_id}": json.dumps(document)
        for conn_id, document in documents(topology, profile).items()
    }
    return json.dumps(secrets, indent=2)


#: How connections can be written: for a shell, for containers, for `airflow connections import`,
#: for the Secrets Manager backend.
FORMATS: Final[Mapping[str, Callable[[Topology, str | None], str]]] = MappingProxyType(
    {"env": _as_environment, "dotenv": _as_dotenv, "import": _as_import, "secrets": _as_secrets}
)
