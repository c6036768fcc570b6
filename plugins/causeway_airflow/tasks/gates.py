"""The judgement of a training: the best candidate's evaluation against the model's gates."""

from __future__ import annotations

import logging

from causeway.digests import sha256
from causeway.gates.judges import evaluate
from causeway.gates.report import GateReport
from causeway.topology.account_roles import AccountRole
from causeway.use_cases.gate_specs import with_source
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.results import Gated
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.evidence import Evidence
from causeway_airflow.tasks.jobs import uri_of

log = logging.getLogger(__name__)


def judge(
    hook: Hooks, role: AccountRole, case: UseCase, model: ModelSpec, evidence: Evidence
) -> Gated:
    """Judge a candidate and store the report, whatever it says.

    Raises:
        GateFailed: a gate does not pass.
    """
    report = judged(model, evidence)
    uri = store(hook(ArtifactsHook), role, case.id, report)
    log.info("%s\n%s", uri, report.markdown())
    report.require_pass()
    return {
        "report_uri": uri,
        "report_sha256": report.digest,
        "artifact_sha256": report.artifact_sha256,
        "metrics": dict(report.metrics),
    }


def judged(model: ModelSpec, evidence: Evidence) -> GateReport:
    """Return what the model's gates say of the evidence: the same report each time."""
    return evaluate(
        with_source(model.gates),
        # The figures it was chosen by go into the report beside those of the held-out part.
        {**evidence.metrics, **evidence.document["metrics"]},
        model=model.name,
        artifact_sha256=evidence.artifact_sha256,
        dataset_digest=evidence.dataset_digest,
        evaluation=evidence.document,
        in_production=evidence.in_production,
        origin=evidence.origin,
    )


def store(files: ArtifactsHook, role: AccountRole, use_case: str, report: GateReport) -> str:
    """Store a report under its digest, as JSON and as Markdown; return the former's URI."""
    uri = report_uri(role, use_case, report.digest)
    page = f"{uri.removesuffix('json')}md"
    for target, text in ((uri, report.text()), (page, report.markdown())):
        files.put(target, text.encode(), sha256=sha256(text))
    return uri


def report_uri(role: AccountRole, use_case: str, digest: str) -> str:
    """Return where the report of a digest lies."""
    return uri_of(role, f"jobs/{use_case}/gates/{digest}/gate-report.json")
