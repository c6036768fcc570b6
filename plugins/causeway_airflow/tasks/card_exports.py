"""The PDF of the card that a version was approved with: exported once, and kept with the audit."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from causeway.errors import JobFailed, NotFound
from causeway.model_cards.content import described_version
from causeway.model_cards.export import MAX_ATTEMPTS, CardExport, export_arn, export_name
from causeway.model_cards.lifecycle import Card, CardStatus
from causeway.names import attempt_name
from causeway.statuses import Meaning, meaning
from causeway.training.adoption import Adoption, DescribedJob, next_job
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.card_exports import CardExportsHook
from causeway_airflow.hooks.jobs import JobInterrupted
from causeway_airflow.hooks.model_cards import ModelCardsHook
from causeway_airflow.results import ExportedCard
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.promotion import Subject
from causeway_airflow.tasks.stage_records import stage_table
from causeway_airflow.waits import Done, Outcome, Pending, Question, Wait

log = logging.getLogger(__name__)

HOOK: Final = "causeway_airflow.hooks.card_exports.CardExportsHook"
STATUS: Final = "ModelCardExportJobStatus"


def begin(hook: Hooks, subject: Subject) -> Outcome[ExportedCard]:
    """Start the export of the approved card, or adopt the one that runs or is done."""
    card, exports = approved_card(hook, subject), hook(CardExportsHook)
    arn = start(exports, card, f"s3://{topology().bucket(subject.role)}/cards")
    log.info("version %s of %s: %s", card.version, card.arn, arn)
    job = exports.describe(arn)
    if meaning(STATUS, job["Status"]) is Meaning.SUCCESS:
        return Done(keep(hook, subject, card, job))
    return Pending(wait_of(arn))


def look(hook: Hooks, subject: Subject) -> Outcome[ExportedCard]:
    """Look at the latest attempt: keep its PDF, or raise why there is none.

    Raises:
        NotFound: there is no attempt any more.
        JobFailed: it ended without a PDF; its reason is in the error.
    """
    card, exports = approved_card(hook, subject), hook(CardExportsHook)
    jobs = attempts(exports, card)
    if not jobs:
        raise NotFound(
            f"the export of version {card.version} of {card.arn} is gone",
            principal=exports.principal,
            next_step="Re-run the task: it exports it anew.",
        )
    latest = jobs[-1]
    match meaning(STATUS, latest["Status"]):
        case Meaning.SUCCESS:
            return Done(keep(hook, subject, card, latest))
        case Meaning.WAITING:
            return Pending(wait_of(latest["ModelCardExportJobArn"]))
    raise JobFailed(
        f"export {latest['ModelCardExportJobArn']} is {latest['Status']}: "
        f"{latest.get('FailureReason', 'no reason given')}",
        principal=exports.principal,
        next_step="Fix the cause and clear the task: it takes the next ordinal.",
    )


def wait_of(arn: str) -> Wait:
    """Return the wait for an export."""
    return Wait(
        what=f"export {arn}",
        ask=Question(HOOK, "describe_model_card_export_job", {"ModelCardExportJobArn": arn}),
        path="Status",
        enum=STATUS,
    )


def approved_card(hook: Hooks, subject: Subject) -> Card:
    """Return the latest version of the model's card in which the model's version is approved.

    Raises:
        NotFound: there is none.
    """
    cards, group = hook(ModelCardsHook), subject.model.group
    approved = (str(subject.version), CardStatus.APPROVED)
    card = cards.find(group)
    while card is not None and (described_version(card.content), card.status) != approved:
        card = cards.find(group, card.version - 1) if card.version > 1 else None
    if card is None:
        raise NotFound(
            f"model card {group} was never approved for {subject.version}",
            principal=cards.principal,
            next_step="Clear the task before, which brings the card to the hand-over.",
        )
    return card


def start(exports: CardExportsHook, card: Card, output: str) -> str:
    """Start the next export of a card's version to a folder in S3, or adopt what is there.

    Returns its ARN.

    Raises:
        JobFailed: the last allowed attempt failed.
    """
    for _ in range(2):
        jobs = [
            DescribedJob(
                name=job["ModelCardExportJobName"],
                status=str(job["Status"]),
                failure_reason=str(job.get("FailureReason", "")),
            )
            for job in attempts(exports, card)
        ]
        step = next_job(export_name(card), jobs, MAX_ATTEMPTS, enum=STATUS)
        if step.action is not Adoption.CREATE:
            return export_arn(card, step.name)
        try:
            return exports.create(card, step.name, output)
        except AwsCallError as error:
            if not error.exists:
                raise
            # Somebody made it since it was described: look again, and adopt it.
    raise JobInterrupted(
        f"the export of {card.arn} appears and disappears while it is created",
        principal=exports.principal,
        next_step="Re-run the task: it adopts what is there.",
    )


def attempts(exports: CardExportsHook, card: Card) -> list[dict[str, Any]]:
    """Return the exports of a card's version that exist, in order, without a gap."""
    jobs: list[dict[str, Any]] = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        job = exports.find(export_arn(card, attempt_name(export_name(card), attempt)))
        if job is None:
            break
        jobs.append(job)
    return jobs


def keep(hook: Hooks, subject: Subject, card: Card, job: Mapping[str, Any]) -> ExportedCard:
    """Digest the PDF as it lies there, and keep it unless it is kept already.

    Raises:
        UnexpectedState: another PDF was kept.
    """
    uri = str(job["ExportArtifacts"]["S3ExportArtifacts"])
    pdf = hook(ArtifactsHook).current(uri)
    export = CardExport(
        version_arn=subject.version,
        card_arn=card.arn,
        card_version=card.version,
        status=str(card.status),
        job_arn=str(job["ModelCardExportJobArn"]),
        uri=uri,
        object_version=pdf.version_id,
        sha256=pdf.sha256,
    )
    table = stage_table(hook)
    if table.apply(export.keep(datetime.now(UTC))) is None:
        export.require_same(table.get(export.key) or {})
    return {"uri": uri, "sha256": pdf.sha256, "card_version": card.version}
