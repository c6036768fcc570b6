"""Executions as the API shows them: start, follow, stop, try again."""

from __future__ import annotations

import secrets
import string
from typing import Any

from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.machine.failures import unsupported_option
from localaws.sagemaker.pipelines.definition import Definition, refused
from localaws.sagemaker.pipelines.execution import Execution
from localaws.sagemaker.pipelines.pipelines import NAME, PipelineStore, once, pipeline_of
from localaws.sagemaker.pipelines.run import run as run_steps
from localaws.sagemaker.registry.groups import in_window

sagemaker = Service.named("sagemaker")
EXECUTION = "PipelineExecutionArn"
UNSUPPORTED = ("SelectiveExecutionConfig", "PipelineVersionId", "MlflowExperimentName")
SHOWN = ("PipelineExecutionDisplayName", "PipelineExecutionDescription", "ParallelismConfiguration")
ALPHABET = string.ascii_lowercase + string.digits


def execution_of(call: Call) -> Execution:
    """Return the execution that a call names; ResourceNotFound."""
    arn = str(call.params.get(EXECUTION) or "")
    found = call.store(PipelineStore).executions.get(arn)
    if found is None:
        raise ServiceError("ResourceNotFound", f"Pipeline execution '{arn}' does not exist.")
    return found


@sagemaker.operation("StartPipelineExecution", resource=NAME)
def start_pipeline_execution(call: Call) -> dict[str, Any]:
    """Start an execution with the pipeline's definition of now; the same token starts it once."""
    for option in UNSUPPORTED:
        if option in call.params:
            raise unsupported_option(option)

    def act() -> dict[str, Any]:
        pipeline = pipeline_of(call)
        name = "".join(secrets.choice(ALPHABET) for _ in range(12))
        given = {**pipeline.members, **call.params}
        execution = Execution(
            arn=f"{pipeline.arn}/execution/{name}",
            id=name,
            pipeline_name=pipeline.name,
            pipeline_arn=pipeline.arn,
            role_arn=pipeline.members["RoleArn"],
            text=pipeline.text,
            definition=pipeline.definition,
            parameters=_parameters(pipeline.definition, call.params),
            created=call.now(),
            created_by={"IamIdentity": call.caller.identity()},
            given=given,
            limit=_limit(given),
        )
        call.store(PipelineStore).executions[execution.arn] = execution
        pipeline.last_run = execution.created
        execution.announce(call, None)
        call.background(run_steps, call.host, execution)
        return {EXECUTION: execution.arn}

    return once(call, act)


def _parameters(definition: Definition, params: dict[str, Any]) -> dict[str, Any]:
    given = {one["Name"]: one["Value"] for one in params.get("PipelineParameters") or []}
    unknown = sorted(set(given) - set(definition.parameters))
    if unknown:
        raise refused(f"Unknown parameters [{', '.join(unknown)}].")
    missing = [
        one.name
        for one in definition.parameters.values()
        if one.default is None and one.name not in given
    ]
    if missing:
        raise refused(f"Parameters [{', '.join(missing)}] do not have default values: give them.")
    return {
        name: one.read(given[name]) if name in given else one.default
        for name, one in definition.parameters.items()
    }


def _limit(given: dict[str, Any]) -> int:
    return int((given.get("ParallelismConfiguration") or {}).get("MaxParallelExecutionSteps", 50))


@sagemaker.operation("DescribePipelineExecution", resource=EXECUTION)
def describe_pipeline_execution(call: Call) -> dict[str, Any]:
    """Describe an execution."""
    one = execution_of(call)
    with one.lock:
        found = {
            "PipelineArn": one.pipeline_arn,
            EXECUTION: one.arn,
            "PipelineExecutionStatus": one.status,
            "CreationTime": one.created,
            "LastModifiedTime": one.modified or one.created,
            "CreatedBy": one.created_by,
            "LastModifiedBy": one.created_by,
        }
        found |= {name: one.given[name] for name in SHOWN if name in one.given}
        return found | ({"FailureReason": one.failure} if one.failure else {})


