"""Requests to managed MLflow: authorised as `sagemaker-mlflow` actions, then passed to the process.

Clients (the `sagemaker-mlflow` plugin) sign MLflow's own REST calls as service `sagemaker-mlflow`
and name the server in a header. A tracking server has no resource policy and cannot be shared:
only principals of its account have access.
"""

from __future__ import annotations

import http.client
from typing import Any, Protocol

from localaws.cloudtrail.history import History, Recording
from localaws.door import fault_door
from localaws.door.protocol import Reply, error_of, unsupported
from localaws.door.sigv4 import Request
from localaws.identity.authorisation.request import AuthorisationRequest
from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.capabilities import Authorisation, Stores
from localaws.kit.service import Principal, ServiceError
from localaws.sagemaker.mlflow.tracking_actions import action_of
from localaws.sagemaker.mlflow.tracking_servers import RUNNING, TYPE, TrackingServers

SERVICE = "sagemaker-mlflow"
HEADER = "x-mlflow-sm-tracking-server-arn"


#: MLflow's names of errors, by HTTP status; its client takes an answer without one for a defect.
ERRORS = {
    400: "INVALID_PARAMETER_VALUE",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    501: "ENDPOINT_NOT_FOUND",
    503: "TEMPORARILY_UNAVAILABLE",
}


class TrackingError(ServiceError):
    """An error as MLflow's client reads it, which tries a 5xx again and again."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(error.code, error.message, 404 if error.status == 501 else error.status)
        self.members = {"error_code": ERRORS.get(error.status, "INTERNAL_ERROR")}


class Door(Recording, Authorisation, Protocol):
    """What serving a request needs: recording and authorisation."""


def serve(aws: Door, environ: dict[str, Any], caller: Principal, request: Request) -> Reply:
    """Answer one authenticated request."""
    try:
        return _answer(aws, environ, caller, request)
    except ServiceError as error:
        raise TrackingError(error) from error


def _answer(aws: Door, environ: dict[str, Any], caller: Principal, request: Request) -> Reply:
    arn = request.headers.get(HEADER, "")
    server = parse_arn(arn) if is_arn(arn) else None
    if server is None or (server.service, server.resource_type) != ("sagemaker", TYPE):
        raise ServiceError("ValidationException", f"{HEADER} names no tracking server: {arn!r}")
    action = action_of(request.method, request.raw_path)
    if action is None:
        raise unsupported(SERVICE, f"{request.method} {request.raw_path}")
    fault_door.before(aws, environ, SERVICE, action, caller)
    call = AuthorisationRequest(
        service=SERVICE,
        operation=action,
        params={"TrackingServerArn": arn},
        caller=caller,
        account=server.account,
        region=server.region,
        stores=aws,
        headers=request.headers,
    )
    history = History.of(aws)
    try:
        aws.authoriser.check(caller, f"{SERVICE}:{action}", arn, service=SERVICE)
        reply = _pass_on(aws, arn, request)
    except ServiceError as error:
        history.record(aws, call, error)
        raise
    history.record(aws, call, error_of(reply) if reply.status >= 400 else None)
    return reply


def _pass_on(stores: Stores, arn: str, request: Request) -> Reply:
    owner = parse_arn(arn)
    server = stores.store(TrackingServers, owner.account, owner.region).get(owner.resource_id, arn)
    if server.status not in RUNNING:
        raise ServiceError(
            "ConflictException", f"Tracking server {arn} is {server.status}, not running."
        )
    target = request.raw_path + (f"?{request.raw_query}" if request.raw_query else "")
    try:
        return server.process.ask(request.method, target, request.headers, request.body)
    except (OSError, http.client.HTTPException) as error:
        raise ServiceError(
            "ServiceUnavailable", f"Tracking server {arn} does not answer: {error}", 503
        ) from error
