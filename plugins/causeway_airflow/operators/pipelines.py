"""The operator of the pipeline route: one SageMaker pipeline in place of the tasks' jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from causeway_airflow.bases.training import TrainingOperator
from causeway_airflow.bases.waiting import WaitingOperator
from causeway_airflow.parameters import Kind
from causeway_airflow.results import PipelineResult

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.tasks.pipelines import TrainingPipeline
    from causeway_airflow.waits import Outcome


class RunPipelineOperator(TrainingOperator, WaitingOperator[PipelineResult]):
    """Bring the model's pipeline to its definition, start or adopt its execution, and follow it.

    The triggerer waits and logs the steps' states. A task that a person ends stops the execution.

    :param dataset: the URI of the dataset (templated)
    :param seed: draws another candidate than the use case's (templated; empty: the use case's)
    :param wait: how long to wait for the execution before the task fails (and a retry adopts it)
    :returns: `PipelineResult`; `jobs` is also a result of its own, as the task route's mapped
        trainings are
    """

    template_fields = (*WaitingOperator.template_fields, "dataset", "seed")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"seed": "optional integer"}

    def __init__(
        self,
        *,
        dataset: str,
        seed: str | int | None = None,
        wait: timedelta = timedelta(hours=2),
        **kwargs: Any,
    ) -> None:
        super().__init__(wait=wait, **kwargs)
        self.dataset = dataset
        self.seed: Any = seed  # a text until it is parsed
        self._pipeline: TrainingPipeline | None = None

    def begin(self, context: Context) -> Outcome[PipelineResult]:
        """Start or adopt the execution."""
        from causeway_airflow.tasks.pipelines import begin

        self._pipeline = self.pipeline()
        return begin(self.hook, self._pipeline)

    def look(self, context: Context, **carried: Any) -> Outcome[PipelineResult]:
        """Look at the execution's latest attempt."""
        from causeway_airflow.tasks.pipelines import look

        return look(self.hook, self.pipeline())

    def perform(self, context: Context) -> PipelineResult:
        """Start or adopt the execution; defer unless it is done."""
        return self._handed_over(super().perform(context), context)

    def resumed(self, context: Context, **carried: Any) -> PipelineResult:
        """Return what the execution made, or raise why there is nothing."""
        return self._handed_over(super().resumed(context, **carried), context)

    def on_kill(self) -> None:
        """Stop the execution when the task is killed on its worker; else the trigger does."""
        from causeway_airflow.tasks.pipelines import stop

        if self._pipeline is not None:
            stop(self.hook, self._pipeline)

    def pipeline(self) -> TrainingPipeline:
        """Return the pipeline that the inputs make."""
        from causeway_airflow.tasks.pipelines import training_pipeline

        return training_pipeline(
            self.role, self.use_case, self.model, dataset=self.dataset, seed=self.seed
        )

    def _handed_over(self, result: PipelineResult, context: Context) -> PipelineResult:
        context["ti"].xcom_push("jobs", result["jobs"])
        return result
