"""The operator that judges a training: its gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import Best, Dataset, Gated


class GateOperator(TrainingOperator):
    """Judge the best candidate's evaluation by the model's gates.

    The report is stored as JSON and as Markdown, whatever it says; a gate that does not pass then
    fails the task with the reason, and nothing is registered.

    :param best: the result of the tracking task
    :param evaluation: the folder of `evaluation.json` (templated)
    :param dataset: the result of the dataset task
    :returns: `Gated`
    """

    template_fields = (*TrainingOperator.template_fields, "best", "evaluation", "dataset")

    def __init__(self, *, best: Best, evaluation: str, dataset: Dataset, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.best = best
        self.evaluation = evaluation
        self.dataset = dataset

    def perform(self, context: Context) -> Gated:
        """Judge and store the report; raises when a gate does not pass."""
        from causeway_airflow.tasks.gates import judge

        return judge(
            self.hook,
            self.role,
            self.use_case,
            self.model,
            best=self.best,
            evaluation=self.evaluation,
            dataset=self.dataset,
        )
