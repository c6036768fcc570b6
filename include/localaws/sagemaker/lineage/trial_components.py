"""SageMaker experiments: trial components, created by calls or for jobs.

SageMaker creates one for each training and processing job (`<job>-aws-training-job`). Here they are
created and updated whenever a call reads trial components or lineage.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.jobs.jobs import FINISHED, PROCESSING, TRAINING, Job, JobKind, JobStore
from localaws.sagemaker.lineage.listing import page_of
from localaws.sagemaker.lineage.store import Entity, LineageStore, add, entity_arn, remove

sagemaker = Service.named("sagemaker")
KIND, NAME = "experiment-trial-component", "TrialComponentName"
MAPS = {"Parameters": 300, "InputArtifacts": 60, "OutputArtifacts": 60}  # botocore: most entries
PLAIN = ("DisplayName", "Status", "StartTime", "EndTime")
SUMMARY = {
    name: name
    for name in (
        NAME,
        "TrialComponentArn",
        *PLAIN,
        "CreationTime",
        "CreatedBy",
        "LastModifiedTime",
        "LastModifiedBy",
    )
} | {"TrialComponentSource": "Source"}
SUFFIX = {TRAINING.prefix: "-aws-training-job", PROCESSING.prefix: "-aws-processing-job"}


def component_of(call: Call, name_or_arn: str) -> Entity:
    """Return a trial component by name or ARN; ResourceNotFound if there is none."""
    of_jobs(call)
    return call.store(LineageStore).find(entity_arn(call, KIND, name_or_arn))


def component_name(kind: JobKind, job: str) -> str:
    """Return the name of a job's trial component."""
    return f"{job}{SUFFIX[kind.prefix]}"[:120]


def of_jobs(call: Call) -> None:
    """Create or update the trial components of the account's jobs."""
    store = call.store(LineageStore)
    for kind in (TRAINING, PROCESSING):
        for job in call.store(JobStore).all(kind):
            name = component_name(kind, job.name)
            arn = call.arn(f"{KIND}/{name}", "sagemaker")
            if arn not in store.entities:
                source = {"SourceArn": job.arn, "SourceType": f"SageMaker{kind.prefix}"}
                record: dict[str, Any] = {
                    NAME: name,
                    "TrialComponentArn": arn,
                    "DisplayName": name,
                    "Source": source,
                }
                _add(call, Entity(KIND, name, arn, source["SourceType"], record))
                _join(call, job, arn)
            _renew(store.entities[arn], job)


def _add(call: Call, entity: Entity) -> None:
    """Store a job's component, without the tags of the current call."""
    bare = {name: value for name, value in call.params.items() if name != "Tags"}
    add(replace(call, params=bare), entity)


def _join(call: Call, job: Job, arn: str) -> None:
    """Add a job's component to the trial that its `ExperimentConfig` names."""
    trial = (job.request.get("ExperimentConfig") or {}).get("TrialName")
    trial_arn = call.arn(f"experiment-trial/{trial}", "sagemaker")
    store = call.store(LineageStore)
    if trial and trial_arn in store.entities:
        store.members.setdefault(trial_arn, {})[arn] = None


def _renew(entity: Entity, job: Job) -> None:
    described, record = job.description(), entity.record
    record["Status"] = {"PrimaryStatus": job.status}
    if job.failure:
        record["Status"]["Message"] = job.failure
    record["CreationTime"], record["LastModifiedTime"] = job.created, job.modified or job.created
    if job.started:
        record["StartTime"] = job.started
    if job.ended and job.status in FINISHED:
        record["EndTime"] = job.ended
    parameters = described.get("HyperParameters") or {}
    record["Parameters"] = {
        name: {"StringValue": str(value)[:2500]} for name, value in list(parameters.items())[:300]
    }
    record["InputArtifacts"] = _inputs(described)
    model = (described.get("ModelArtifacts") or {}).get("S3ModelArtifacts")
    outputs = (described.get("ProcessingOutputConfig") or {}).get("Outputs", [])
    artifacts = {output["OutputName"]: {"Value": output["S3Output"]["S3Uri"]} for output in outputs}
    prefix = (described.get("OutputDataConfig") or {}).get("S3OutputPath")
    if prefix and job.status == "Completed":
        model = model or f"{prefix.rstrip('/')}/{job.name}/output/model.tar.gz"
        artifacts["SageMaker.ModelArtifact"] = {"Value": model}
    record["OutputArtifacts"] = artifacts


