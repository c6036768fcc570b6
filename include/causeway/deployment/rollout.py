"""Rollout: deterministic names, the truth table of an endpoint, and which version wins.

Only one status is success: `InService` with the requested config and the approved digest. A
rollback ends `InService` on the old config, and is a failure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from causeway.deployment.leases import Live
from causeway.digests import canonical_json, sha256
from causeway.errors import ConfigError, DeploymentFailed, Superseded
from causeway.names import NAME_LENGTH
from causeway.statuses import TABLES, Meaning, meaning
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.arns import ModelPackageArn
from causeway.topology.compute import Compute
from causeway.use_cases.use_case import ModelSpec
from causeway.versions.registry import RegistryVersion

#: Tags of an endpoint and its config: what it serves, and under which lease.
TAG_VERSION: Final = "causeway:model-package-arn"
TAG_DIGEST: Final = "causeway:artifact-sha256"
TAG_RUN: Final = "causeway:run-id"
TAG_FENCING: Final = "causeway:fencing"

#: The one variant of an endpoint; an update keeps the name, which blue/green demands.
VARIANT: Final = "primary"

#: How long a deployment may hold the lease: longer than it waits for the endpoint, so that a
#: lease expires only when its run is dead.
LEASE_LASTING: Final = timedelta(minutes=90)


@dataclass(frozen=True)
class Target:
    """What a deployment is to reach: names and the approved digest."""

    endpoint: str
    endpoint_config: str
    model_name: str
    artifact_sha256: str


@dataclass(frozen=True)
class Judgement:
    """The verdict on an observed endpoint, and why."""

    verdict: Meaning
    reason: str


def target_of(
    model: ModelSpec, version: ModelPackageArn, artifact_sha256: str, compute: Compute
) -> Target:
    """Return the names that a version's deployment uses.

    Models and configs cannot be changed. So their name says version, artifact and, by six digits,
    what they run on: another network or instance type makes others.
    """
    runs_on = model.deployment.model_dump(exclude={"keep_test_endpoint"})
    way = sha256(canonical_json({"on": runs_on, "in": compute.model_dump(mode="json")}))
    name = _name(f"{model.endpoint}-v{version.version}", f"{artifact_sha256[:12]}-{way[:6]}")
    return Target(model.endpoint, name, name, artifact_sha256)


def create_model_request(
    names: Target, version: RegistryVersion, role: AccountRole, topology: Topology
) -> dict[str, Any]:
    """Build the `CreateModel` request from the shared version's ARN.

    The registry must say `Approved` for it, and keeps saying so.
    """
    return {
        "ModelName": names.model_name,
        "Containers": [{"ModelPackageName": str(version.arn)}],
        "ExecutionRoleArn": topology.role_arn(role, "serving-execution"),
        **topology.compute_of(role).network,
        "Tags": [
            {"Key": TAG_VERSION, "Value": str(version.arn)},
            {"Key": TAG_DIGEST, "Value": names.artifact_sha256},
        ],
    }


def endpoint_config_request(
    names: Target, version: ModelPackageArn, model: ModelSpec, compute: Compute
) -> dict[str, Any]:
    """Build the `CreateEndpointConfig` request: one variant with all of the traffic.

    Raises:
        ConfigError: a serverless endpoint in an account whose endpoints have a network of their
            own, which AWS refuses (developer guide, "Serverless Inference", feature exclusions).
    """
    return {
        "EndpointConfigName": names.endpoint_config,
        "ProductionVariants": [
            {
                "VariantName": VARIANT,
                "ModelName": names.model_name,
                **_capacity(model, compute),
                "InitialVariantWeight": 1.0,
            }
        ],
        **_volume_key(model, compute),
        "Tags": [
            {"Key": TAG_VERSION, "Value": str(version)},
            {"Key": TAG_DIGEST, "Value": names.artifact_sha256},
        ],
    }


def judge_endpoint(
    target: Target, *, status: str, endpoint_config: str | None, artifact_sha256: str | None
) -> Judgement:
    """Judge an endpoint by status, config and the digest that its config is tagged with."""
    if status not in TABLES["EndpointStatus"]:
        return Judgement(Meaning.FAILURE, f"status {status!r} is unknown here")
    meant = meaning("EndpointStatus", status)
    if meant is not Meaning.SUCCESS:
        # An endpoint that is being deleted will not serve what was asked for.
        verdict = Meaning.WAITING if meant is Meaning.WAITING else Meaning.FAILURE
        return Judgement(verdict, f"status {status}")
    if endpoint_config != target.endpoint_config:
        return Judgement(
            Meaning.FAILURE,
            f"InService on config {endpoint_config}, not {target.endpoint_config}: rolled back",
        )
    if artifact_sha256 != target.artifact_sha256:
        return Judgement(
            Meaning.FAILURE,
            f"InService with artifact {artifact_sha256}, approved was {target.artifact_sha256}",
        )
    return Judgement(Meaning.SUCCESS, "InService with the requested config and digest")


def require_success(
    target: Target, judgement: Judgement, *, account: str | None = None, reason: str = ""
) -> None:
    """Raise unless the endpoint serves what was asked for.

    Raises:
        DeploymentFailed: with the verdict's reason and the endpoint's own failure reason.
    """
    if judgement.verdict is not Meaning.SUCCESS:
        detail = f": {reason}" if reason else ""
        raise DeploymentFailed(
            f"endpoint {target.endpoint} does not serve {target.endpoint_config}: "
            f"{judgement.reason}{detail}",
            account=account,
            next_step="Read the endpoint's log. A version that was served before is still served.",
        )


class Start(StrEnum):
    """How a deployment of the requested config begins."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    WAIT = "wait"
    REPLACE = "replace"
    WHEN_GONE = "when gone"


