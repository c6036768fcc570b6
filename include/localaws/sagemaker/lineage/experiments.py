"""SageMaker experiments and trials, and the trial components of a trial."""

from __future__ import annotations

from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.lineage.listing import page_of
from localaws.sagemaker.lineage.store import Entity, LineageStore, add, remove
from localaws.sagemaker.lineage.trial_components import component_of

sagemaker = Service.named("sagemaker")
Reply = dict[str, Any]
TIMES = {"CreationTime": "CreationTime", "LastModifiedTime": "LastModifiedTime"}


def _experiment(call: Call, name: str) -> Entity:
    return call.store(LineageStore).find(call.arn(f"experiment/{name}"))


def _trial(call: Call, name: str) -> Entity:
    return call.store(LineageStore).find(call.arn(f"experiment-trial/{name}"))


def _trials_of(call: Call, experiment: str) -> list[Entity]:
    trials = call.store(LineageStore).of_kind("experiment-trial")
    return [trial for trial in trials if trial.record["ExperimentName"] == experiment]


@sagemaker.operation("CreateExperiment")
def create_experiment(call: Call) -> Reply:
    """Create an experiment."""
    params, name = call.params, call.params["ExperimentName"]
    arn = call.arn(f"experiment/{name}")
    record = {"ExperimentName": name, "ExperimentArn": arn}
    record["DisplayName"] = params.get("DisplayName", name)
    if params.get("Description"):
        record["Description"] = params["Description"]
    add(call, Entity("experiment", name, arn, "Experiment", record))
    return {"ExperimentArn": arn}


@sagemaker.operation("DescribeExperiment")
def describe_experiment(call: Call) -> Reply:
    """Describe an experiment."""
    return dict(_experiment(call, call.params["ExperimentName"]).record)


@sagemaker.operation("UpdateExperiment")
def update_experiment(call: Call) -> Reply:
    """Change an experiment's display name or description."""
    entity = _experiment(call, call.params["ExperimentName"])
    _set(call, entity, ("DisplayName", "Description"))
    return {"ExperimentArn": entity.arn}


@sagemaker.operation("ListExperiments")
def list_experiments(call: Call) -> Reply:
    """List experiments."""
    shown = {name: name for name in ("ExperimentArn", "ExperimentName", "DisplayName")} | TIMES
    experiments = call.store(LineageStore).of_kind("experiment")
    return page_of(call.params, experiments, shown, "ExperimentSummaries")


@sagemaker.operation("DeleteExperiment")
def delete_experiment(call: Call) -> Reply:
    """Delete an experiment without trials."""
    entity = _experiment(call, call.params["ExperimentName"])
    if _trials_of(call, entity.name):
        raise _in_use(entity, "trials")
    remove(call, entity)
    return {"ExperimentArn": entity.arn}


@sagemaker.operation("CreateTrial")
def create_trial(call: Call) -> Reply:
    """Create a trial of an experiment."""
    params, name = call.params, call.params["TrialName"]
    experiment = _experiment(call, params["ExperimentName"])
    arn = call.arn(f"experiment-trial/{name}")
    record = {"TrialName": name, "TrialArn": arn, "ExperimentName": experiment.name}
    record["DisplayName"] = params.get("DisplayName", name)
    if params.get("MetadataProperties"):
        record["MetadataProperties"] = params["MetadataProperties"]
    add(call, Entity("experiment-trial", name, arn, "Trial", record))
    return {"TrialArn": arn}


@sagemaker.operation("DescribeTrial")
def describe_trial(call: Call) -> Reply:
    """Describe a trial."""
    return dict(_trial(call, call.params["TrialName"]).record)


@sagemaker.operation("UpdateTrial")
def update_trial(call: Call) -> Reply:
    """Change a trial's display name."""
    entity = _trial(call, call.params["TrialName"])
    _set(call, entity, ("DisplayName",))
    return {"TrialArn": entity.arn}


@sagemaker.operation("ListTrials")
def list_trials(call: Call) -> Reply:
    """List trials: all, those of an experiment, or those of a trial component."""
    params, store = call.params, call.store(LineageStore)
    trials = store.of_kind("experiment-trial")
    if params.get("ExperimentName"):
        trials = _trials_of(call, _experiment(call, params["ExperimentName"]).name)
    if params.get("TrialComponentName"):
        component = component_of(call, params["TrialComponentName"]).arn
        trials = [trial for trial in trials if component in store.members.get(trial.arn, {})]
    shown = {name: name for name in ("TrialArn", "TrialName", "DisplayName")} | TIMES
    return page_of(params, trials, shown, "TrialSummaries")


@sagemaker.operation("DeleteTrial")
def delete_trial(call: Call) -> Reply:
    """Delete a trial without trial components."""
    entity = _trial(call, call.params["TrialName"])
    members = call.store(LineageStore).members
    if members.get(entity.arn):
        raise _in_use(entity, "trial components")
    remove(call, entity)
    members.pop(entity.arn, None)
    return {"TrialArn": entity.arn}


@sagemaker.operation("AssociateTrialComponent")
def associate_trial_component(call: Call) -> Reply:
    """Add a trial component to a trial; it may be in it already."""
    component = component_of(call, call.params["TrialComponentName"])
    trial = _trial(call, call.params["TrialName"])
    call.store(LineageStore).members.setdefault(trial.arn, {})[component.arn] = None
    return {"TrialComponentArn": component.arn, "TrialArn": trial.arn}


@sagemaker.operation("DisassociateTrialComponent")
def disassociate_trial_component(call: Call) -> Reply:
    """Remove a trial component from a trial; ResourceNotFound if it is not in it."""
    component = component_of(call, call.params["TrialComponentName"])
    trial = _trial(call, call.params["TrialName"])
    components = call.store(LineageStore).members.get(trial.arn, {})
    if component.arn not in components:
        raise ServiceError("ResourceNotFound", f"{component.arn} is not in {trial.arn}.")
    del components[component.arn]
    return {"TrialComponentArn": component.arn, "TrialArn": trial.arn}


def _set(call: Call, entity: Entity, names: tuple[str, ...]) -> None:
    entity.record |= {name: call.params[name] for name in names if name in call.params}
    entity.touch(call)


def _in_use(entity: Entity, contents: str) -> ServiceError:
    return ServiceError(
        "ValidationException", f"{entity.arn} cannot be deleted: it still has {contents}."
    )
