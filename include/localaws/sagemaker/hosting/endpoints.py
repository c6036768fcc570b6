"""Endpoints: CreateEndpoint, UpdateEndpoint and related operations.

An update starts the new config's model servers beside the old ones, which answer until the new
ones do. If a new one does not start, the endpoint is `InService` again on the *old* config, with
a `FailureReason`. All traffic is shifted at once; gradual shifting and alarms are refused.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.hosting.endpoint_configs import EndpointConfig, find_config
from localaws.sagemaker.hosting.endpoint_store import Deployment, Endpoint, EndpointStore, announce
from localaws.sagemaker.hosting.fleet import Fleet
from localaws.sagemaker.hosting.models import ModelStore
from localaws.sagemaker.hosting.serverless import check_update
from localaws.sagemaker.listing import listed
from localaws.sagemaker.machine.failures import LIMIT, WorkFailedError, unsupported_option
from localaws.sagemaker.tags import TagStore

log = logging.getLogger(__name__)
sagemaker = Service.named("sagemaker")
UPDATABLE = ("InService", "OutOfService")
# A failed endpoint can only be deleted (API reference, DescribeEndpoint).
DELETABLE = (*UPDATABLE, "Failed", "UpdateRollbackFailed")


def _find(call: Call) -> Endpoint:
    name = call.params["EndpointName"]
    return call.store(EndpointStore).get(name, call.arn(f"endpoint/{name}"))


def _deployed(call: Call, config: EndpointConfig) -> Deployment:
    """Return a config with its models; ValidationException if one of them was deleted."""
    store = call.store(ModelStore)
    models = {
        variant["VariantName"]: store.get(
            variant["ModelName"], call.arn(f"model/{variant['ModelName']}")
        )
        for variant in config.variants
    }
    return Deployment(config, models)


def _start(call: Call, endpoint: Endpoint, deployment: Deployment) -> str | None:
    """Start the pending deployment; return why that failed, or None."""
    try:
        deployment.fleet = Fleet.start(call, endpoint.name, deployment.config, deployment.models)
    except WorkFailedError as error:
        return error.reason
    except ServiceError as error:
        return error.message[:LIMIT]
    except Exception:
        log.exception("endpoint %s: the local AWS failed", endpoint.arn)
        return "InternalServerError: the local AWS failed; see its log"
    return None


def _enter(call: Call, endpoint: Endpoint, status: str) -> None:
    with endpoint.lock:
        endpoint.status = status
        endpoint.modified = call.now()
    announce(call, endpoint)
    log.info("endpoint %s: %s %s", endpoint.arn, status, endpoint.failure or "")


def _create(call: Call, endpoint: Endpoint) -> None:
    endpoint.failure = _start(call, endpoint, endpoint.live)
    _enter(call, endpoint, "Failed" if endpoint.failure else "InService")


def _update(call: Call, endpoint: Endpoint, deployment: Deployment) -> None:
    failure = _start(call, endpoint, deployment)
    if failure:
        endpoint.failure = failure
        _enter(call, endpoint, "RollingBack")
        with endpoint.lock:
            endpoint.pending = endpoint.since = None
        _enter(call, endpoint, "InService")
        return
    with endpoint.lock:
        old, endpoint.live = endpoint.live, deployment
        endpoint.pending = endpoint.since = endpoint.failure = None
    _enter(call, endpoint, "InService")
    if old.fleet is not None:
        old.fleet.retire()


def _delete(call: Call, endpoint: Endpoint, free_at: datetime) -> None:
    if endpoint.live.fleet is not None:
        endpoint.live.fleet.retire()
    call.clock.wait_until(free_at)
    call.store(EndpointStore).remove(endpoint)
    call.store(TagStore).forget(endpoint.arn)


def _check_deployment(config: dict[str, Any]) -> None:
    """Refuse a deployment that would not shift all traffic at once."""
    policy = config.get("BlueGreenUpdatePolicy", {})
    shift = policy.get("TrafficRoutingConfiguration", {})
    if config.get("RollingUpdatePolicy"):
        raise unsupported_option("DeploymentConfig.RollingUpdatePolicy")
    if shift.get("Type", "ALL_AT_ONCE") != "ALL_AT_ONCE" or shift.get("WaitIntervalInSeconds"):
        raise unsupported_option("a DeploymentConfig that shifts traffic gradually or waits")
    if policy.get("TerminationWaitInSeconds"):
        raise unsupported_option("DeploymentConfig TerminationWaitInSeconds")
    if config.get("AutoRollbackConfiguration", {}).get("Alarms"):
        raise unsupported_option("DeploymentConfig.AutoRollbackConfiguration")


@sagemaker.operation("CreateEndpoint", locked=False)
def create_endpoint(call: Call) -> dict[str, Any]:
    """Create an endpoint and start the servers of its config."""
    _check_deployment(call.params.get("DeploymentConfig", {}))
    name, now = call.params["EndpointName"], call.now()
    live = _deployed(call, find_config(call, call.params["EndpointConfigName"]))
    endpoint = Endpoint(
        name, call.arn(f"endpoint/{name}"), call.account, call.region, now, now, live
    )
    endpoint.deployment = call.params.get("DeploymentConfig")
    call.store(EndpointStore).add(endpoint)
    call.store(TagStore).put(endpoint.arn, call.params.get("Tags"))
    announce(call, endpoint)
    call.background(_create, call, endpoint)
    return {"EndpointArn": endpoint.arn}


@sagemaker.operation("UpdateEndpoint", locked=False)
def update_endpoint(call: Call) -> dict[str, Any]:
    """Deploy another config, which replaces the old one as soon as it answers."""
    for option in ("RetainAllVariantProperties", "RetainDeploymentConfig"):
        if call.params.get(option):
            raise unsupported_option(f"{option} of UpdateEndpoint")
    _check_deployment(call.params.get("DeploymentConfig", {}))
    endpoint = _find(call)
    deployment = _deployed(call, find_config(call, call.params["EndpointConfigName"]))
    with endpoint.lock:
        _require(endpoint, UPDATABLE)
        check_update(endpoint.live.config.serverless, deployment.config.serverless)
        endpoint.pending, endpoint.since = deployment, call.now()
        endpoint.failure, endpoint.deployment = None, call.params.get("DeploymentConfig")
        endpoint.status = "Updating"
    _enter(call, endpoint, "Updating")
    call.background(_update, call, endpoint, deployment)
    return {"EndpointArn": endpoint.arn}


@sagemaker.operation("DeleteEndpoint", locked=False)
def delete_endpoint(call: Call) -> dict[str, Any]:
    """Delete an endpoint; its name is free when its servers have ended and the delay is over."""
    endpoint = _find(call)
    with endpoint.lock:
        _require(endpoint, DELETABLE)
        endpoint.status = "Deleting"
    _enter(call, endpoint, "Deleting")
    free_at = call.clock.now() + timedelta(seconds=call.host.delays.endpoint_deletion)
    call.background(_delete, call, endpoint, free_at)
    return {}


def _require(endpoint: Endpoint, statuses: tuple[str, ...]) -> None:
    if endpoint.status not in statuses:
        raise ServiceError(
            "ValidationException",
            f'Cannot update in-progress endpoint "{endpoint.arn}" in status {endpoint.status}.',
        )


@sagemaker.operation("DescribeEndpoint", locked=False)
def describe_endpoint(call: Call) -> dict[str, Any]:
    """Return an endpoint."""
    return _find(call).description()


@sagemaker.operation("ListEndpoints", locked=False)
def list_endpoints(call: Call) -> dict[str, Any]:
    """Return a page of endpoints."""
    items = [endpoint.summary() for endpoint in call.store(EndpointStore).all()]
    return listed(call.params, items, into="Endpoints", prefix="Endpoint")
