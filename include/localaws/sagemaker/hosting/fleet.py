"""What an endpoint runs for a config: one model server per variant, and the choice among them."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial

from localaws.kit.service import Call, ServiceError
from localaws.sagemaker.hosting.endpoint_configs import EndpointConfig
from localaws.sagemaker.hosting.model_server import ModelServer, Placement
from localaws.sagemaker.hosting.models import Model
from localaws.sagemaker.hosting.serverless import capacity, concurrency_of
from localaws.sagemaker.roles import assume_execution_role


class Fleet:
    """The model servers of one config. They start together: if one fails, all are stopped."""

    def __init__(self, config: EndpointConfig, servers: dict[str, ModelServer], now: datetime):
        self.config = config
        self.since = now
        self._servers = servers
        self._lock = threading.Lock()
        self._weights = {
            variant["VariantName"]: float(variant["InitialVariantWeight"])
            for variant in config.variants
        }
        self._credit = dict.fromkeys(self._weights, 0.0)

    @classmethod
    def start(
        cls, call: Call, endpoint: str, config: EndpointConfig, models: dict[str, Model]
    ) -> Fleet:
        """Start a server for each variant; `models` holds the model of each.

        Raises:
            WorkFailedError: a server did not start.
            ServiceError: a model's role cannot be assumed.
        """
        servers: dict[str, ModelServer] = {}
        try:
            for described in config.variants:
                variant = described["VariantName"]
                model = models[variant]
                assume = partial(assume_execution_role, call, model.role_arn)
                placement = Placement(
                    call.account,
                    call.region,
                    endpoint,
                    variant,
                    model.role_arn,
                    assume,
                    model.request,
                    config.request.get("KmsKeyId"),
                    concurrency_of(described),
                )
                servers[variant] = ModelServer(call.host, placement, model.container)
                servers[variant].start()
        except Exception:
            for server in servers.values():
                server.stop()
            raise
        return cls(config, servers, call.now())

    def choose(self, target: str | None) -> tuple[str, ModelServer]:
        """Return the next variant by weight, or the one that the request names.

        Smooth weighted round robin: any sequence of requests is divided by weight.

        Raises:
            ServiceError: ValidationError for a variant that the config does not have.
        """
        if target is not None:
            if target not in self._servers:
                raise ServiceError(
                    "ValidationError", f"Variant {target} not found in {self.config.name}"
                )
            return target, self._servers[target]
        with self._lock:
            for name, weight in self._weights.items():
                self._credit[name] += weight
            chosen = max(self._credit, key=lambda name: self._credit[name])
            self._credit[chosen] -= sum(self._weights.values())
        return chosen, self._servers[chosen]

    def retire(self) -> None:
        """Stop the servers after they have answered their running requests."""
        for server in self._servers.values():
            server.retire()

    def summaries(self, models: dict[str, Model]) -> list[dict[str, object]]:
        """Return the variants as DescribeEndpoint shows them."""
        summaries: list[dict[str, object]] = []
        for variant in self.config.variants:
            name = variant["VariantName"]
            image = models[name].container.runtime.image
            image_summary = {
                "SpecifiedImage": image,
                "ResolvedImage": image,
                "ResolutionTime": self.since,
            }
            summaries.append(
                {
                    "VariantName": name,
                    "DeployedImages": [image_summary],
                    "CurrentWeight": self._weights[name],
                    "DesiredWeight": self._weights[name],
                    **capacity(variant, self._servers[name].serves),
                }
            )
        return summaries
