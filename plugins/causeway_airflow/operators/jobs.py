"""Operators that run a script as a SageMaker job and wait for it without a worker."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from causeway.topology.account_roles import AccountRole
from causeway_airflow.bases.waiting import R, WaitingOperator
from causeway_airflow.parameters import Kind
from causeway_airflow.results import ProcessedJob, TrainedJob

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.tasks.jobs import Document, ScriptJob
    from causeway_airflow.waits import Outcome


class JobOperator(WaitingOperator[R]):
    """Create or adopt the job that these inputs have, and wait for it in the triggerer.

    A completed job is adopted without waiting. On success the trigger ends the task, whose result
    was handed over before the wait; otherwise the task is resumed and raises with the reason. The
    trigger writes the job's log into the task's. A task that a person ends stops its job.

    :param use_case: the use case whose scripts are run
    :param model: the model, for jobs that belong to one
    :param wait: how long to wait for the job before the task fails (and a retry adopts it)
    """

    template_fields = (*WaitingOperator.template_fields, "use_case", "model")

    def __init__(
        self,
        *,
        use_case: str,
        model: str | None = None,
        wait: timedelta = timedelta(hours=2),
        **kwargs: Any,
    ) -> None:
        super().__init__(wait=wait, **kwargs)
        self.use_case = use_case
        self.model = model
        self._script: ScriptJob | None = None

    def begin(self, context: Context) -> Outcome[R]:
        """Start or adopt the job."""
        from causeway_airflow.tasks.jobs import begin

        self._script = self.job()
        return begin(self.hook, self._script, self.tags_of())

    def look(self, context: Context, **carried: Any) -> Outcome[R]:
        """Look at the job's latest attempt."""
        from causeway_airflow.tasks.jobs import look

        return look(self.hook, self.job())

    def on_kill(self) -> None:
        """Stop the job when the task is killed on its worker; in the triggerer the trigger does."""
        from causeway_airflow.tasks.jobs import stop

        if self._script is not None:
            stop(self.hook, self._script)

    @abstractmethod
    def job(self) -> ScriptJob:
        """Return the job that the inputs make."""

    def tags_of(self) -> Mapping[str, str]:
        """Return the tags of the job."""
        tags = {"causeway:use-case": self.use_case, "causeway:model": self.model}
        return {key: value for key, value in tags.items() if value}

    @property
    def role(self) -> AccountRole:
        """The account role the job runs in."""
        return AccountRole(self.account_role)


class ProcessingJobOperator(JobOperator[ProcessedJob]):
    """Run a script as a processing job.

    :param script: the script of the use case, such as `features.py`
    :param inputs: folder or object URIs by the script's option (templated); one that renders to
        nothing is left out
    :param document: the JSON document passed as `--contract`: the features' contract, or what
        preprocessing or evaluation reads
    :param output_name: the name of the output in the result
    :param as_of: the event time of the delivery, for the features' contract (templated)
    :param raw_source: the raw source whose features' contract it is, of a use case with several
    :returns: `ProcessedJob`
    """

    template_fields = (*JobOperator.template_fields, "inputs", "as_of")

    def __init__(
        self,
        *,
        script: str,
        inputs: dict[str, str],
        output_name: str,
        document: Document | None = None,
        as_of: str = "",
        raw_source: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.script = script
        self.inputs = inputs
        self.as_of = as_of
        self.raw_source = raw_source
        self.output_name = output_name
        self.document = document

    def job(self) -> ScriptJob:
        """Return the processing job."""
        from causeway_airflow.tasks.jobs import processing_job

        return processing_job(
            self.role,
            self.use_case,
            self.model,
            script=self.script,
            inputs=self.inputs,
            output_name=self.output_name,
            document=self.document,
            as_of=self.as_of,
            raw_source=self.raw_source,
        )


class TrainingJobOperator(JobOperator[TrainedJob]):
    """Train one candidate of a model.

    Mapped over `index`: the candidates of the model are a function of the use case and the seed.

    :param index: which of the candidates, from 0
    :param seed: draws other candidates than the use case's (templated; empty: the use case's)
    :param channels: folder URIs by channel (templated)
    :returns: `TrainedJob`
    """

    template_fields = (*JobOperator.template_fields, "channels", "seed", "index")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"seed": "optional integer", "index": "integer"}

    def __init__(
        self,
        *,
        model: str,
        index: int,
        channels: dict[str, str],
        seed: int | None = None,
        script: str = "train.py",
        **kwargs: Any,
    ) -> None:
        super().__init__(model=model, **kwargs)
        self.index = index
        self.channels = channels
        self.seed = seed
        self.script = script

    def job(self) -> ScriptJob:
        """Return the training job of this candidate."""
        from causeway_airflow.tasks.jobs import training_job

        return training_job(
            self.role,
            self.use_case,
            str(self.model),
            script=self.script,
            index=self.index,
            seed=self.seed,
            channels=self.channels,
        )
