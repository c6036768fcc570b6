"""Models, endpoint configs and endpoints of a serving account: made once, observed, converged.

What an observed endpoint means, and how a deployment starts from it, is the domain's
(`causeway.deployment.rollout`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from causeway.deployment.rollout import TAG_DIGEST, Judgement, Start, Wanted, judge_endpoint
from causeway.errors import DeploymentFailed, NameTaken, NotFound
from causeway_airflow.hooks.base import AwsCallError, CausewayHook


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
        found = self._find("describe_endpoint", EndpointName=endpoint)
        if found is None:
            return Observed(None)
        config = found.get("EndpointConfigName")
        return Observed(
            status=found["EndpointStatus"],
            endpoint_config=config,
            artifact_sha256=self._digest_of(config) if config else None,
            reason=str(found.get("FailureReason", "")),
        )

    def judge(self, wanted: Wanted) -> tuple[Judgement, Observed]:
        """Judge the endpoint against what a deployment wants. Raises `NotFound` when it is gone."""
        seen = self.observe(wanted.endpoint)
        if seen.status is None:
            raise NotFound(
                f"endpoint {wanted.endpoint} is gone",
                principal=self.principal,
                next_step="Find who deleted it, then clear the deployment task.",
            )
        judgement = judge_endpoint(
            wanted,
            status=seen.status,
            endpoint_config=seen.endpoint_config,
            artifact_sha256=seen.artifact_sha256,
        )
        return judgement, seen

    def ensure_model(self, request: dict[str, Any]) -> None:
        """Create a model unless it is there. Raises `NameTaken` when it has another package."""
        name = request["ModelName"]
        found = self._ensure("model", name, request)
        if found is None:
            return
        wanted = [c.get("ModelPackageName") for c in _containers(request)]
        there = [c.get("ModelPackageName") for c in _containers(found)]
        if wanted != there:
            raise self._taken("model", name, str(there), str(wanted))

    def ensure_config(self, request: dict[str, Any]) -> None:
        """Create an endpoint config unless it is there. Raises `NameTaken` for another model."""
        name = request["EndpointConfigName"]
        found = self._ensure("endpoint_config", name, request)
        if found is None:
            return
        wanted = [v["ModelName"] for v in request["ProductionVariants"]]
        there = [v.get("ModelName") for v in found["ProductionVariants"]]
        if wanted != there:
            raise self._taken("endpoint config", name, str(there), str(wanted))

    def begin(self, start: Start, wanted: Wanted, tags: list[dict[str, str]]) -> None:
        """Create, update or replace the endpoint; adopting and waiting do nothing here."""
        if start is Start.REPLACE:
            self.call("delete_endpoint", EndpointName=wanted.endpoint)
        if start in (Start.CREATE, Start.REPLACE):
            self.call(
                "create_endpoint",
                EndpointName=wanted.endpoint,
                EndpointConfigName=wanted.endpoint_config,
                Tags=tags,
            )
        elif start is Start.UPDATE:
            self.call(
                "update_endpoint",
                EndpointName=wanted.endpoint,
                EndpointConfigName=wanted.endpoint_config,
            )

    def take_back(self, endpoint: str, endpoint_config: str | None) -> None:
        """Return an endpoint to a config that it had before; without one, delete it."""
        if endpoint_config is None:
            self.call("delete_endpoint", EndpointName=endpoint)
        else:
            self.call("update_endpoint", EndpointName=endpoint, EndpointConfigName=endpoint_config)

    def _digest_of(self, config: str) -> str | None:
        found = self._find("describe_endpoint_config", EndpointConfigName=config)
        if found is None:
            return None
        tags = self.pages("list_tags", "Tags", ResourceArn=found["EndpointConfigArn"])
        return next((tag["Value"] for tag in tags if tag["Key"] == TAG_DIGEST), None)

    def _ensure(self, kind: str, name: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the thing that was there before, None when it was made now."""
        key = "".join(part.capitalize() for part in kind.split("_")) + "Name"
        found = self._find(f"describe_{kind}", **{key: name})
        if found is not None:
            return found
        try:
            self.call(f"create_{kind}", **request)
        except AwsCallError as error:
            found = self._find(f"describe_{kind}", **{key: name}) if error.exists else None
            if found is None:
                raise
            return found
        return None

    def _taken(self, kind: str, name: str, there: str, wanted: str) -> NameTaken:
        return NameTaken(
            f"{kind} {name} was made from {there}, not from {wanted}",
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
    ) -> list[float]:
        """Send CSV rows under their header and return one number a row, in their order.

        Raises `DeploymentFailed` when the endpoint answers another number of predictions.
        """
        answers: list[float] = []
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            reply = self.call(
                "invoke_endpoint",
                EndpointName=endpoint,
                ContentType="text/csv",
                Accept="text/csv",
                Body="\n".join([header, *part]).encode(),
            )
            numbers = [float(value) for value in reply["Body"].read().decode().split()]
            if len(numbers) != len(part):
                raise DeploymentFailed(
                    f"endpoint {endpoint} answered {len(numbers)} predictions for {len(part)} rows",
                    principal=self.principal,
                    next_step="Check output_fn of its inference.py.",
                )
            answers += numbers
        return answers


def _containers(model: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a model's containers, whichever way it names them."""
    if model.get("Containers"):
        return list(model["Containers"])
    return [model["PrimaryContainer"]] if model.get("PrimaryContainer") else []
