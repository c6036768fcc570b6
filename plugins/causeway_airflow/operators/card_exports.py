"""The operator that exports a model's approved card to PDF and keeps it with the audit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.promotion import PromotionOperator
from causeway_airflow.bases.waiting import WaitingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import ExportedCard
    from causeway_airflow.waits import Outcome


class ExportModelCardOperator(PromotionOperator, WaitingOperator["ExportedCard"]):
    """Export the card that a version was approved with, once, and keep its digest with the audit.

    The card may tell of another version by now: what is exported is its latest version in which
    this one is approved. The job is named after it, so that a retry adopts the export.

    :param wait: how long the export may take
    :returns: `ExportedCard`
    """

    def __init__(self, *, wait: timedelta = timedelta(minutes=10), **kwargs: Any) -> None:
        super().__init__(account_role="shared_services", duty="registry-owner", wait=wait, **kwargs)

    def begin(self, context: Context) -> Outcome[ExportedCard]:
        """Start or adopt the export."""
        from causeway_airflow.tasks.card_exports import begin

        return begin(self.hook, self.subject(context))

    def look(self, context: Context, **carried: Any) -> Outcome[ExportedCard]:
        """Look at the latest attempt: keep its PDF, or raise why there is none."""
        from causeway_airflow.tasks.card_exports import look

        return look(self.hook, self.subject(context))
