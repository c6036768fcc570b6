"""Waits for an export of a model card."""

from __future__ import annotations

from typing import Any

from causeway.statuses import Meaning
from causeway_airflow.triggers.hooks import shared
from causeway_airflow.triggers.polling import Answer, PollingTrigger


class CardExportTrigger(PollingTrigger):
    """Wait for an export, then resume its task, which keeps the PDF's digest.

    :param job_arn: the export
    """

    def __init__(self, job_arn: str, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "ends_task": False})
        self.job_arn = job_arn

    def subject(self) -> dict[str, Any]:
        """Return which export."""
        return {"job_arn": self.job_arn}

    def ask(self) -> Answer:
        """Describe the export."""
        from causeway_airflow.hooks.card_exports import CardExportsHook

        hook = shared(CardExportsHook, self.aws_conn_id, self.region_name)
        meaning = hook.meaning(hook.describe(self.job_arn))
        if meaning is Meaning.SUCCESS:
            return "success"
        return "waiting" if meaning is Meaning.WAITING else "failure"
