"""MLflow tracking servers: CreateMlflowTrackingServer and related operations.

A server runs a real MLflow. Requests reach it only through the gateway (`tracking_door.py`);
artifacts are in S3, where clients read and write them with their own permissions, as on AWS.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.listing import listed
from localaws.sagemaker.machine.failures import WorkFailedError, unsupported_option
from localaws.sagemaker.mlflow.tracking_process import TrackingProcess
from localaws.sagemaker.roles import assume_execution_role
from localaws.sagemaker.tags import TagStore

log = logging.getLogger(__name__)
sagemaker = Service.named("sagemaker")
TYPE = "mlflow-tracking-server"
RUNNING = ("Created", "Started", "Updated")
STARTABLE = ("Stopped", "StartFailed")
CHANGEABLE = ("TrackingServerSize", "WeeklyMaintenanceWindowStart", "S3BucketOwnerAccountId")
KEPT = ("ArtifactStoreUri", "RoleArn", "WeeklyMaintenanceWindowStart", "S3BucketOwnerAccountId")


@dataclass
class TrackingServer:
    """One server; `lock` guards its status."""

    name: str
    arn: str
    request: dict[str, Any]
    created: datetime
    created_by: dict[str, str]
    process: TrackingProcess
    status: str = "Creating"
    modified: datetime | None = None
    modified_by: dict[str, str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, call: Call, status: str, *, since: tuple[str, ...]) -> None:
        """Change the status of a server from one of `since`; otherwise ConflictException."""
        with self.lock:
            if self.status not in since:
                raise ServiceError(
                    "ConflictException",
                    f"{call.operation} is not possible while tracking server {self.arn} is "
                    f"{self.status}",
                )
            self.status = status
            self.modified, self.modified_by = call.now(), call.caller.identity()

    def description(self, endpoint: str) -> dict[str, Any]:
        """Return the reply of DescribeMlflowTrackingServer."""
        members = {name: self.request[name] for name in KEPT if name in self.request}
        return (
            self.summary()
            | members
            | {
                "TrackingServerSize": self.request.get("TrackingServerSize", "Small"),
                "TrackingServerUrl": endpoint,
                "AutomaticModelRegistration": False,
                "CreatedBy": self.created_by,
                "LastModifiedBy": self.modified_by or self.created_by,
            }
        )

    def summary(self) -> dict[str, Any]:
        """Return the server as ListMlflowTrackingServers shows it."""
        return {
            "TrackingServerArn": self.arn,
            "TrackingServerName": self.name,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified or self.created,
            "TrackingServerStatus": self.status,
            "IsActive": "Active" if self.status in RUNNING else "Inactive",
            "MlflowVersion": self.request.get("MlflowVersion", version("mlflow")),
        }


class TrackingServers:
    """The servers of one account and region."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: dict[str, TrackingServer] = {}

    def add(self, server: TrackingServer) -> None:
        """Store a new server; ValidationException if the name is in use."""
        with self._lock:
            if server.name in self._servers:
                raise ServiceError(
                    "ValidationException", f"Tracking server {server.arn} already exists."
                )
            self._servers[server.name] = server

    def get(self, name: str, arn: str) -> TrackingServer:
        """Return a server; ResourceNotFound if there is none."""
        server = self._servers.get(name)
        if server is None:
            raise ServiceError("ResourceNotFound", f"Tracking server {arn} does not exist.")
        return server

    def remove(self, server: TrackingServer) -> None:
        """Remove a deleted server."""
        with self._lock:
            self._servers.pop(server.name, None)

    def all(self) -> list[TrackingServer]:
        """Return all servers."""
        with self._lock:
            return list(self._servers.values())


def _find(call: Call) -> TrackingServer:
    name = call.params["TrackingServerName"]
    return call.store(TrackingServers).get(name, call.arn(f"{TYPE}/{name}"))


def _check_options(params: dict[str, Any]) -> None:
    for option in ("AutomaticModelRegistration", "S3BucketOwnerVerification"):
        if params.get(option):
            raise unsupported_option(f"{option} of tracking servers")
    if not params.get("ArtifactStoreUri", "s3://").startswith("s3://"):
        raise unsupported_option("an ArtifactStoreUri that is not in S3")