def how_to_start(target: Target, *, status: str | None, endpoint_config: str | None) -> Start:
    """Decide what to do with the endpoint that is there (`status` None: there is none).

    A retry adopts what its first try began; another's change in progress is waited for; a
    failed endpoint, which can only be deleted, is replaced. The name of a deleted one is taken
    until it is gone.

    Raises:
        DeploymentFailed: the endpoint is in a state that no deployment may start from.
    """
    if status is None:
        return Start.CREATE
    if status == "InService":
        return Start.ADOPT if endpoint_config == target.endpoint_config else Start.UPDATE
    if status in ("Creating", "Updating"):
        return Start.ADOPT if endpoint_config == target.endpoint_config else Start.WAIT
    if status == "Deleting":
        return Start.WHEN_GONE
    if status in ("SystemUpdating", "RollingBack"):
        return Start.WAIT
    if status in ("Failed", "OutOfService"):
        return Start.REPLACE
    raise DeploymentFailed(
        f"endpoint {target.endpoint} is {status}; no deployment may start from there",
        next_step="Repair or delete the endpoint by hand, then clear the task.",
    )


def check_not_superseded(
    version: ModelPackageArn, live: Live | None, others: Iterable[ModelPackageArn] = ()
) -> None:
    """Raise when a newer version is live or being deployed.

    Args:
        version: the version to deploy.
        live: what the endpoint serves.
        others: versions of the group whose production deployment is in progress.

    Raises:
        Superseded: naming the newer version.
    """
    candidates = [other for other in others if other.group_arn == version.group_arn]
    if live is not None and live.version_arn.group_arn == version.group_arn:
        candidates.append(live.version_arn)
    newest = max(candidates, key=lambda arn: arn.version, default=None)
    if newest is not None and newest.version > version.version:
        raise Superseded(
            f"{version}: version {newest.version} is newer and live or on its way",
            next_step="Nothing to do; only a rollback goes back to an older version.",
        )


def _capacity(model: ModelSpec, compute: Compute) -> dict[str, Any]:
    """Return what a variant runs on: instances, or none."""
    deployment = model.deployment
    if deployment.serverless is None:
        return {
            "InitialInstanceCount": deployment.count,
            "InstanceType": deployment.instance_type,
        }
    if compute.network:
        raise ConfigError(
            f"model {model.name}: deployment.serverless, but compute of the topology has subnets "
            "or isolation there; AWS serves no such model without instances",
            next_step="Give the deployment an instance_type, or the account another compute.",
        )
    return {
        "ServerlessConfig": {
            "MemorySizeInMB": deployment.serverless.memory_mb,
            "MaxConcurrency": deployment.serverless.max_concurrency,
        }
    }


def _volume_key(model: ModelSpec, compute: Compute) -> dict[str, str]:
    """Return the key of the instances' volumes; a serverless endpoint has no volume."""
    if compute.volume_key is None or model.deployment.serverless is not None:
        return {}
    return {"KmsKeyId": compute.volume_key}


def _name(head: str, tail: str) -> str:
    tail = f"-{tail}"
    return head[: NAME_LENGTH - len(tail)].rstrip("-") + tail
