"""The operator that exports a model's approved card to PDF and keeps it with the audit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from causeway.errors import NotFound
from causeway.model_cards.export import CardExport
from causeway.model_cards.lifecycle import Card
from causeway.statuses import Meaning
from causeway.topology.arns import ModelPackageArn
from causeway_airflow.configuration import topology
from causeway_airflow.operators.model_cards import OWNER
from causeway_airflow.operators.promotion_base import PromotionOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.card_exports import CardExportsHook


class ExportModelCardOperator(PromotionOperator):
    """Export the card that a version was approved with, once, and keep its digest with the audit.

    The card may tell of another version by now: what is exported is its latest version in which
    this one is approved. The job is named after it, so that a retry adopts the export.

    :param wait: how long the export may take
    :returns: `{"uri", "sha256", "card_version"}`
    """

    def __init__(self, *, wait: timedelta = timedelta(minutes=10), **kwargs: Any) -> None:
        # A deferred task is also ended by its execution timeout, whatever the DAG's default.
        kwargs["execution_timeout"] = wait + timedelta(minutes=10)
        super().__init__(account_role="shared_services", duty=OWNER, **kwargs)
        self.wait = wait

    def perform(self, context: Context) -> dict[str, Any]:  # noqa: RET503 - deferring raises
        """Start or adopt the export; defer unless it is done."""
        from causeway_airflow.hooks.card_exports import CardExportsHook
        from causeway_airflow.triggers.card_exports import CardExportTrigger

        card, hook = self._card(), CardExportsHook(self.connection(), self.region_name)
        output = f"s3://{topology().bucket(self.role)}/cards"
        arn = hook.start(card, output)
        self.log.info("version %s of %s: %s", card.version, card.arn, arn)
        found = hook.describe(arn)
        if hook.meaning(found) is Meaning.SUCCESS:
            return self._keep(card, found)
        self.wait_for(
            CardExportTrigger,
            lasting=self.wait,
            job_arn=arn,
        )

    def resumed(self, context: Context) -> dict[str, Any]:
        """Look at the latest attempt: keep its PDF, or raise why there is none."""
        from causeway_airflow.hooks.card_exports import CardExportsHook
        from causeway_airflow.hooks.jobs import JobInterrupted

        card, hook = self._card(), CardExportsHook(self.connection(), self.region_name)
        found = self._latest(card, hook)
        meaning = hook.meaning(found)
        if meaning is Meaning.SUCCESS:
            return self._keep(card, found)
        if meaning is Meaning.WAITING:
            raise JobInterrupted(
                f"{found['ModelCardExportJobArn']} still runs after {self.wait}",
                principal=hook.principal,
                next_step="Re-run the task: it adopts the export and goes on waiting.",
            )
        raise hook.failure(found)

    def _card(self) -> Card:
        from causeway_airflow.hooks.model_cards import ModelCardsHook

        hook = ModelCardsHook(self.connection(), self.region_name)
        card = hook.approved(self.spec.group, self.version_arn)
        if card is None:
            raise NotFound(
                f"model card {self.spec.group} was never approved for {self.version_arn}",
                principal=hook.principal,
                next_step="Clear the task before, which brings the card to the hand-over.",
            )
        return card

    def _latest(self, card: Card, hook: CardExportsHook) -> dict[str, Any]:
        attempts = hook.attempts(card)
        if not attempts:
            raise NotFound(
                f"the export of version {card.version} of {card.arn} is gone",
                principal=hook.principal,
                next_step="Re-run the task: it exports it anew.",
            )
        return attempts[-1]

    def _keep(self, card: Card, job: dict[str, Any]) -> dict[str, Any]:
        """Digest the PDF as it lies there, and keep it unless it is kept already."""
        from causeway_airflow.hooks.artifacts import ArtifactsHook

        uri = str(job["ExportArtifacts"]["S3ExportArtifacts"])
        held = ArtifactsHook(self.connection(), self.region_name).current(uri)
        export = CardExport(
            version_arn=ModelPackageArn.parse(self.version_arn),
            card_arn=card.arn,
            card_version=card.version,
            status=str(card.status),
            job_arn=str(job["ModelCardExportJobArn"]),
            uri=uri,
            object_version=held.version_id,
            sha256=held.sha256,
        )
        table = self.table()
        if table.apply(export.keep(datetime.now(UTC))) is None:
            export.require_same(table.get(export.key) or {})
        return {"uri": uri, "sha256": held.sha256, "card_version": card.version}
