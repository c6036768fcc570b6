"""Managed MLflow servers: what is asked for, and what each status of one means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from causeway.errors import ConfigError, UnexpectedState
from causeway.topology.accounts import AccountRole, Topology

Meaning = Literal["ready", "changing", "stopped", "failed"]

#: Every `TrackingServerStatus`. While an update or maintenance goes on the server does not answer.
STATUSES: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "Creating": "changing",
        "Created": "ready",
        "CreateFailed": "failed",
        "Updating": "changing",
        "Updated": "ready",
        "UpdateFailed": "failed",
        "Deleting": "changing",
        "DeleteFailed": "failed",
        "Stopping": "changing",
        "Stopped": "stopped",
        "StopFailed": "failed",
        "Starting": "changing",
        "Started": "ready",
        "StartFailed": "failed",
        "MaintenanceInProgress": "changing",
        "MaintenanceComplete": "ready",
        "MaintenanceFailed": "failed",
    }
)


def meaning_of(status: str) -> Meaning:
    """Return what a status means.

    Raises:
        UnexpectedState: a status that is not in the table.
    """
    if status not in STATUSES:
        raise UnexpectedState(
            f"a tracking server has the status {status!r}, which is unknown here",
            next_step="Compare the table of statuses with the service model's.",
        )
    return STATUSES[status]


def server_request(topology: Topology) -> dict[str, Any]:
    """Return the request that makes the declared server.

    Raises:
        ConfigError: the topology declares none.
    """
    declared, role = topology.mlflow, AccountRole.DATA_SCIENCE
    if declared is None:
        raise ConfigError(
            f"topology {topology.name} declares no managed MLflow server",
            next_step="Write its name under `mlflow.managed`, or set MLFLOW_TRACKING_URI.",
        )
    request: dict[str, Any] = {
        "TrackingServerName": declared.managed,
        "ArtifactStoreUri": f"s3://{topology.bucket(role)}/mlflow",
        "RoleArn": topology.role_arn(role, "tracking-execution"),
        "TrackingServerSize": declared.size,
        "AutomaticModelRegistration": False,  # versions come through the gates
        "Tags": [{"Key": "causeway:account-role", "Value": role.value}],
    }
    return request | ({"MlflowVersion": declared.version} if declared.version else {})
