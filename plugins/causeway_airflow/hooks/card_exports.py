"""Exports of model cards to PDF: created or adopted by deterministic name, described."""

from __future__ import annotations

from typing import Any

from causeway.errors import JobFailed
from causeway.model_cards.export import MAX_ATTEMPTS, export_arn, export_name
from causeway.model_cards.lifecycle import Card
from causeway.names import attempt_name
from causeway.statuses import Meaning, meaning
from causeway.training.adoption import Adoption, DescribedJob, next_job
from causeway_airflow.hooks.base import AwsCallError, CausewayHook
from causeway_airflow.hooks.jobs import JobInterrupted


class CardExportsHook(CausewayHook):
    """The exports of the own account's cards."""

    service = "sagemaker"

    def start(self, card: Card, output: str) -> str:
        """Start the next export of a card's version to a folder in S3, or adopt what is there.

        Returns its ARN. Raises `JobFailed` when the last allowed attempt failed.
        """
        for _ in range(2):
            described = [
                DescribedJob(
                    name=found["ModelCardExportJobName"],
                    status=str(found["Status"]),
                    failure_reason=str(found.get("FailureReason", "")),
                )
                for found in self.attempts(card)
            ]
            step = next_job(
                export_name(card), described, MAX_ATTEMPTS, enum="ModelCardExportJobStatus"
            )
            if step.action is not Adoption.CREATE:
                return export_arn(card, step.name)
            try:
                made = self.call(
                    "create_model_card_export_job",
                    ModelCardName=card.arn,
                    ModelCardVersion=card.version,
                    ModelCardExportJobName=step.name,
                    OutputConfig={"S3OutputPath": output},
                )
                return str(made["ModelCardExportJobArn"])
            except AwsCallError as error:
                if not error.exists:
                    raise
                # Somebody made it since it was described: look again, and adopt it.
        raise JobInterrupted(
            f"the export of {card.arn} appears and disappears while it is created",
            principal=self.principal,
            next_step="Re-run the task: it adopts what is there.",
        )

    def attempts(self, card: Card) -> list[dict[str, Any]]:
        """Return the exports of a card's version that exist, in order, without a gap."""
        found: list[dict[str, Any]] = []
        for attempt in range(1, MAX_ATTEMPTS + 1):
            arn = export_arn(card, attempt_name(export_name(card), attempt))
            try:
                found.append(self.describe(arn))
            except AwsCallError as error:
                if not error.missing:
                    raise
                break
        return found

    def describe(self, arn: str) -> dict[str, Any]:
        """Return an export."""
        return self.call("describe_model_card_export_job", ModelCardExportJobArn=arn)

    def meaning(self, description: dict[str, Any]) -> Meaning:
        """Return what the status of an export means."""
        return meaning("ModelCardExportJobStatus", str(description["Status"]))

    def failure(self, description: dict[str, Any]) -> JobFailed:
        """Return the error that says why an export is not there."""
        return JobFailed(
            f"export {description['ModelCardExportJobArn']} is {description['Status']}: "
            f"{description.get('FailureReason', 'no reason given')}",
            principal=self.principal,
            next_step="Mend the cause and clear the task: it takes the next ordinal.",
        )
