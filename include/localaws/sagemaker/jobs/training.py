"""Training jobs: CreateTrainingJob, DescribeTrainingJob, StopTrainingJob, ListTrainingJobs.

They run a script (`sagemaker_program`) or a command (`ContainerEntrypoint`); an image's built-in
algorithm is refused. The request is checked here, the run is in `training_run.py`. One instance, S3
prefix channels in file mode; options that the local AWS does not support are refused, not ignored.
"""

from __future__ import annotations

import re
from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.jobs.jobs import TRAINING, Job, JobStore, new_job
from localaws.sagemaker.jobs.run import stop, submit
from localaws.sagemaker.jobs.training_run import TrainingRun, model_uri
from localaws.sagemaker.listing import listed
from localaws.sagemaker.machine import mounts
from localaws.sagemaker.machine.failures import unsupported_option
from localaws.sagemaker.machine.images import Environment, environment_of
from localaws.sagemaker.machine.network import check_vpc
from localaws.sagemaker.roles import assume_execution_role

sagemaker = Service.named("sagemaker")
MAX_RUNTIME = 86400  # AWS API reference, StoppingCondition: the default is one day
SCRIPT_MODE = ("sagemaker_program", "sagemaker_submit_directory")


def _check(params: dict[str, Any]) -> None:
    algorithm = params.get("AlgorithmSpecification", {})
    if not algorithm.get("TrainingImage"):
        raise unsupported_option("a training job without AlgorithmSpecification.TrainingImage")
    _check_program(algorithm, params.get("HyperParameters", {}))
    if params.get("ResourceConfig", {}).get("InstanceCount", 1) != 1:
        raise unsupported_option("more than one training instance (one machine)")
    for channel in params.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource", {})
        name = channel["ChannelName"]
        if source.get("S3DataType") != "S3Prefix":
            raise unsupported_option(f"channel {name} whose source is not an S3Prefix")
        if channel.get("InputMode", algorithm["TrainingInputMode"]) == "Pipe":
            raise unsupported_option(f"channel {name} in Pipe mode")
        if channel.get("CompressionType", "None") != "None":
            raise unsupported_option(f"channel {name} with CompressionType")
    for definition in algorithm.get("MetricDefinitions", []):
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            raise ServiceError(
                "ValidationException",
                f"Regex of metric {definition['Name']} is not valid: {error}",
            ) from error
    if params["OutputDataConfig"].get("CompressionType", "GZIP") != "GZIP":
        raise unsupported_option("OutputDataConfig.CompressionType NONE")


def _check_program(algorithm: dict[str, Any], hyperparameters: dict[str, str]) -> None:
    if algorithm.get("ContainerEntrypoint"):
        if not mounts.available():
            raise unsupported_option("ContainerEntrypoint on a machine without user namespaces")
    elif any(name not in hyperparameters for name in SCRIPT_MODE):
        raise unsupported_option(
            "an image's built-in algorithm: training without ContainerEntrypoint and without the "
            f"hyperparameters {' and '.join(SCRIPT_MODE)}"
        )


def _check_metrics(algorithm: dict[str, Any], runtime: Environment) -> None:
    """Refuse metric definitions for what SageMaker takes for its own algorithm.

    AWS does so for its repository `sagemaker-xgboost` whatever the job runs in it
    (aws/sagemaker-xgboost-container, issue 121).
    """
    if runtime.algorithm and algorithm.get("MetricDefinitions"):
        raise ServiceError(
            "ValidationException",
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please "
            "retry the request without specifying metric definitions.",
        )


@sagemaker.operation("CreateTrainingJob", locked=False)
def create_training_job(call: Call) -> dict[str, Any]:
    """Start a training job under a name that was never used."""
    call.store(JobStore).refuse_used(TRAINING, call.params["TrainingJobName"])
    _check(call.params)
    check_vpc(call.params)
    algorithm = call.params["AlgorithmSpecification"]
    runtime = environment_of(algorithm["TrainingImage"])
    _check_metrics(algorithm, runtime)
    credentials = assume_execution_role(call, call.params["RoleArn"])
    job = new_job(call, TRAINING, runtime, credentials)
    job.request.setdefault("StoppingCondition", {}).setdefault("MaxRuntimeInSeconds", MAX_RUNTIME)
    metrics = algorithm.get("MetricDefinitions", [])
    submit(call.host, job, lambda: TrainingRun(call.host, job, metrics)())
    return {"TrainingJobArn": job.arn}


@sagemaker.operation("DescribeTrainingJob", locked=False)
def describe_training_job(call: Call) -> dict[str, Any]:
    """Return a training job.

    `ModelArtifacts` is where the model is stored once the job is Completed; botocore requires the
    member, so it is in every reply. `OutputDataConfig.KmsKeyId` is empty when no key was named.
    """
    return _description(call.store(JobStore).get(TRAINING, call.params["TrainingJobName"]))


def _description(job: Job) -> dict[str, Any]:
    with job.lock:
        description = job.description()
        description["OutputDataConfig"] = {"KmsKeyId": ""} | description["OutputDataConfig"]
        description["SecondaryStatus"] = job.secondary
        description["SecondaryStatusTransitions"] = [
            dict(transition) for transition in job.transitions
        ]
        description["ModelArtifacts"] = {"S3ModelArtifacts": model_uri(job)}
        if job.metrics:
            description["FinalMetricDataList"] = list(job.metrics)
        if job.started and job.ended:
            seconds = int((job.ended - job.started).total_seconds()) + 1
            description["TrainingTimeInSeconds"] = description["BillableTimeInSeconds"] = seconds
        return description


@sagemaker.operation("StopTrainingJob", locked=False)
def stop_training_job(call: Call) -> dict[str, Any]:
    """Stop a training job; what its script has saved is uploaded. An ended one is refused."""
    stop(call.host, call.store(JobStore).get(TRAINING, call.params["TrainingJobName"]))
    return {}


@sagemaker.operation("ListTrainingJobs", locked=False)
def list_training_jobs(call: Call) -> dict[str, Any]:
    """Return a page of training jobs."""
    items = [
        job.summary() | {"SecondaryStatus": job.secondary}
        for job in call.store(JobStore).all(TRAINING)
    ]
    return listed(call.params, items, into="TrainingJobSummaries", prefix="TrainingJob")
