"""Models, endpoint configs and endpoints of a serving account, and what an endpoint answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from causeway.deployment.rollout import TAG_DIGEST
from causeway.errors import DeploymentFailed, NameTaken
from causeway.statuses import Meaning
from causeway_airflow.hooks.base import AwsCallError, CausewayHook

#: A client's fault, as InvokeEndpoint words the ModelError of a container that answers 4xx.
REFUSED_ROWS: Final = re.compile(
    r'client error \(4\d\d\) from \S+ with message "(?P<why>.*)"\. See', re.DOTALL
)


@dataclass(frozen=True)
class Observed:
    """An endpoint as it is: its status, config, the digest its config is tagged with."""

    status: str | None
    endpoint_config: str | None = None
    artifact_sha256: str | None = None
    reason: str = ""


class EndpointsHook(CausewayHook):
    """The models and endpoints of one account."""

    service = "sagemaker"

    def observe(self, endpoint: str) -> Observed:
        """Look at an endpoint; status None when there is none."""
        description = self._find("describe_endpoint", EndpointName=endpoint)
        if description is None:
            return Observed(None)
        config = description.get("EndpointConfigName")
        return Observed(
            status=description["EndpointStatus"],
            endpoint_config=config,
            artifact_sha256=self._digest_of(config) if config else None,
            reason=str(description.get("FailureReason", "")),
        )

    def serving(self, endpoint: str) -> Observed:
        """Look at an endpoint's status and config alone, which takes one permission."""
        description = self._find("describe_endpoint", EndpointName=endpoint) or {}
        return Observed(description.get("EndpointStatus"), description.get("EndpointConfigName"))

    def all(self) -> list[dict[str, Any]]:
        """Return the summaries of the account's endpoints."""
        return self.pages("list_endpoints", "Endpoints", MaxResults=100)

    def config_of(self, endpoint: str) -> dict[str, Any] | None:
        """Return the config of an endpoint, None when one of both is gone."""
        found = self._find("describe_endpoint", EndpointName=endpoint)
        name = found.get("EndpointConfigName") if found else None
        if not name:
            return None
        return self._find("describe_endpoint_config", EndpointConfigName=name)

    def model(self, name: str) -> dict[str, Any]:
        """Return a model of the account; an empty one when it is gone: endpoints go on without."""
        return self._find("describe_model", ModelName=name) or {}

    def gone(self, endpoint: str) -> Meaning:
        """Say whether the name of a deleted endpoint is free again."""
        status = self.observe(endpoint).status
        if status is None:
            return Meaning.SUCCESS
        return Meaning.WAITING if status == "Deleting" else Meaning.FAILURE

    def ensure_model(self, request: dict[str, Any]) -> None:
        """Create a model unless it is there. Raises `NameTaken` when it has another package."""
        name = request["ModelName"]
        existing = self._ensure("model", name, request)
        if existing is None:
            return
        requested = [c.get("ModelPackageName") for c in _containers(request)]
        present = [c.get("ModelPackageName") for c in _containers(existing)]
        if requested != present:
            raise self._taken("model", name, str(present), str(requested))

    def ensure_config(self, request: dict[str, Any]) -> None:
        """Create an endpoint config unless it is there. Raises `NameTaken` for another model."""
        name = request["EndpointConfigName"]
        existing = self._ensure("endpoint_config", name, request)
        if existing is None:
            return
        requested = [v["ModelName"] for v in request["ProductionVariants"]]
        present = [v.get("ModelName") for v in existing["ProductionVariants"]]
        if requested != present:
            raise self._taken("endpoint config", name, str(present), str(requested))

    def create(self, endpoint: str, endpoint_config: str, tags: Mapping[str, str]) -> None:
        """Create an endpoint on a config."""
        self.call(
            "create_endpoint",
            EndpointName=endpoint,
            EndpointConfigName=endpoint_config,
            Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        )

    def update(self, endpoint: str, endpoint_config: str) -> None:
        """Bring an endpoint to another config."""
        self.call("update_endpoint", EndpointName=endpoint, EndpointConfigName=endpoint_config)

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint; its model and config stay."""
        self.call("delete_endpoint", EndpointName=endpoint)

    def _digest_of(self, config: str) -> str | None:
        description = self._find("describe_endpoint_config", EndpointConfigName=config)
        if description is None:
            return None
        tags = self.pages("list_tags", "Tags", ResourceArn=description["EndpointConfigArn"])
        return next((tag["Value"] for tag in tags if tag["Key"] == TAG_DIGEST), None)

    def _ensure(self, kind: str, name: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the thing that was there before, None when it was made now."""
        key = "".join(part.capitalize() for part in kind.split("_")) + "Name"
        existing = self._find(f"describe_{kind}", **{key: name})
        if existing is not None:
            return existing
        try:
            self.call(f"create_{kind}", **request)
        except AwsCallError as error:
            existing = self._find(f"describe_{kind}", **{key: name}) if error.exists else None
            if existing is None:
                raise
            return existing
        return None

    def _taken(self, kind: str, name: str, present: str, requested: str) -> NameTaken:
        return NameTaken(
            f"{kind} {name} was made from {present}, not from {requested}",
            principal=self.principal,
            next_step="Delete it if it has no right to be there, then re-run.",
        )

    def _find(self, operation: str, **params: Any) -> dict[str, Any] | None:
        try:
            return self.call(operation, **params)
        except AwsCallError as error:
            if error.missing:
                return None
            raise


