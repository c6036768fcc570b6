"""The operator that judges a training: its gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causeway_airflow.bases.training import JudgingOperator
from causeway_airflow.configuration import case_and_model

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import Gated


class GateOperator(JudgingOperator):
    """Judge the best candidate's evaluation by the model's gates.

    The report is stored as JSON and as Markdown, whatever it says; a gate that does not pass then
    fails the task with the reason, and nothing is registered.

    :returns: `Gated`
    """

    def perform(self, context: Context) -> Gated:
        """Judge and store the report; raises when a gate does not pass."""
        from causeway_airflow.tasks.gates import judge

        case, model = case_and_model(self.use_case, self.model)
        return judge(self.hook, self.role, case, model, self.evidence())