def _run(call: Call, server: TrackingServer, well: str, badly: str) -> None:
    try:
        server.process.start(assume_execution_role(call, server.request["RoleArn"]))
    except (WorkFailedError, ServiceError) as error:
        log.warning("tracking server %s: %s", server.arn, error)
        server.status = badly
    except Exception:
        log.exception("tracking server %s: the local AWS failed", server.arn)
        server.status = badly
    else:
        server.status = well
    log.info("tracking server %s: %s", server.arn, server.status)


@sagemaker.operation("CreateMlflowTrackingServer", locked=False)
def create_tracking_server(call: Call) -> dict[str, Any]:
    """Create a server and start its MLflow."""
    params, name = call.params, call.params["TrackingServerName"]
    _check_options(params)
    assume_execution_role(call, params["RoleArn"])
    process = TrackingProcess(call.host, name, params["ArtifactStoreUri"], call.region)
    server = TrackingServer(
        name,
        call.arn(f"{TYPE}/{name}"),
        params,
        call.now(),
        call.caller.identity(),
        process,
    )
    try:
        call.store(TrackingServers).add(server)
    except ServiceError:
        process.remove()
        raise
    call.store(TagStore).put(server.arn, params.get("Tags"))
    call.background(_run, call, server, "Created", "CreateFailed")
    return {"TrackingServerArn": server.arn}


@sagemaker.operation("UpdateMlflowTrackingServer", locked=False)
def update_tracking_server(call: Call) -> dict[str, Any]:
    """Change a running server's settings; its MLflow, which has no size here, is not restarted."""
    server, params = _find(call), call.params
    _check_options(params)
    if (
        params.get("ArtifactStoreUri", server.request["ArtifactStoreUri"])
        != (server.request["ArtifactStoreUri"])
    ):
        raise unsupported_option("a change of the ArtifactStoreUri of a tracking server")
    server.enter(call, "Updating", since=RUNNING)
    server.request |= {name: params[name] for name in CHANGEABLE if name in params}
    call.background(_updated, server)
    return {"TrackingServerArn": server.arn}


def _updated(server: TrackingServer) -> None:
    server.status = "Updated"


@sagemaker.operation("StartMlflowTrackingServer", locked=False)
def start_tracking_server(call: Call) -> dict[str, Any]:
    """Start a stopped server with its data."""
    server = _find(call)
    server.enter(call, "Starting", since=STARTABLE)
    call.background(_run, call, server, "Started", "StartFailed")
    return {"TrackingServerArn": server.arn}


@sagemaker.operation("StopMlflowTrackingServer", locked=False)
def stop_tracking_server(call: Call) -> dict[str, Any]:
    """Stop a running server; its data is kept."""
    server = _find(call)
    server.enter(call, "Stopping", since=RUNNING)
    call.background(_stop, server)
    return {"TrackingServerArn": server.arn}


def _stop(server: TrackingServer) -> None:
    server.process.stop()
    server.status = "Stopped"


@sagemaker.operation("DeleteMlflowTrackingServer", locked=False)
def delete_tracking_server(call: Call) -> dict[str, Any]:
    """Delete a server that is not changing its state; its artifacts are kept in S3."""
    server = _find(call)
    settled = (*RUNNING, *STARTABLE, "CreateFailed")
    server.enter(call, "Deleting", since=settled)
    call.background(_delete, call, server)
    return {"TrackingServerArn": server.arn}


def _delete(call: Call, server: TrackingServer) -> None:
    server.process.remove()
    call.store(TrackingServers).remove(server)
    call.store(TagStore).forget(server.arn)


@sagemaker.operation("DescribeMlflowTrackingServer", locked=False)
def describe_tracking_server(call: Call) -> dict[str, Any]:
    """Return a server."""
    return _find(call).description(call.clients.endpoint)


@sagemaker.operation("ListMlflowTrackingServers", locked=False)
def list_tracking_servers(call: Call) -> dict[str, Any]:
    """Return a page of servers."""
    params = dict(call.params)
    names = {"CreatedAfter": "CreationTimeAfter", "CreatedBefore": "CreationTimeBefore"}
    names["TrackingServerStatus"] = "StatusEquals"
    filters = {names.get(name, name): value for name, value in params.items()}
    mlflow_version = filters.pop("MlflowVersion", None)
    items = [server.summary() for server in call.store(TrackingServers).all()]
    items = [item for item in items if mlflow_version in (None, item["MlflowVersion"])]
    return listed(filters, items, into="TrackingServerSummaries", prefix="TrackingServer")
