"""Exports of model cards to PDF: created and described."""

from __future__ import annotations

from typing import Any

from causeway.model_cards.lifecycle import Card
from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class CardExportsHook(CausewayHook):
    """The exports of the own account's cards."""

    service = "sagemaker"

    def create(self, card: Card, name: str, output: str) -> str:
        """Start an export of a card's version to a folder in S3 and return its ARN."""
        reply = self.call(
            "create_model_card_export_job",
            ModelCardName=card.arn,
            ModelCardVersion=card.version,
            ModelCardExportJobName=name,
            OutputConfig={"S3OutputPath": output},
        )
        return str(reply["ModelCardExportJobArn"])

    def find(self, arn: str) -> dict[str, Any] | None:
        """Return an export, or None when there is none."""
        try:
            return self.describe(arn)
        except AwsCallError as error:
            if error.missing:
                return None
            raise

    def describe(self, arn: str) -> dict[str, Any]:
        """Return an export."""
        return self.call("describe_model_card_export_job", ModelCardExportJobArn=arn)
