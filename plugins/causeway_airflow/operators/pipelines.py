"""The operator of the pipeline route: one SageMaker pipeline in place of the tasks' jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from causeway.digests import sha256
from causeway.errors import NotFound
from causeway.statuses import Meaning
from causeway.topology.accounts import AccountRole
from causeway_airflow.configuration import case_and_model, topology
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.operators.training import TrainingOperator
from causeway_airflow.parameters import read_parameter

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway.training.pipelines import PipelineRun


class RunPipelineOperator(TrainingOperator):
    """Bring the model's pipeline to its definition, start or adopt its execution, and follow it.

    The execution is named after its inputs: a retry finds the one that runs or is done, and after
    one that failed the next ordinal is taken. The triggerer waits and logs the steps' states.

    :param dataset: the URI of the dataset (templated)
    :param seed: draws another candidate than the use case's (templated; empty: the use case's)
    :param wait: how long to wait for the execution before the task fails (and a retry adopts it)
    :returns: `{"execution", "outputs": {"parts", "evaluation"}, "jobs": [result]}`; `jobs` is
        also a result of its own, as the task route's mapped trainings are
    """

    template_fields = (*CausewayOperator.template_fields, "dataset", "seed")

    def __init__(
        self,
        *,
        dataset: str,
        seed: str | int | None = None,
        wait: timedelta = timedelta(hours=2),
        **kwargs: Any,
    ) -> None:
        # A deferred task is also ended by its execution timeout, whatever the DAG's default.
        super().__init__(**{**kwargs, "execution_timeout": wait + timedelta(minutes=10)})
        self.dataset = dataset
        self.seed = seed
        self.wait = wait
        self._started: str | None = None

    def perform(self, context: Context) -> dict[str, Any]:  # noqa: RET503 - deferring raises
        """Upload what the steps read, start or adopt; defer unless it is done."""
        from causeway_airflow.hooks.pipelines import PipelinesHook
        from causeway_airflow.triggers.pipelines import PipelineTrigger

        run, role = self._run(), AccountRole(self.account_role)
        self._upload()
        hook = PipelinesHook(self.connection(), self.region_name)
        change = hook.ensure(run, topology().role_arn(role, "pipeline-execution"))
        arn, adopted = hook.start(run)
        self._started = arn
        self.log.info("pipeline %s %s; %s", run.pipeline, change, arn)
        self.log.info("execution %s", "adopted" if adopted else f"started as {run.name}")
        if hook.meaning(hook.describe(arn)) is Meaning.SUCCESS:
            return self._result(arn, context)
        self.wait_for(
            PipelineTrigger,
            lasting=self.wait,
            execution_arn=arn,
            ends_task=False,  # which jobs it made is known only at its end
        )

    def resumed(self, context: Context) -> dict[str, Any]:
        """Look at the latest attempt: return its result, or raise why there is none."""
        from causeway_airflow.hooks.jobs import JobInterrupted
        from causeway_airflow.hooks.pipelines import PipelinesHook

        run, hook = self._run(), PipelinesHook(self.connection(), self.region_name)
        attempts = hook.attempts(run)
        if not attempts:
            raise NotFound(
                f"execution {run.name} of pipeline {run.pipeline} is gone",
                principal=hook.principal,
                next_step="Re-run the task: it starts it anew.",
            )
        arn = str(attempts[-1]["PipelineExecutionArn"])
        found = hook.describe(arn)
        meaning = hook.meaning(found)
        if meaning is Meaning.SUCCESS:
            return self._result(arn, context)
        if meaning is Meaning.WAITING:
            raise JobInterrupted(
                f"pipeline execution {arn} still runs after {self.wait}",
                principal=hook.principal,
                next_step="Re-run the task: it adopts the execution and goes on waiting.",
            )
        raise hook.failure(arn, found)

    def on_kill(self) -> None:
        """Stop the execution when the task is killed on its worker; else the trigger does."""
        if self._started is None:
            return
        from causeway_airflow.hooks.pipelines import PipelinesHook

        PipelinesHook(self.connection(), self.region_name).stop(self._started)

    def _run(self) -> PipelineRun:
        from causeway.training.jobs import read_code
        from causeway.training.pipelines import pipeline_run

        case, model = case_and_model(self.use_case, self.model)
        return pipeline_run(
            case,
            model,
            topology(),
            read_code(case.id),
            dataset=self.dataset,
            seed=read_parameter("seed", "optional integer", self.seed),
        )

    def _upload(self) -> None:
        """Put scripts and document where the definition says; what is there stays."""
        from causeway.training.jobs import code_prefix, read_code
        from causeway.training.pipelines import contract_of
        from causeway_airflow.hooks.artifacts import ArtifactsHook

        case, model = case_and_model(self.use_case, self.model)
        role, code = AccountRole(self.account_role), read_code(case.id)
        files = ArtifactsHook(self.connection(), self.region_name)
        prefix = code_prefix(case.id, code)
        for name, body in {**code.files, "sourcedir.tar.gz": code.archive()}.items():
            files.put(self.bucket_uri(role, f"{prefix}/{name}"), body, sha256=sha256(body))
        key, text = contract_of(case, model)
        files.put(self.bucket_uri(role, key), text.encode(), sha256=sha256(text))

    def _result(self, arn: str, context: Context) -> dict[str, Any]:
        from causeway_airflow.hooks.jobs import JobsHook
        from causeway_airflow.hooks.pipelines import PipelinesHook

        hook = PipelinesHook(self.connection(), self.region_name)
        made = hook.result(arn, JobsHook(self.connection(), self.region_name))
        context["ti"].xcom_push("jobs", made["jobs"])
        return made
