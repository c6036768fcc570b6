"""The judgement of a training: the best candidate's evaluation against the model's gates."""

from __future__ import annotations

import json
import logging
from typing import Final

from causeway.digests import sha256
from causeway.gates.judges import evaluate
from causeway.gates.report import GateReport
from causeway.topology.accounts import AccountRole
from causeway.training.jobs import MODEL_ARCHIVE
from causeway_airflow.configuration import case_and_model
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.results import Best, Dataset, Gated
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.jobs import uri_of

log = logging.getLogger(__name__)

#: What the evaluation leaves beside its document for the registration: name -> file.
DOCUMENTS: Final = {
    "data-statistics": "data-statistics.json",
    "bias-report": "bias-report.json",
    "explainability": "explainability.json",
}
#: Of regressions there are no groups of people.
OF_CLASSES: Final = ("bias-report",)


def judge(
    hook: Hooks,
    role: AccountRole,
    use_case: str,
    model_name: str,
    *,
    best: Best,
    evaluation: str,
    dataset: Dataset,
) -> Gated:
    """Judge the evaluation in a folder and store the report, whatever it says.

    Raises:
        GateFailed: a gate does not pass.
    """
    _, model = case_and_model(use_case, model_name)
    files, folder = hook(ArtifactsHook), evaluation.rstrip("/")
    document = json.loads(files.read(f"{folder}/evaluation.json"))
    report = evaluate(
        model.gates,
        # The figures it was chosen by go into the report beside those of the held-out part.
        {**best["metrics"], **document["metrics"]},
        model=model.name,
        # Of the very bytes that were evaluated: whoever copies them has to find the same.
        artifact_sha256=document["inputs"][MODEL_ARCHIVE],
        dataset_digest=dataset["digest"],
        evaluation=document,
        in_production=best["in_production"],
    )
    uri = store(files, role, use_case, report)
    log.info("%s\n%s", uri, report.markdown())
    report.require_pass()
    regression = model.problem_type == "regression"
    return {
        "report_uri": uri,
        "report_sha256": report.digest,
        "artifact_sha256": report.artifact_sha256,
        "metrics": dict(report.metrics),
        "documents": {
            name: f"{folder}/{file}"
            for name, file in DOCUMENTS.items()
            if not (regression and name in OF_CLASSES)
        },
    }


def store(files: ArtifactsHook, role: AccountRole, use_case: str, report: GateReport) -> str:
    """Store a report under its digest, as JSON and as Markdown; return the former's URI."""
    folder = uri_of(role, f"jobs/{use_case}/gates/{report.digest}")
    uri = f"{folder}/gate-report.json"
    for target, text in ((uri, report.text()), (f"{folder}/gate-report.md", report.markdown())):
        files.put(target, text.encode(), sha256=sha256(text))
    return uri
