"""A training as one SageMaker pipeline: brought to its definition, started or adopted, followed.

An execution is named after its inputs: a retry finds the one that runs or is done, and after one
that failed the next ordinal is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from causeway.digests import sha256
from causeway.errors import NameTaken, NotFound, UnexpectedState
from causeway.statuses import Meaning
from causeway.topology.account_roles import AccountRole
from causeway.training.adoption import Adoption, DescribedJob, next_job
from causeway.training.jobs import code_prefix, training_code
from causeway.training.pipelines import (
    EVALUATE,
    EVALUATION,
    PARTS,
    PREPROCESS,
    TRAIN,
    PipelineRun,
    contract_of,
    pipeline_run,
)
from causeway_airflow.configuration import case_and_model, topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.jobs import JobKind, JobsHook
from causeway_airflow.hooks.pipelines import PipelinesHook, Steps
from causeway_airflow.results import PipelineResult
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.jobs import uri_of
from causeway_airflow.waits import Done, Outcome, Pending, Question, Wait

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingPipeline:
    """A pipeline with the role it runs as, and what its steps read: `files` by URI."""

    run: PipelineRun
    role_arn: str
    files: Mapping[str, bytes]


def training_pipeline(
    role: AccountRole, use_case: str, model_name: str, *, dataset: str, seed: int | None
) -> TrainingPipeline:
    """Return the pipeline that trains a model on a dataset."""
    case, model = case_and_model(use_case, model_name)
    code = training_code(case, model)
    prefix = code_prefix(case.id, code)
    files = {**code.files, "sourcedir.tar.gz": code.archive()}
    contract_key, contract = contract_of(case, model)
    return TrainingPipeline(
        run=pipeline_run(case, model, topology(), code, dataset=dataset, seed=seed),
        role_arn=topology().role_arn(role, "pipeline-execution"),
        files={
            **{uri_of(role, f"{prefix}/{name}"): body for name, body in files.items()},
            uri_of(role, contract_key): contract.encode(),
        },
    )


def begin(hook: Hooks, pipeline: TrainingPipeline) -> Outcome[PipelineResult]:
    """Put the files there, bring the pipeline to its definition, start or adopt its execution.

    Raises:
        JobFailed: the last allowed attempt failed.
        NameTaken: an execution of that name runs another definition.
    """
    files, pipelines, run = hook(ArtifactsHook), hook(PipelinesHook), pipeline.run
    for uri, body in pipeline.files.items():
        files.put(uri, body, sha256=sha256(body))  # what is there stays
    change = ensure(pipelines, run, pipeline.role_arn)
    arn, adopted = start(pipelines, run)
    log.info("pipeline %s %s; %s", run.pipeline, change, arn)
    log.info("execution %s", "adopted" if adopted else f"started as {run.name}")
    return _outcome(hook, arn)


def look(hook: Hooks, pipeline: TrainingPipeline) -> Outcome[PipelineResult]:
    """Look at the latest attempt.

    Raises:
        NotFound: there is no attempt any more.
        JobFailed: it ended without a result; the reason of each step is in the error.
    """
    pipelines, run = hook(PipelinesHook), pipeline.run
    attempts = pipelines.attempts(run)
    if not attempts:
        raise NotFound(
            f"execution {run.name} of pipeline {run.pipeline} is gone",
            principal=pipelines.principal,
            next_step="Re-run the task: it starts it anew.",
        )
    return _outcome(hook, str(attempts[-1]["PipelineExecutionArn"]))


def stop(hook: Hooks, pipeline: TrainingPipeline) -> None:
    """Stop the latest attempt unless it has ended, or was never begun."""
    pipelines = hook(PipelinesHook)
    if pipelines.find(pipeline.run.pipeline) is None:
        return
    for attempt in pipelines.attempts(pipeline.run)[-1:]:
        pipelines.stop(str(attempt["PipelineExecutionArn"]))


def ensure(pipelines: PipelinesHook, run: PipelineRun, role_arn: str) -> str:
    """Bring the pipeline to its definition and role; `created`, `updated` or `unchanged`.

    Raises `AwsCallError` when the definition is refused.
    """
    declared = {"PipelineDefinition": run.definition, "RoleArn": role_arn}
    description = pipelines.find(run.pipeline)
    if description is None:
        try:
            pipelines.call("create_pipeline", PipelineName=run.pipeline, **declared)
        except AwsCallError as error:
            if not error.exists:
                raise
            return ensure(pipelines, run, role_arn)  # somebody made it since it was described
        return "created"
    if all(description.get(name) == value for name, value in declared.items()):
        return "unchanged"
    pipelines.call("update_pipeline", PipelineName=run.pipeline, **declared)
    return "updated"


def start(pipelines: PipelinesHook, run: PipelineRun) -> tuple[str, bool]:
    """Start the next attempt, or adopt the one that runs or is done: its ARN, and whether so.

    The same attempt has the same request token: two tasks that start it at once start one.

    Raises:
        JobFailed: the last allowed attempt failed.
        NameTaken: an execution of that name runs another definition.
    """
    attempts = pipelines.attempts(run)
    described = [
        DescribedJob(
            name=attempt["PipelineExecutionDisplayName"],
            status=attempt["PipelineExecutionStatus"],
            failure_reason=str(attempt.get("PipelineExecutionFailureReason", "")),
            expired=topology().retention.jobs_expired(attempt.get("StartTime"), clock.now()),
        )
        for attempt in attempts
    ]
    step = next_job(run.name, described, run.max_attempts, enum="PipelineExecutionStatus")
    if step.action is Adoption.CREATE:
        arn = pipelines.start(run, step.name, run.token(step.attempt))
    else:
        arn = str(attempts[step.attempt - 1]["PipelineExecutionArn"])
    if pipelines.definition(arn) != run.definition:
        raise NameTaken(
            f"{arn} runs another definition of pipeline {run.pipeline} than this training's",
            principal=pipelines.principal,
            next_step="The pipeline was changed meanwhile: stop that execution, run again.",
        )
    return arn, step.action is not Adoption.CREATE


def wait_of(arn: str) -> Wait:
    """Return the wait for an execution: its status, its steps meanwhile, and how to stop it."""
    hook = "causeway_airflow.hooks.pipelines.PipelinesHook"
    return Wait(
        what=f"pipeline execution {arn}",
        ask=Question(hook, "describe_pipeline_execution", {"PipelineExecutionArn": arn}),
        path="PipelineExecutionStatus",
        enum="PipelineExecutionStatus",
        progress=Question(hook, "progress", {"arn": arn}),
        stop=Question(hook, "stop", {"arn": arn}),
    )


def _outcome(hook: Hooks, arn: str) -> Outcome[PipelineResult]:
    pipelines = hook(PipelinesHook)
    description = pipelines.describe(arn)
    match pipelines.meaning(description):
        case Meaning.SUCCESS:
            return Done(_result(hook, arn))
        case Meaning.WAITING:
            return Pending(wait_of(arn))  # which jobs it made is known only at its end
    raise pipelines.failure(arn, description)


def _result(hook: Hooks, arn: str) -> PipelineResult:
    """Return what an execution made, as the task route's jobs would hand it over."""
    jobs, steps = hook(JobsHook), hook(PipelinesHook).steps(arn)
    outputs = {
        output: jobs.processed(job_of(jobs, steps, name))["outputs"][output]
        for name, output in ((PREPROCESS, PARTS), (EVALUATE, EVALUATION))
    }
    trained = jobs.trained(job_of(jobs, steps, TRAIN))
    return {"execution": arn, "outputs": outputs, "jobs": [trained]}


def job_of(jobs: JobsHook, steps: Steps, name: str) -> dict[str, Any]:
    """Return the description of the job that a step made."""
    metadata = steps.get(name, {}).get("Metadata", {})
    kind: JobKind = "training" if "TrainingJob" in metadata else "processing"
    arn = str(metadata.get(f"{kind.capitalize()}Job", {}).get("Arn", ""))
    description = jobs.describe(kind, arn.rpartition("/")[2]) if arn else None
    if description is None:
        raise UnexpectedState(
            f"the execution has no job for its step {name}",
            principal=jobs.principal,
            next_step="Look at the pipeline's steps: is it ours?",
        )
    return description