class EndpointRuntimeHook(CausewayHook):
    """Predictions of live endpoints."""

    service = "sagemaker-runtime"

    def predict(
        self, endpoint: str, header: str, rows: Sequence[str], *, batch: int = 100
    ) -> list[list[float]]:
        """Send CSV rows under their header and return the numbers of each row, in their order.

        Raises:
            DeploymentFailed: the endpoint refuses the rows, fails on them, or answers another
                number of predictions.
        """
        answers: list[list[float]] = []
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            body = self._ask(endpoint, "\n".join([header, *part]))
            lines = [line.split(",") for line in body.split()]
            if len(lines) != len(part):
                raise DeploymentFailed(
                    f"endpoint {endpoint} answered {len(lines)} predictions for {len(part)} rows",
                    principal=self.principal,
                    next_step="Check what its inference.py answers.",
                )
            answers += [_numbers(line, endpoint) for line in lines]
        return answers

    def _ask(self, endpoint: str, rows: str) -> str:
        """Return the answer to CSV; tell what the rows are to blame for from what the model is."""
        try:
            reply = self.call(
                "invoke_endpoint",
                EndpointName=endpoint,
                ContentType="text/csv",
                Accept="text/csv",
                Body=rows.encode(),
            )
        except AwsCallError as error:
            if error.code != "ModelError":
                raise
            refused = REFUSED_ROWS.search(error.text)
            raise DeploymentFailed(
                f"endpoint {endpoint} refuses the rows: {refused['why']}"
                if refused
                else f"endpoint {endpoint} fails on the rows: {error.text}",
                principal=self.principal,
                next_step="Compare the held-out rows with the features that the version reads."
                if refused
                else f"Read the log group /aws/sagemaker/Endpoints/{endpoint}.",
            ) from error
        return str(reply["Body"].read().decode())


def _numbers(line: list[str], endpoint: str) -> list[float]:
    try:
        return [float(value) for value in line]
    except ValueError as error:
        raise DeploymentFailed(
            f"endpoint {endpoint} answers {','.join(line)[:100]!r}, which are no numbers",
            next_step="Check what its inference.py answers.",
        ) from error


def _containers(model: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a model's containers, whichever way it names them."""
    if model.get("Containers"):
        return list(model["Containers"])
    return [model["PrimaryContainer"]] if model.get("PrimaryContainer") else []
