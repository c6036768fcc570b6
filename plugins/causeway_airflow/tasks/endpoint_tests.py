"""Tests of a live endpoint: asked about held-out rows, measured, and recorded.

What the answers are worth is measured by the model's own `measure`, in a processing job of the
evaluation's image: no script of a use case runs in an Airflow process. The bounds are those of the
gate report that the approval is bound to.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from causeway.deployment.serving import (
    HeldOut,
    read_held_out,
    require_agreement,
    require_answers,
)
from causeway.digests import Digest, sha256
from causeway.errors import Superseded, UnexpectedState
from causeway.gates.judges import evaluate
from causeway.gates.report import metric_gates_of, read_report
from causeway.governance.table import PromotionStatus
from causeway.topology.account_roles import AccountRole
from causeway.topology.connections import connection_id
from causeway.use_cases.use_case import EVALUATION_SCRIPT
from causeway.versions.registry import RegistryVersion, gate_report_key, held_out_key
from causeway.versions.stages import StageRecord, Status
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.endpoints import EndpointRuntimeHook, EndpointsHook
from causeway_airflow.hooks.jobs import JobsHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.results import EndpointTested, SmokeTested
from causeway_airflow.tasks import jobs
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.deployment import has_passed, record_superseded, target
from causeway_airflow.tasks.endpoint_leases import give_back, take_lease
from causeway_airflow.tasks.evidence import TRAINER, completed
from causeway_airflow.tasks.jobs import ScriptJob, uri_of
from causeway_airflow.tasks.live_versions import require_served
from causeway_airflow.tasks.promotion import Subject, registry_version
from causeway_airflow.tasks.stage_records import mark_promotion, move_record, stage_table
from causeway_airflow.waits import Done, Outcome, Pending

log = logging.getLogger(__name__)

#: Rows that the production endpoint is asked about.
SMOKE_ROWS: Final = 5
#: Where the answers are measured: the account that the model was trained in.
TRAINING: Final = AccountRole.DATA_SCIENCE
MEASURED: Final = "measured"

H = TypeVar("H")


def ask(hook: Hooks, subject: Subject, run_id: str) -> Outcome[EndpointTested]:
    """Ask the endpoint about all held-out rows, and have the answers measured.

    Where the endpoint was deleted after its test, or somebody has let the version into production
    since, return what was recorded then.

    Raises:
        LeaseHeld: another run deploys to the endpoint.
        DeploymentFailed: it does not serve this version, or answers nonsense.
    """
    version = registry_version(hook, subject.version)
    if recorded := _recorded(stage_table(hook), subject):
        log.info("endpoint %s was tested before: %s", subject.model.endpoint, recorded)
        return Done(recorded)
    rows = held_out_rows(hook, subject, version)
    with served(hook, subject, run_id):
        text = rows.with_answers(predictions(hook, subject, rows, rows.rows))
    trainer = _as_trainer(hook)
    uri = uri_of(TRAINING, f"jobs/{subject.case.id}/answers/{sha256(text)}/answers.json")
    trainer(ArtifactsHook).put(uri, text.encode(), sha256=sha256(text))
    tags = {"causeway:use-case": subject.case.id, "causeway:model": subject.model.name}
    begun = jobs.begin(trainer, _measuring(subject, uri), tags)
    if isinstance(begun, Done):
        return Done(judge_answers(hook, subject, uri))
    wait = replace(begun.wait, connection=connection_id(TRAINING, TRAINER))
    return Pending(wait, carried={"answers": uri})


def look(hook: Hooks, subject: Subject, answers: str) -> Outcome[EndpointTested]:
    """Judge the answers once they are measured.

    Raises:
        JobFailed: the job that measures them ended without a result.
        DeploymentFailed: they are other than those of the evaluated artifact.
        GateFailed: they do not keep the bounds of the gate report.
    """
    measuring = jobs.look(_as_trainer(hook), _measuring(subject, answers))
    if isinstance(measuring, Pending):
        wait = replace(measuring.wait, connection=connection_id(TRAINING, TRAINER))
        return Pending(wait, carried={"answers": answers})
    return Done(judge_answers(hook, subject, answers))


def judge_answers(hook: Hooks, subject: Subject, answers: str) -> EndpointTested:
    """Judge what was measured of the endpoint's answers, and record it.

    Raises:
        DeploymentFailed: the metrics are other than those of the evaluated artifact.
        GateFailed: they do not keep the bounds of the gate report.
    """
    version, model = registry_version(hook, subject.version), subject.model
    metrics = _measured(hook, subject, answers)
    report = gate_report(hook, subject, version)
    require_agreement(report["metrics"], metrics, endpoint=model.endpoint)
    if bounds := metric_gates_of(report):
        evaluate(
            bounds,
            metrics,
            model=model.name,
            artifact_sha256=_artifact(version).hex,
            dataset_digest="live",
        ).require_pass(
            f"Version {subject.version.version} goes no further. Look at endpoint "
            f"{model.endpoint}, which stays, and clear the task; or reject the version."
        )
    _record_metrics(stage_table(hook), subject, metrics)
    log.info("endpoint %s: %s", model.endpoint, metrics)
    return metrics


def _measuring(subject: Subject, answers: str) -> ScriptJob:
    """Return the job that measures an endpoint's answers as the model's evaluation does."""
    return jobs.processing_job(
        TRAINING,
        subject.case.id,
        subject.model.name,
        script=EVALUATION_SCRIPT,
        inputs={"answers": answers},
        output_name=MEASURED,
        document="evaluation",
    )


def _measured(hook: Hooks, subject: Subject, answers: str) -> EndpointTested:
    """Return what the job measured, by its own description: the job that these answers make."""
    trainer = _as_trainer(hook)
    described = completed(trainer(JobsHook), _measuring(subject, answers))
    folder = trainer(JobsHook).processed(described)["outputs"][MEASURED].rstrip("/")
    document = json.loads(trainer(ArtifactsHook).read(f"{folder}/evaluation.json"))
    return {**document["metrics"], "rows": float(document["rows"])}


def _as_trainer(hook: Hooks) -> Hooks:
    """Return hooks that act as who may run the model's scripts, in the account of its training."""

    def trainer(kind: type[H], role: AccountRole | str | None = None, duty: str | None = None) -> H:
        return hook(kind, role or TRAINING, duty or TRAINER)

    return trainer


