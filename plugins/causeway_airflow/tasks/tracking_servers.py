"""The managed MLflow server of the topology: made when missing, started when stopped."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from causeway.errors import UnexpectedState
from causeway.statuses import Meaning
from causeway.training.tracking_servers import server_request
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.tracking_servers import TrackingServersHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.waits import Done, Outcome, Pending, Question, Wait

log = logging.getLogger(__name__)


def ensure(hook: Hooks) -> Outcome[str]:
    """Make the declared server or start it; the result is its ARN.

    Raises:
        ConfigError: the topology declares none.
        UnexpectedState: it failed.
    """
    servers, request = hook(TrackingServersHook), server_request(topology())
    name = request["TrackingServerName"]
    server = servers.describe(name)
    match servers.meaning(server):
        case Meaning.GONE:
            if server is None:
                _create(servers, request)
            else:
                servers.call("start_mlflow_tracking_server", TrackingServerName=name)
            return _pending(name)
        case Meaning.WAITING:
            return _pending(name)
        case Meaning.SUCCESS if server is not None:
            log.info("tracking server %s is %s", name, server["TrackingServerStatus"])
            return Done(str(server["TrackingServerArn"]))
    server = server or {}
    raise UnexpectedState(
        f"tracking server {name} is {server.get('TrackingServerStatus')}: "
        f"{server.get('FailureReason', 'AWS says no more')}",
        principal=servers.principal,
        next_step="Check its role and its artifact store, delete the server, re-run.",
    )


def look(hook: Hooks) -> Outcome[str]:
    """Look at the server after a wait; one that was stopped or deleted meanwhile is begun anew."""
    servers, name = hook(TrackingServersHook), server_request(topology())["TrackingServerName"]
    if servers.meaning(servers.describe(name)) is Meaning.WAITING:
        return _pending(name)
    outcome = ensure(hook)
    return replace(outcome, anew=True) if isinstance(outcome, Pending) else outcome


def _create(servers: TrackingServersHook, request: Mapping[str, Any]) -> None:
    try:
        servers.call("create_mlflow_tracking_server", **request)
    except AwsCallError as error:
        if not error.exists:  # somebody else was quicker
            raise


def _pending(name: str) -> Pending[str]:
    """Return the wait until the server is in no transition any more."""
    question = Question(
        "causeway_airflow.hooks.tracking_servers.TrackingServersHook",
        "describe_mlflow_tracking_server",
        {"TrackingServerName": name},
    )
    return Pending(
        Wait(
            what=f"tracking server {name}",
            ask=question,
            path="TrackingServerStatus",
            enum="TrackingServerStatus",
        ),
        result=topology().tracking_server_arn(),
        ends_task=True,
    )
