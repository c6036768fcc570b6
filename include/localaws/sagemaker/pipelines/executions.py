"""The operations on executions: start, describe, list, stop and retry."""

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
    """Return the execution that a call names; ResourceNotFound if there is none."""
    arn = str(call.params.get(EXECUTION) or "")
    execution = call.store(PipelineStore).executions.get(arn)
    if execution is None:
        raise ServiceError("ResourceNotFound", f"Pipeline execution '{arn}' does not exist.")
    return execution


@sagemaker.operation("StartPipelineExecution", resource=NAME)
def start_pipeline_execution(call: Call) -> dict[str, Any]:
    """Start an execution of the current definition; the same token starts it only once."""
    for option in UNSUPPORTED:
        if option in call.params:
            raise unsupported_option(option)

    def act() -> dict[str, Any]:
        pipeline = pipeline_of(call)
        name = "".join(secrets.choice(ALPHABET) for _ in range(12))
        request = {**pipeline.members, **call.params}
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
            request=request,
            limit=_limit(request),
        )
        call.store(PipelineStore).executions[execution.arn] = execution
        pipeline.last_run = execution.created
        execution.announce(call, None)
        call.background(run_steps, call.host, execution)
        return {EXECUTION: execution.arn}

    return once(call, act)


def _parameters(definition: Definition, params: dict[str, Any]) -> dict[str, Any]:
    texts = {
        parameter["Name"]: parameter["Value"]
        for parameter in params.get("PipelineParameters") or []
    }
    unknown = sorted(set(texts) - set(definition.parameters))
    if unknown:
        raise refused(f"Unknown parameters [{', '.join(unknown)}].")
    missing = [
        parameter.name
        for parameter in definition.parameters.values()
        if parameter.default is None and parameter.name not in texts
    ]
    if missing:
        raise refused(f"Parameters [{', '.join(missing)}] do not have default values.")
    return {
        name: parameter.read(texts[name]) if name in texts else parameter.default
        for name, parameter in definition.parameters.items()
    }


def _limit(request: dict[str, Any]) -> int:
    return int((request.get("ParallelismConfiguration") or {}).get("MaxParallelExecutionSteps", 50))


@sagemaker.operation("DescribePipelineExecution", resource=EXECUTION)
def describe_pipeline_execution(call: Call) -> dict[str, Any]:
    """Describe an execution."""
    execution = execution_of(call)
    with execution.lock:
        description = {
            "PipelineArn": execution.pipeline_arn,
            EXECUTION: execution.arn,
            "PipelineExecutionStatus": execution.status,
            "CreationTime": execution.created,
            "LastModifiedTime": execution.modified or execution.created,
            "CreatedBy": execution.created_by,
            "LastModifiedBy": execution.created_by,
        }
        description |= {
            name: execution.request[name] for name in SHOWN if name in execution.request
        }
        return description | ({"FailureReason": execution.failure} if execution.failure else {})


@sagemaker.operation("ListPipelineExecutions", resource=NAME)
def list_pipeline_executions(call: Call) -> dict[str, Any]:
    """List a pipeline's executions, by default the newest first."""
    pipeline, params = pipeline_of(call), call.params
    window = {
        "CreationTimeAfter": params.get("CreatedAfter"),
        "CreationTimeBefore": params.get("CreatedBefore"),
    }
    executions = [
        execution
        for execution in call.store(PipelineStore).executions.values()
        if execution.pipeline_name == pipeline.name
        and in_window(window, execution.created, execution.arn)
    ]
    by_arn = params.get("SortBy") == EXECUTION
    executions.sort(
        key=lambda execution: (
            execution.arn if by_arn else execution.created.isoformat(),
            execution.arn,
        )
    )
    if params.get("SortOrder", "Descending") == "Descending":
        executions.reverse()
    page, rest = SAGEMAKER.page(params, [_summary(execution) for execution in executions])
    return {"PipelineExecutionSummaries": page, **rest}


def _summary(execution: Execution) -> dict[str, Any]:
    with execution.lock:
        summary = {
            EXECUTION: execution.arn,
            "StartTime": execution.created,
            "PipelineExecutionStatus": execution.status,
        }
        summary |= {
            name: execution.request[name] for name in SHOWN[:2] if name in execution.request
        }
        return summary | (
            {"PipelineExecutionFailureReason": execution.failure} if execution.failure else {}
        )


@sagemaker.operation("ListPipelineExecutionSteps", resource=EXECUTION)
def list_pipeline_execution_steps(call: Call) -> dict[str, Any]:
    """List the started steps, by default the latest first."""
    execution = execution_of(call)
    with execution.lock:
        steps = [run.describe() for run in execution.steps.values()]
    if call.params.get("SortOrder", "Descending") == "Descending":
        steps.reverse()
    page, rest = SAGEMAKER.page(call.params, steps)
    return {"PipelineExecutionSteps": page, **rest}


@sagemaker.operation("ListPipelineParametersForExecution", resource=EXECUTION)
def list_pipeline_parameters_for_execution(call: Call) -> dict[str, Any]:
    """List the parameters that an execution was started with."""
    page, rest = SAGEMAKER.page(call.params, execution_of(call).started_parameters)
    return {"PipelineParameters": page, **rest}


@sagemaker.operation("DescribePipelineDefinitionForExecution", resource=EXECUTION)
def describe_pipeline_definition_for_execution(call: Call) -> dict[str, Any]:
    """Return the definition that an execution runs, even if the pipeline's has changed."""
    execution = execution_of(call)
    return {"PipelineDefinition": execution.text, "CreationTime": execution.created}


@sagemaker.operation("StopPipelineExecution", resource=EXECUTION)
def stop_pipeline_execution(call: Call) -> dict[str, Any]:
    """Stop an execution: its jobs are stopped, no further step is started."""

    def act() -> dict[str, Any]:
        execution = execution_of(call)
        with execution.lock:
            if execution.ended:
                raise refused(f"Pipeline execution with ARN {execution.arn} already completed.")
            if not execution.stopping.is_set():
                execution.stopping.set()
                execution.move(call, "Stopping")
        return {EXECUTION: execution.arn}

    return once(call, act)


@sagemaker.operation("RetryPipelineExecution", resource=EXECUTION)
def retry_pipeline_execution(call: Call) -> dict[str, Any]:
    """Resume a failed or stopped execution: steps that have not succeeded run again."""

    def act() -> dict[str, Any]:
        execution = execution_of(call)
        if execution.status not in ("Failed", "Stopped"):
            raise refused(
                f"Pipeline execution with ARN {execution.arn} is {execution.status}: only a failed "
                "or stopped one can be retried."
            )
        with execution.lock:
            execution.steps = {
                n: run for n, run in execution.steps.items() if run.status == "Succeeded"
            }
            execution.limit = _limit({**execution.request, **call.params})
            execution.stopping.clear()
        execution.move(call, "Executing")
        call.background(run_steps, call.host, execution)
        return {EXECUTION: execution.arn}

    return once(call, act)