def smoke_test(hook: Hooks, subject: Subject, run_id: str) -> SmokeTested:
    """Ask the production endpoint about a few rows, and record the promotion as deployed.

    Raises:
        LeaseHeld: another run deploys to the endpoint.
        Superseded: a newer version is live by now; the promotion says so.
        DeploymentFailed: it does not serve this version, or answers nonsense.
    """
    rows = held_out_rows(hook, subject, registry_version(hook, subject.version))
    table = stage_table(hook)
    try:
        with served(hook, subject, run_id):
            answers = predictions(hook, subject, rows, rows.rows[:SMOKE_ROWS])
    except Superseded:
        record_superseded(table, subject)
        raise
    now = datetime.now(UTC)
    mark_promotion(table, subject.version, PromotionStatus.DEPLOYED, now, subject.by)
    return {
        "endpoint": subject.model.endpoint,
        "account": subject.account,
        "predictions": answers,
    }


@contextmanager
def served(hook: Hooks, subject: Subject, run_id: str) -> Iterator[None]:
    """Hold the endpoint while it is asked, and see before and after that it serves this version."""
    table, endpoints = stage_table(hook), hook(EndpointsHook)
    names = target(table, subject)
    lease = take_lease(table, subject, run_id)
    try:
        require_served(table, endpoints, subject, names)
        yield
        require_served(table, endpoints, subject, names)
    finally:
        give_back(table, lease)


def predictions(
    hook: Hooks, subject: Subject, held_out: HeldOut, rows: Sequence[str]
) -> list[list[float]]:
    """Return what the endpoint answers to some rows. Raises `DeploymentFailed` for nonsense."""
    endpoint = subject.model.endpoint
    answers = hook(EndpointRuntimeHook).predict(endpoint, held_out.header, rows)
    classes = subject.case.classes(subject.model)
    require_answers(answers, subject.model.problem_type, classes, endpoint=endpoint)
    return answers


def held_out_rows(hook: Hooks, subject: Subject, version: RegistryVersion) -> HeldOut:
    """Return the held-out rows that lie beside the version's artifact."""
    text = _read_shared(hook, held_out_key(subject.model.name, _artifact(version))).decode()
    return read_held_out(text, subject.model.training.label, subject.case.classes(subject.model))


def gate_report(hook: Hooks, subject: Subject, version: RegistryVersion) -> dict[str, Any]:
    """Return the gate report that the version, and every decision on it, refers to."""
    digest = version.gate_report_sha256 or ""
    key = gate_report_key(subject.model.name, _artifact(version), digest)
    return read_report(_read_shared(hook, key), digest, where=key)


def stage_record(table: StageTableHook, subject: Subject) -> StageRecord:
    """Return the version's record in this stage. Raises `UnexpectedState` without one."""
    record = table.state(subject.version).records.get(subject.stage)
    if record is None:
        raise UnexpectedState(
            f"{subject.version} has no {subject.stage.value} record",
            next_step="Clear the deployment task, which writes it.",
        )
    return record


def _recorded(table: StageTableHook, subject: Subject) -> EndpointTested:
    """Return the metrics of a test whose endpoint is gone, or that is over; else none."""
    live = table.live(subject.role, subject.model.name)
    gone = live is not None and live.removed_at is not None
    ours = live is not None and live.version_arn == subject.version
    if not (gone and ours) and not has_passed(table, subject):
        return {}
    metrics = stage_record(table, subject).validation_metrics
    return {name: value for name, value in metrics.items() if isinstance(value, float)}


def _record_metrics(table: StageTableHook, subject: Subject, metrics: EndpointTested) -> None:
    record = stage_record(table, subject)
    validation = {**metrics, "endpoint": subject.model.endpoint, "account": subject.account}
    if dict(record.validation_metrics) != validation:
        now = datetime.now(UTC)
        move_record(table, record, Status.PENDING, now=now, by=subject.by, metrics=validation)


def _artifact(version: RegistryVersion) -> Digest:
    return Digest(version.artifact_sha256 or "")


def _read_shared(hook: Hooks, key: str) -> bytes:
    bucket = topology().bucket(AccountRole.SHARED_SERVICES)
    return hook(ArtifactsHook).read(f"s3://{bucket}/{key}")
