"""Pipelines as the API shows them: their definition and role, not their executions.

A definition is parsed when the pipeline is created or changed; an execution keeps the definition
that it was started with.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localaws.kit.arns import Arn, name_of
from localaws.kit.idempotency import ClientTokens
from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError
from localaws.ram import grants
from localaws.ram.resources import shareable
from localaws.sagemaker.machine.failures import unsupported_option
from localaws.sagemaker.pipelines.definition import Definition, read_definition, refused
from localaws.sagemaker.registry.groups import in_window
from localaws.sagemaker.tags import TagStore

if TYPE_CHECKING:
    from localaws.kit.capabilities import Stores
    from localaws.sagemaker.pipelines.execution import Execution

sagemaker = Service.named("sagemaker")
NAME = "PipelineName"
KEPT = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")


@dataclass
class Pipeline:
    """One pipeline."""

    name: str
    arn: str
    text: str
    definition: Definition
    created: datetime
    created_by: dict[str, Any]
    members: dict[str, Any] = field(default_factory=dict)
    modified: datetime | None = None
    modified_by: dict[str, Any] = field(default_factory=dict)
    last_run: datetime | None = None

    def summary(self) -> dict[str, Any]:
        """Return the pipeline as ListPipelines shows it."""
        summary = {k: v for k, v in self.members.items() if k != "ParallelismConfiguration"}
        summary |= {
            "PipelineArn": self.arn,
            NAME: self.name,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified or self.created,
        }
        return summary | ({"LastExecutionTime": self.last_run} if self.last_run else {})

    def describe(self) -> dict[str, Any]:
        """Return the pipeline as DescribePipeline shows it."""
        members = {**self.members, **self.summary()}
        members.pop("LastExecutionTime", None)
        return {
            **members,
            "PipelineDefinition": self.text,
            "PipelineStatus": "Active",
            "CreatedBy": self.created_by,
            "LastModifiedBy": self.modified_by or self.created_by,
            **({"LastRunTime": self.last_run} if self.last_run else {}),
        }


class PipelineStore:
    """The pipelines of one account and region, and their executions."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.pipelines: dict[str, Pipeline] = {}
        self.executions: dict[str, Execution] = {}  # by ARN
        self.tokens = ClientTokens()

    def get(self, name: str, arn: str) -> Pipeline:
        """Return a pipeline; ResourceNotFound if there is none."""
        pipeline = self.pipelines.get(name)
        if pipeline is None:
            raise ServiceError("ResourceNotFound", f"Pipeline '{arn}' does not exist.")
        return pipeline


def pipeline_of(call: Call) -> Pipeline:
    """Return the pipeline that a call names by name or ARN, in the account where it is served."""
    name = name_of(str(call.params[NAME]))
    return call.store(PipelineStore).get(name, call.arn(f"pipeline/{name}"))


def once(call: Call, act: Any) -> dict[str, Any]:
    """Do a call once per ClientRequestToken; ConflictException if the parameters differ."""
    token = call.params["ClientRequestToken"]
    content = {k: v for k, v in call.params.items() if k != "ClientRequestToken"}
    store = call.store(PipelineStore)
    with store.lock:
        return store.tokens.once(
            (call.operation, token),
            content,
            call.now(),
            act,
            ServiceError(
                "ConflictException", "The ClientRequestToken was used with other parameters."
            ),
        )


def _definition(params: dict[str, Any]) -> str:
    if "PipelineDefinitionS3Location" in params:
        raise unsupported_option("PipelineDefinitionS3Location (give PipelineDefinition)")
    return str(params["PipelineDefinition"])


