"""Endpoint configs: which models an endpoint runs, and how the traffic is divided among them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.hosting.models import ModelStore
from localaws.sagemaker.hosting.serverless import check_serverless
from localaws.sagemaker.listing import listed
from localaws.sagemaker.machine.failures import unsupported_option
from localaws.sagemaker.state_changes import announce
from localaws.sagemaker.tags import TagStore

sagemaker = Service.named("sagemaker")
#: The network of an endpoint config is that of inference components; a model has its own.
REFUSED = (
    "ShadowProductionVariants",
    "AsyncInferenceConfig",
    "ExplainerConfig",
    "VpcConfig",
    "EnableNetworkIsolation",
)
REFUSED_IN_VARIANT = ("InstancePools", "ManagedInstanceScaling")


@dataclass(frozen=True)
class EndpointConfig:
    """An endpoint config as it was requested."""

    name: str
    arn: str
    request: dict[str, Any]
    created: datetime

    @property
    def variants(self) -> list[dict[str, Any]]:
        """Its production variants."""
        variants: list[dict[str, Any]] = self.request["ProductionVariants"]
        return variants

    @property
    def serverless(self) -> bool:
        """Whether it has no instances."""
        return any("ServerlessConfig" in variant for variant in self.variants)


class EndpointConfigStore:
    """The endpoint configs of one account and region."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._configs: dict[str, EndpointConfig] = {}

    def add(self, config: EndpointConfig) -> None:
        """Store a new config; ValidationException if the name is in use."""
        with self._lock:
            if config.name in self._configs:
                raise ServiceError(
                    "ValidationException",
                    f'Cannot create already existing endpoint configuration "{config.arn}".',
                )
            self._configs[config.name] = config

    def get(self, name: str, arn: str) -> EndpointConfig:
        """Return a config; ValidationException if there is none."""
        config = self._configs.get(name)
        if config is None:
            raise ServiceError(
                "ValidationException", f'Could not find endpoint configuration "{arn}".'
            )
        return config

    def remove(self, config: EndpointConfig) -> None:
        """Remove a config; endpoints that run it are not affected."""
        with self._lock:
            self._configs.pop(config.name, None)

    def all(self) -> list[EndpointConfig]:
        """Return all configs."""
        with self._lock:
            return list(self._configs.values())


def find_config(call: Call, name: str) -> EndpointConfig:
    """Return a config of the call's account by name; ValidationException if there is none."""
    return call.store(EndpointConfigStore).get(name, call.arn(f"endpoint-config/{name}"))


def _check(call: Call) -> None:
    for option in REFUSED:
        if call.params.get(option):
            raise unsupported_option(f"{option} of an endpoint config")
    if call.params.get("DataCaptureConfig", {}).get("EnableCapture"):
        raise unsupported_option("DataCaptureConfig of an endpoint config")
    names = [variant["VariantName"] for variant in call.params["ProductionVariants"]]
    if len(set(names)) != len(names):
        raise ServiceError("ValidationException", f"Variant names must be unique: {names}")
    for variant in call.params["ProductionVariants"]:
        for option in REFUSED_IN_VARIANT:
            if variant.get(option):
                raise unsupported_option(f"{option} of variant {variant['VariantName']}")
        model = variant.get("ModelName")
        if not model:
            raise unsupported_option(f"variant {variant['VariantName']} without ModelName")
        stored = call.store(ModelStore).get(model, call.arn(f"model/{model}"))
        if "ServerlessConfig" in variant:
            check_serverless(call.params, variant, stored)
        elif not variant.get("InstanceType") or not variant.get("InitialInstanceCount"):
            raise ServiceError(
                "ValidationException",
                f"Variant {variant['VariantName']} needs InstanceType and InitialInstanceCount",
            )
    if not any(
        variant.get("InitialVariantWeight", 1.0) for variant in call.params["ProductionVariants"]
    ):
        raise ServiceError("ValidationException", "At least one variant needs a weight above 0")


@sagemaker.operation("CreateEndpointConfig", locked=False)
def create_endpoint_config(call: Call) -> dict[str, Any]:
    """Create an endpoint config of existing models."""
    _check(call)
    name = call.params["EndpointConfigName"]
    request = dict(call.params)
    request["ProductionVariants"] = [
        {"InitialVariantWeight": 1.0} | variant for variant in request["ProductionVariants"]
    ]
    arn = call.arn(f"endpoint-config/{name}")
    config = EndpointConfig(name, arn, request, call.now())
    call.store(EndpointConfigStore).add(config)
    call.store(TagStore).put(arn, call.params.get("Tags"))
    announce(call, "Endpoint Config", arn, _description(config))
    return {"EndpointConfigArn": arn}


@sagemaker.operation("DescribeEndpointConfig", locked=False)
def describe_endpoint_config(call: Call) -> dict[str, Any]:
    """Return an endpoint config as it was requested."""
    return _description(find_config(call, call.params["EndpointConfigName"]))


def _description(config: EndpointConfig) -> dict[str, Any]:
    members = {name: value for name, value in config.request.items() if name != "Tags"}
    return members | {"EndpointConfigArn": config.arn, "CreationTime": config.created}


@sagemaker.operation("ListEndpointConfigs", locked=False)
def list_endpoint_configs(call: Call) -> dict[str, Any]:
    """Return a page of endpoint configs."""
    items = [
        {
            "EndpointConfigName": config.name,
            "EndpointConfigArn": config.arn,
            "CreationTime": config.created,
        }
        for config in call.store(EndpointConfigStore).all()
    ]
    return listed(call.params, items, into="EndpointConfigs", prefix="EndpointConfig")


@sagemaker.operation("DeleteEndpointConfig", locked=False)
def delete_endpoint_config(call: Call) -> dict[str, Any]:
    """Delete an endpoint config; endpoints that run it are not affected."""
    config = find_config(call, call.params["EndpointConfigName"])
    call.store(EndpointConfigStore).remove(config)
    announce(call, "Endpoint Config", config.arn, _description(config))
    call.store(TagStore).forget(config.arn)
    return {}