def _inputs(described: dict[str, Any]) -> dict[str, Any]:
    artifacts = {}
    for channel in described.get("InputDataConfig") or []:
        uri = channel.get("DataSource", {}).get("S3DataSource", {}).get("S3Uri")
        if uri:
            artifacts[channel["ChannelName"]] = {"Value": uri}
    for item in described.get("ProcessingInputs") or []:
        uri = item.get("S3Input", {}).get("S3Uri")
        if uri:
            artifacts[item["InputName"]] = {"Value": uri}
    return artifacts


@sagemaker.operation("CreateTrialComponent")
def create_trial_component(call: Call) -> dict[str, Any]:
    """Create a trial component."""
    params, name = call.params, call.params[NAME]
    arn = call.arn(f"{KIND}/{name}")
    members = (*PLAIN, *MAPS, "MetadataProperties")
    record = {member: params[member] for member in members if params.get(member)}
    record |= {NAME: name, "TrialComponentArn": arn, "DisplayName": params.get("DisplayName", name)}
    add(call, Entity(KIND, name, arn, "TrialComponent", record))
    return {"TrialComponentArn": arn}


@sagemaker.operation("DescribeTrialComponent", resource=NAME)
def describe_trial_component(call: Call) -> dict[str, Any]:
    """Describe a trial component."""
    return dict(component_of(call, call.params[NAME]).record)


@sagemaker.operation("UpdateTrialComponent")
def update_trial_component(call: Call) -> dict[str, Any]:
    """Change a trial component; its maps are merged, and keys in `…ToRemove` removed."""
    entity, params = component_of(call, call.params[NAME]), call.params
    changed = {name: params[name] for name in PLAIN if name in params}
    for name, most in MAPS.items():
        removed = params.get(f"{name}ToRemove") or []
        unchanged = {k: v for k, v in entity.record.get(name, {}).items() if k not in removed}
        changed[name] = unchanged | (params.get(name) or {})
        if len(changed[name]) > most:
            raise ServiceError("ValidationException", f"{name} may have {most} entries at most.")
    entity.record = {**entity.record, **changed}
    entity.touch(call)
    return {"TrialComponentArn": entity.arn}


@sagemaker.operation("DeleteTrialComponent")
def delete_trial_component(call: Call) -> dict[str, Any]:
    """Delete a trial component that is in no trial."""
    entity = component_of(call, call.params[NAME])
    trials = [
        t for t, components in call.store(LineageStore).members.items() if entity.arn in components
    ]
    if trials:
        raise ServiceError(
            "ValidationException",
            f"{entity.arn} cannot be deleted: disassociate it from {', '.join(trials)} first.",
        )
    remove(call, entity)
    return {"TrialComponentArn": entity.arn}


@sagemaker.operation("ListTrialComponents")
def list_trial_components(call: Call) -> dict[str, Any]:
    """List trial components: all, those of a trial or an experiment, or those of a source."""
    of_jobs(call)
    store, params = call.store(LineageStore), call.params
    filters = [n for n in ("ExperimentName", "TrialName", "SourceArn") if params.get(n)]
    if len(filters) > 1:
        raise ServiceError("ValidationException", f"Give only one of {', '.join(filters)}.")
    components = store.of_kind(KIND)
    if params.get("SourceArn"):
        components = [
            o
            for o in components
            if o.record.get("Source", {}).get("SourceArn") == params["SourceArn"]
        ]
    elif filters:
        trials = _trials(call)
        arns = {arn for trial in trials for arn in store.members.get(trial, {})}
        components = [component for component in components if component.arn in arns]
    return page_of(params, components, SUMMARY, "TrialComponentSummaries")


def _trials(call: Call) -> list[str]:
    store, params = call.store(LineageStore), call.params
    if params.get("TrialName"):
        return [store.find(call.arn(f"experiment-trial/{params['TrialName']}")).arn]
    name = params["ExperimentName"]
    store.find(call.arn(f"experiment/{name}"))
    return [t.arn for t in store.of_kind("experiment-trial") if t.record["ExperimentName"] == name]
