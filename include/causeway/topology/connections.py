"""Airflow's AWS connections: one for each duty that Airflow acts as, and no administrator's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from causeway.errors import ConfigError
from causeway.topology.account_roles import DUTIES, AccountRole
from causeway.topology.accounts import Topology

#: Duties that Airflow does not act as: jobs and endpoints do, people do, or Airflow *is* it.
NOT_CONNECTED: Final = frozenset(
    {
        "feature-execution",
        "training-execution",
        "pipeline-execution",
        "tracking-execution",
        "serving-execution",
        "science-stack-service",
        "governance-stack-service",
        "test-approver",
        "production-approver",
        "airflow",
    }
)


#: The connection of the API server alone, which takes on approver roles for people.
DOOR: Final = "causeway_door"


@dataclass(frozen=True)
class Connection:
    """One Airflow AWS connection: its id, and the role it assumes."""

    conn_id: str
    role: AccountRole
    duty: str
    role_arn: str


def connections(topology: Topology) -> tuple[Connection, ...]:
    """List every Airflow connection that the DAGs use, in the order of the roles."""
    return tuple(
        Connection(connection_id(role, duty), role, duty, topology.role_arn(role, duty))
        for role in topology.roles
        for duty in role.duties
        if duty not in NOT_CONNECTED
    )


def connection_id(role: AccountRole, duty: str) -> str:
    """Return the id of the Airflow connection that acts as the duty in the account role.

    Raises:
        ConfigError: the account role has no such duty that Airflow acts as.
    """
    allowed = [d for d in (role.duties if role.kind in DUTIES else ()) if d not in NOT_CONNECTED]
    if duty not in allowed:
        raise ConfigError(
            f"no connection for duty {duty!r} in account role {role.value}",
            next_step=f"Use one of: {', '.join(allowed)}.",
        )
    return f"causeway_{role.value}_{duty.replace('-', '_')}"
