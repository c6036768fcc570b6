"""The operator that judges a training: its gates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from causeway.digests import sha256
from causeway.topology.accounts import AccountRole
from causeway_airflow.configuration import case_and_model
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway.gates.judges import GateReport
    from causeway_airflow.hooks.artifacts import ArtifactsHook


#: What the evaluation leaves beside its document for the registration: name -> file.
DOCUMENTS = {
    "data-statistics": "data-statistics.json",
    "bias-report": "bias-report.json",
    "explainability": "explainability.json",
}
#: Of regressions there are no groups of people.
OF_CLASSES = ("bias-report",)


class GateOperator(TrainingOperator):
    """Hold the best candidate's evaluation against the model's gates.

    The report is stored as JSON and as Markdown, whatever it says; a gate that does not pass then
    fails the task with the reason, and nothing is registered.

    :param best: the result of the tracking task
    :param evaluation: the folder of `evaluation.json` (templated)
    :param dataset: the result of the dataset task
    :returns: `{"report", "report_sha256", "report_uri", "artifact_sha256", "metrics",
        "documents"}`
    """

    template_fields = (*CausewayOperator.template_fields, "best", "evaluation", "dataset")

    def __init__(self, *, best: Any, evaluation: str, dataset: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.best = best
        self.evaluation = evaluation
        self.dataset = dataset

    def perform(self, context: Context) -> dict[str, Any]:
        """Judge and store the report; raises when a gate does not pass."""
        from causeway.gates.judges import evaluate
        from causeway.training.jobs import MODEL_ARCHIVE
        from causeway_airflow.hooks.artifacts import ArtifactsHook

        _, model = case_and_model(self.use_case, self.model)
        files = ArtifactsHook(self.connection(), self.region_name)
        folder = self.evaluation.rstrip("/")
        document = json.loads(files.read(f"{folder}/evaluation.json"))
        report = evaluate(
            model.gates,
            # The figures it was chosen by go into the report beside those of the held-out part.
            {**self.best["metrics"], **document["metrics"]},
            model=model.name,
            # Of the very bytes that were evaluated: whoever copies them has to find the same.
            artifact_sha256=document["inputs"][MODEL_ARCHIVE],
            dataset_digest=self.dataset["digest"],
            evaluation=document,
            in_production=self.best.get("in_production") or "",
        )
        uri = self._stored(files, report)
        self.log.info("%s\n%s", uri, report.markdown())
        report.require_pass()
        regression = model.problem_type == "regression"
        return {
            "report": report.text(),
            "report_sha256": report.digest,
            "report_uri": uri,
            "artifact_sha256": report.artifact_sha256,
            "metrics": dict(report.metrics),
            "documents": {
                name: f"{folder}/{file}"
                for name, file in DOCUMENTS.items()
                if not (regression and name in OF_CLASSES)
            },
        }

    def _stored(self, files: ArtifactsHook, report: GateReport) -> str:
        """Store the report under its digest, as JSON and as Markdown; return the former's URI."""
        place = f"jobs/{self.use_case}/gates/{report.digest}"
        page = report.markdown()
        for name, text in (("gate-report.json", report.text()), ("gate-report.md", page)):
            uri = self.bucket_uri(AccountRole(self.account_role), f"{place}/{name}")
            files.put(uri, text.encode(), sha256=sha256(text))
        return self.bucket_uri(AccountRole(self.account_role), f"{place}/gate-report.json")
