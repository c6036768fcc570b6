"""The operator that judges a training: its gates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from causeway.gates import evaluate
from causeway_airflow.configuration import case_and_model
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class GateOperator(TrainingOperator):
    """Hold the best candidate's evaluation against the model's gates.

    :param best: the result of the tracking task
    :param evaluation: the folder of `evaluation.json` (templated)
    :param dataset: the result of the dataset task
    :returns: `{"report", "report_sha256", "artifact_sha256", "metrics"}`
    """

    template_fields = (*CausewayOperator.template_fields, "best", "evaluation", "dataset")

    def __init__(self, *, best: Any, evaluation: str, dataset: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.best = best
        self.evaluation = evaluation
        self.dataset = dataset

    def perform(self, context: Context) -> dict[str, Any]:
        """Judge; raises when a gate does not pass, and nothing is registered then."""
        from causeway_airflow.hooks.artifacts import ArtifactsHook

        _, model = case_and_model(self.use_case, self.model)
        files = ArtifactsHook(self.connection(), self.region_name)
        document = json.loads(files.read(f"{self.evaluation.rstrip('/')}/evaluation.json"))
        report = evaluate(
            model.gates,
            # The figures it was chosen by go into the report beside those of the held-out part.
            {**self.best["metrics"], **document["metrics"]},
            model=model.name,
            artifact_sha256=files.digest(self.best["model_uri"]),
            dataset_digest=self.dataset["digest"],
        )
        for result in report.results:
            self.log.info("gate %s", result)
        report.require_pass()
        return {
            "report": report.text(),
            "report_sha256": report.digest,
            "artifact_sha256": report.artifact_sha256,
            "metrics": dict(report.metrics),
        }