@sagemaker.operation("ListPipelineExecutions", resource=NAME)
def list_pipeline_executions(call: Call) -> dict[str, Any]:
    """List a pipeline's executions, the newest first unless asked otherwise."""
    pipeline, asked = pipeline_of(call), call.params
    window = {
        "CreationTimeAfter": asked.get("CreatedAfter"),
        "CreationTimeBefore": asked.get("CreatedBefore"),
    }
    found = [
        one
        for one in call.store(PipelineStore).executions.values()
        if one.pipeline_name == pipeline.name and in_window(window, one.created, one.arn)
    ]
    by_arn = asked.get("SortBy") == EXECUTION
    found.sort(key=lambda one: (one.arn if by_arn else one.created.isoformat(), one.arn))
    if asked.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    page, rest = SAGEMAKER.page(asked, [_summary(one) for one in found])
    return {"PipelineExecutionSummaries": page, **rest}


def _summary(one: Execution) -> dict[str, Any]:
    with one.lock:
        found = {
            EXECUTION: one.arn,
            "StartTime": one.created,
            "PipelineExecutionStatus": one.status,
        }
        found |= {name: one.given[name] for name in SHOWN[:2] if name in one.given}
        return found | ({"PipelineExecutionFailureReason": one.failure} if one.failure else {})


@sagemaker.operation("ListPipelineExecutionSteps", resource=EXECUTION)
def list_pipeline_execution_steps(call: Call) -> dict[str, Any]:
    """List the steps that were begun, the latest first unless asked otherwise."""
    one = execution_of(call)
    with one.lock:
        found = [run.describe() for run in one.steps.values()]
    if call.params.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    page, rest = SAGEMAKER.page(call.params, found)
    return {"PipelineExecutionSteps": page, **rest}


@sagemaker.operation("ListPipelineParametersForExecution", resource=EXECUTION)
def list_pipeline_parameters_for_execution(call: Call) -> dict[str, Any]:
    """List the parameters that an execution was started with."""
    page, rest = SAGEMAKER.page(call.params, execution_of(call).started_parameters)
    return {"PipelineParameters": page, **rest}


@sagemaker.operation("DescribePipelineDefinitionForExecution", resource=EXECUTION)
def describe_pipeline_definition_for_execution(call: Call) -> dict[str, Any]:
    """Return the definition that an execution runs, whatever became of the pipeline's."""
    one = execution_of(call)
    return {"PipelineDefinition": one.text, "CreationTime": one.created}


@sagemaker.operation("StopPipelineExecution", resource=EXECUTION)
def stop_pipeline_execution(call: Call) -> dict[str, Any]:
    """Stop an execution: its jobs are stopped, no further step begins."""

    def act() -> dict[str, Any]:
        one = execution_of(call)
        with one.lock:
            if one.ended:
                raise refused(f"Pipeline execution with ARN {one.arn} already completed.")
            if not one.stopping.is_set():
                one.stopping.set()
                one.move(call, "Stopping")
        return {EXECUTION: one.arn}

    return once(call, act)


@sagemaker.operation("RetryPipelineExecution", resource=EXECUTION)
def retry_pipeline_execution(call: Call) -> dict[str, Any]:
    """Go on with a failed or stopped execution: what succeeded stays, the rest runs again."""

    def act() -> dict[str, Any]:
        one = execution_of(call)
        if one.status not in ("Failed", "Stopped"):
            raise refused(
                f"Pipeline execution with ARN {one.arn} is {one.status}: only a failed or stopped "
                "one can be retried."
            )
        with one.lock:
            one.steps = {n: run for n, run in one.steps.items() if run.status == "Succeeded"}
            one.limit = _limit({**one.given, **call.params})
            one.stopping.clear()
        one.move(call, "Executing")
        call.background(run_steps, call.host, one)
        return {EXECUTION: one.arn}

    return once(call, act)
