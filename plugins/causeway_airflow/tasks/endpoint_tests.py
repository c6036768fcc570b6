"""Tests of a live endpoint: asked about held-out rows, measured, and recorded."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from causeway.deployment.serving import (
    HeldOut,
    read_held_out,
    require_agreement,
    require_answers,
)
from causeway.digests import Digest
from causeway.errors import Superseded, UnexpectedState
from causeway.gates.judges import evaluate
from causeway.gates.metrics import measured
from causeway.governance.table import PromotionStatus
from causeway.topology.accounts import AccountRole
from causeway.versions.registry import RegistryVersion, gate_report_key, held_out_key
from causeway.versions.stages import StageRecord, Status
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.endpoints import EndpointRuntimeHook, EndpointsHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.results import EndpointTested, SmokeTested
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.deployment import record_superseded, target
from causeway_airflow.tasks.endpoint_leases import give_back, take_lease
from causeway_airflow.tasks.live_versions import require_served
from causeway_airflow.tasks.promotion import Subject, registry_version
from causeway_airflow.tasks.stage_records import close_promotion, move_record, stage_table

log = logging.getLogger(__name__)

#: Rows that the production endpoint is asked about.
SMOKE_ROWS: Final = 5


def judge_answers(hook: Hooks, subject: Subject, run_id: str) -> EndpointTested:
    """Ask the endpoint about all held-out rows, judge the answers, and record the metrics.

    Where the endpoint was deleted after its test, return what was recorded then.

    Raises:
        LeaseHeld: another run deploys to the endpoint.
        DeploymentFailed: it does not serve this version, or answers other than the evaluated
            artifact did.
        GateFailed: its metrics do not keep the model's gates.
    """
    version, model = registry_version(hook, subject.version), subject.model
    if recorded := _recorded(stage_table(hook), subject):
        log.info("endpoint %s was deleted after its test: %s", model.endpoint, recorded)
        return recorded
    rows = held_out_rows(hook, subject, version)
    with served(hook, subject, run_id):
        answers = predictions(hook, subject, rows, rows.rows)
    metrics = measured(model.problem_type, rows.labels, answers)
    require_agreement(reported_metrics(hook, subject, version), metrics, endpoint=model.endpoint)
    evaluate(
        model.metric_gates,
        metrics,
        model=model.name,
        artifact_sha256=_artifact(version).hex,
        dataset_digest="live",
    ).require_pass()
    _record_metrics(stage_table(hook), subject, metrics)
    log.info("endpoint %s: %s", model.endpoint, metrics)
    return metrics


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
    close_promotion(table, subject.version, PromotionStatus.DEPLOYED, datetime.now(UTC))
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
) -> list[float]:
    """Return what the endpoint answers to some rows. Raises `DeploymentFailed` for nonsense."""
    endpoint = subject.model.endpoint
    answers = hook(EndpointRuntimeHook).predict(endpoint, held_out.header, rows)
    require_answers(answers, subject.model.problem_type, endpoint=endpoint)
    return answers


def held_out_rows(hook: Hooks, subject: Subject, version: RegistryVersion) -> HeldOut:
    """Return the held-out rows that lie beside the version's artifact."""
    text = _read_shared(hook, held_out_key(subject.model.name, _artifact(version))).decode()
    return read_held_out(text, subject.model.training.label, subject.model.problem_type)


def reported_metrics(hook: Hooks, subject: Subject, version: RegistryVersion) -> dict[str, float]:
    """Return the metrics of the gate report that the version refers to."""
    report = version.gate_report_sha256 or ""
    key = gate_report_key(subject.model.name, _artifact(version), report)
    return dict(json.loads(_read_shared(hook, key))["metrics"])


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
    """Return the metrics of the version's test if its endpoint is gone since, else none."""
    live = table.live(subject.role, subject.model.name)
    if live is None or live.removed_at is None or live.version_arn != subject.version:
        return {}
    metrics = stage_record(table, subject).validation_metrics
    return {name: value for name, value in metrics.items() if isinstance(value, float)}


def _record_metrics(table: StageTableHook, subject: Subject, metrics: EndpointTested) -> None:
    record = stage_record(table, subject)
    validation = {**metrics, "endpoint": subject.model.endpoint, "account": subject.account}
    if dict(record.validation_metrics) != validation:
        now = datetime.now(UTC)
        move_record(table, record, Status.PENDING, now=now, user=subject.user, metrics=validation)


def _artifact(version: RegistryVersion) -> Digest:
    return Digest(version.artifact_sha256 or "")


def _read_shared(hook: Hooks, key: str) -> bytes:
    bucket = topology().bucket(AccountRole.SHARED_SERVICES)
    return hook(ArtifactsHook).read(f"s3://{bucket}/{key}")