@sagemaker.operation("CreatePipeline")
def create_pipeline(call: Call) -> dict[str, Any]:
    """Create a pipeline in the caller's account."""

    def act() -> dict[str, Any]:
        name, store = call.params[NAME], call.store(PipelineStore)
        if name in store.pipelines:
            raise refused(
                "Pipeline names must be unique within an AWS account and region. Pipeline with "
                f"name ({name}) already exists."
            )
        if "PipelineDefinition" not in call.params and (
            "PipelineDefinitionS3Location" not in call.params
        ):
            raise refused("A PipelineDefinition is required.")
        text = _definition(call.params)
        pipeline = Pipeline(
            name=name,
            arn=call.arn(f"pipeline/{name}"),
            text=text,
            definition=read_definition(text),
            created=call.now(),
            created_by={"IamIdentity": call.caller.identity()},
            members={k: call.params[k] for k in KEPT if k in call.params},
        )
        store.pipelines[name] = pipeline
        call.store(TagStore).put(pipeline.arn, call.params.get("Tags"))
        return {"PipelineArn": pipeline.arn}

    return once(call, act)


@sagemaker.operation("UpdatePipeline")
def update_pipeline(call: Call) -> dict[str, Any]:
    """Change an own pipeline; running executions keep their definition."""
    pipeline = pipeline_of(call)
    if "PipelineDefinition" in call.params or "PipelineDefinitionS3Location" in call.params:
        text = _definition(call.params)
        pipeline.definition, pipeline.text = read_definition(text), text
    pipeline.members |= {k: call.params[k] for k in KEPT if k in call.params}
    pipeline.modified = call.now()
    pipeline.modified_by = {"IamIdentity": call.caller.identity()}
    return {"PipelineArn": pipeline.arn}


@sagemaker.operation("DescribePipeline", resource=NAME)
def describe_pipeline(call: Call) -> dict[str, Any]:
    """Describe a pipeline, one of another account by its ARN."""
    if "PipelineVersionId" in call.params:
        raise unsupported_option("PipelineVersionId")
    return pipeline_of(call).describe()


@sagemaker.operation("DeletePipeline")
def delete_pipeline(call: Call) -> dict[str, Any]:
    """Delete an own pipeline without running executions."""

    def act() -> dict[str, Any]:
        pipeline, store = pipeline_of(call), call.store(PipelineStore)
        executions = [
            execution
            for execution in store.executions.values()
            if execution.pipeline_name == pipeline.name
        ]
        if any(not execution.ended for execution in executions):
            raise ServiceError(
                "ConflictException", f"Pipeline {pipeline.arn} has executions that still run."
            )
        del store.pipelines[pipeline.name]
        for execution in executions:
            del store.executions[execution.arn]
        call.store(TagStore).forget(pipeline.arn)
        grants.forget(call, pipeline.arn)
        return {"PipelineArn": pipeline.arn}

    return once(call, act)


@sagemaker.operation("ListPipelines")
def list_pipelines(call: Call) -> dict[str, Any]:
    """List own pipelines, by default the newest first."""
    params = call.params
    prefix = params.get("PipelineNamePrefix", "")
    pipelines = [
        pipeline
        for pipeline in call.store(PipelineStore).pipelines.values()
        if pipeline.name.startswith(prefix)
        and in_window(
            {
                "CreationTimeAfter": params.get("CreatedAfter"),
                "CreationTimeBefore": params.get("CreatedBefore"),
            },
            pipeline.created,
            pipeline.name,
        )
    ]
    by_name = params.get("SortBy") == "Name"
    pipelines.sort(
        key=lambda pipeline: (
            pipeline.name if by_name else pipeline.created.isoformat(),
            pipeline.name,
        )
    )
    if params.get("SortOrder", "Descending") == "Descending":
        pipelines.reverse()
    page, rest = SAGEMAKER.page(params, [pipeline.summary() for pipeline in pipelines])
    return {"PipelineSummaries": page, **rest}


@shareable("sagemaker:Pipeline")
def pipeline_exists(stores: Stores, arn: Arn) -> bool:
    """Tell RAM whether a pipeline exists."""
    return arn.resource_id in stores.store(PipelineStore, arn.account, arn.region).pipelines
