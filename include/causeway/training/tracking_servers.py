"""Managed MLflow servers: the request that makes the declared one."""

from __future__ import annotations

from typing import Any

from causeway.errors import ConfigError
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology


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
