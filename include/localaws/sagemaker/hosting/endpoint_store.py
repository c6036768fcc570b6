"""Endpoints as the API shows them: their states, deployments and events."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localaws.kit.capabilities import Announcements
from localaws.kit.service import ServiceError
from localaws.sagemaker.hosting.endpoint_configs import EndpointConfig
from localaws.sagemaker.hosting.fleet import Fleet
from localaws.sagemaker.hosting.models import Model
from localaws.sagemaker.jobs.jobs import with_millis
from localaws.sagemaker.tags import TagStore

EVENT = "SageMaker Endpoint State Change"


@dataclass
class Deployment:
    """A config with its models, copied at deployment: deleting them later changes nothing."""

    config: EndpointConfig
    models: dict[str, Model]
    fleet: Fleet | None = None


@dataclass
class Endpoint:
    """One endpoint: the config that answers (`live`), and the one being deployed (`pending`)."""

    name: str
    arn: str
    account: str
    region: str
    created: datetime
    modified: datetime
    live: Deployment
    status: str = "Creating"
    pending: Deployment | None = None
    since: datetime | None = None
    failure: str | None = None
    deployment: dict[str, Any] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def description(self) -> dict[str, Any]:
        """Return the endpoint as DescribeEndpoint shows it."""
        with self.lock:
            description: dict[str, Any] = self.summary() | {
                "EndpointConfigName": self.live.config.name
            }
            if self.live.fleet is not None:
                description["ProductionVariants"] = self.live.fleet.summaries(self.live.models)
            if self.failure:
                description["FailureReason"] = self.failure
            if self.deployment:
                description["LastDeploymentConfig"] = self.deployment
            if self.pending is not None:
                description["PendingDeploymentSummary"] = {
                    "EndpointConfigName": self.pending.config.name,
                    "StartTime": self.since,
                    "ProductionVariants": [
                        {"VariantName": variant["VariantName"]}
                        for variant in self.pending.config.variants
                    ],
                }
            return description

    def summary(self) -> dict[str, Any]:
        """Return the endpoint as ListEndpoints shows it."""
        return {
            "EndpointName": self.name,
            "EndpointArn": self.arn,
            "EndpointStatus": self.status,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
        }


class EndpointStore:
    """The endpoints of one account and region."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._endpoints: dict[str, Endpoint] = {}

    def add(self, endpoint: Endpoint) -> None:
        """Store a new endpoint; ValidationException if the name is in use."""
        with self._lock:
            if endpoint.name in self._endpoints:
                raise ServiceError(
                    "ValidationException",
                    f'Cannot create already existing endpoint "{endpoint.arn}".',
                )
            self._endpoints[endpoint.name] = endpoint

    def get(self, name: str, arn: str) -> Endpoint:
        """Return an endpoint; ValidationException if there is none."""
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            raise ServiceError("ValidationException", f'Could not find endpoint "{arn}".')
        return endpoint

    def find(self, name: str) -> Endpoint | None:
        """Return an endpoint, or None if there is none."""
        return self._endpoints.get(name)

    def remove(self, endpoint: Endpoint) -> None:
        """Remove a deleted endpoint."""
        with self._lock:
            self._endpoints.pop(endpoint.name, None)

    def all(self) -> list[Endpoint]:
        """Return all endpoints."""
        with self._lock:
            return list(self._endpoints.values())


def announce(aws: Announcements, endpoint: Endpoint) -> None:
    """Emit the endpoint's state-change event in its account, with the status in upper case."""
    detail = endpoint.description()
    # The API says InService, the event IN_SERVICE (EventBridge for SageMaker, developer guide).
    detail["EndpointStatus"] = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", endpoint.status).upper()
    detail["Tags"] = aws.store(TagStore, endpoint.account, endpoint.region).of(endpoint.arn)
    aws.emit(
        endpoint.account,
        endpoint.region,
        "aws.sagemaker",
        EVENT,
        with_millis(detail),
        [endpoint.arn],
    )
