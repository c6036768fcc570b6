"""Processing jobs: a command with S3 inputs and outputs (CreateProcessingJob etc.).

The entry point and its arguments run with `/opt/ml` rewritten into the sandbox (`sandbox.py`),
which also is the script's `/opt/ml` where the machine allows it (`mounts.py`). One instance, S3
inputs in file mode, S3 outputs at the end of the job; anything else of the API is refused, not
ignored.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.jobs.jobs import PROCESSING, JobStore, new_job
from localaws.sagemaker.jobs.run import Cut, JobRun, stop, submit
from localaws.sagemaker.listing import listed
from localaws.sagemaker.machine.failures import WorkFailedError, unsupported_option
from localaws.sagemaker.machine.images import environment_of
from localaws.sagemaker.machine.network import check_vpc
from localaws.sagemaker.roles import assume_execution_role

sagemaker = Service.named("sagemaker")
EXIT_MESSAGE = "/opt/ml/output/message"


class ProcessingRun(JobRun):
    """The run of one processing job."""

    def prepare(self) -> tuple[list[str], Path, dict[str, str]]:
        """Download the inputs and rewrite the command."""
        request = self.job.request
        for item in request.get("ProcessingInputs", []):
            source = item["S3Input"]
            self.transfer.download(source["S3Uri"], self._folder(source["LocalPath"]))
        for output in self._outputs():
            self._folder(output["S3Output"]["LocalPath"])
        self.sandbox.folder("/opt/ml/output")
        app = request["AppSpecification"]
        arguments = app["ContainerEntrypoint"] + app.get("ContainerArguments", [])
        command = [self.sandbox.rewrite(argument) for argument in arguments]
        command[0] = self._program(command[0])
        environment = self.sandbox.environment(
            self.job.runtime, self.job.credentials, self.job.region, self.host.endpoint
        )
        environment |= self._configuration() | request.get("Environment", {})
        return command, self.sandbox.root, environment

    def _program(self, name: str) -> str:
        """Return the path of a program of the image, or its name if only PATH may have it."""
        if name in ("python", "python3"):
            return str(self.job.runtime.python)
        return shutil.which(name, path=str(self.job.runtime.python.parent)) or name

    def _configuration(self) -> dict[str, str]:
        """Write the container's config files; return the variables of a processing container."""
        config = self.sandbox.folder("/opt/ml/config")
        resources = {"current_host": "algo-1", "hosts": ["algo-1"]}
        (config / "resourceconfig.json").write_text(json.dumps(resources), encoding="utf-8")
        document = json.dumps(self.job.description(), default=str)
        (config / "processingjobconfig.json").write_text(document, encoding="utf-8")
        return {"PROCESSING_JOB_NAME": self.job.name, "PROCESSING_JOB_ARN": self.job.arn}

    def _folder(self, local_path: str) -> Path:
        try:
            return self.sandbox.folder(local_path)
        except ValueError as error:
            raise WorkFailedError(f"ClientError: LocalPath {error}") from error

    def _outputs(self) -> list[dict[str, Any]]:
        config = self.job.request.get("ProcessingOutputConfig", {})
        outputs: list[dict[str, Any]] = config.get("Outputs", [])
        return outputs

    def deliver(self, cut: Cut | None) -> None:
        """Upload the outputs of a script that succeeded; a stopped one has none."""
        self._read_exit_message()
        if cut:
            return
        key = self.job.request.get("ProcessingOutputConfig", {}).get("KmsKeyId")
        for output in self._outputs():
            target = output["S3Output"]
            folder = self.sandbox.path(target["LocalPath"])
            self.transfer.upload_folder(folder, target["S3Uri"], key)

    def failure_reason(self, status: int) -> str:
        """Return what the script wrote as its exit message, or its last lines."""
        self._read_exit_message()
        said = self.job.exit_message or self.log.tail()
        return f"AlgorithmError: the script ended with exit code {status}: {said[-900:]}"

    def _read_exit_message(self) -> None:
        path = self.sandbox.path(EXIT_MESSAGE)
        if path.is_file():
            self.job.exit_message = path.read_text(encoding="utf-8", errors="replace")[:1024]


def _check(params: dict[str, Any]) -> None:
    """Raise for options that this machine cannot serve, and for requests that AWS refuses."""
    app = params["AppSpecification"]
    if not app.get("ContainerEntrypoint"):
        raise unsupported_option("an AppSpecification without ContainerEntrypoint")
    cluster = params["ProcessingResources"]["ClusterConfig"]
    if cluster["InstanceCount"] != 1:
        raise unsupported_option(f"InstanceCount {cluster['InstanceCount']} (one machine)")
    for item in params.get("ProcessingInputs", []):
        if "S3Input" not in item:
            raise unsupported_option(f"input {item['InputName']} without S3Input")
        source = item["S3Input"]
        if source["S3DataType"] != "S3Prefix":
            raise unsupported_option(f"S3DataType {source['S3DataType']}")
        if source.get("S3InputMode", "File") != "File":
            raise unsupported_option(f"S3InputMode {source['S3InputMode']}")
        if source.get("S3CompressionType", "None") != "None":
            raise unsupported_option(f"S3CompressionType {source['S3CompressionType']}")
        _need_local_path("input", item["InputName"], source)
    for output in params.get("ProcessingOutputConfig", {}).get("Outputs", []):
        if "S3Output" not in output or output["S3Output"]["S3UploadMode"] != "EndOfJob":
            raise unsupported_option(f"output {output['OutputName']} that is not S3 at EndOfJob")
        _need_local_path("output", output["OutputName"], output["S3Output"])


def _need_local_path(kind: str, name: str, target: dict[str, Any]) -> None:
    path = target.get("LocalPath", "")
    if not path.startswith("/opt/ml/"):
        raise ServiceError(
            "ValidationException",
            f"LocalPath {path!r} of the {kind} {name!r} must be under /opt/ml/processing",
        )


@sagemaker.operation("CreateProcessingJob", locked=False)
def create_processing_job(call: Call) -> dict[str, Any]:
    """Start a processing job under a name that was never used."""
    call.store(JobStore).refuse_used(PROCESSING, call.params["ProcessingJobName"])
    _check(call.params)
    check_vpc(call.params)
    runtime = environment_of(call.params["AppSpecification"]["ImageUri"])
    credentials = assume_execution_role(call, call.params["RoleArn"])
    job = new_job(call, PROCESSING, runtime, credentials)
    submit(call.host, job, lambda: ProcessingRun(call.host, job, [])())
    return {"ProcessingJobArn": job.arn}


@sagemaker.operation("DescribeProcessingJob", locked=False)
def describe_processing_job(call: Call) -> dict[str, Any]:
    """Return a processing job."""
    return call.store(JobStore).get(PROCESSING, call.params["ProcessingJobName"]).description()


@sagemaker.operation("StopProcessingJob", locked=False)
def stop_processing_job(call: Call) -> dict[str, Any]:
    """Stop a processing job; its outputs are not uploaded. An ended one is refused."""
    stop(call.host, call.store(JobStore).get(PROCESSING, call.params["ProcessingJobName"]))
    return {}


@sagemaker.operation("ListProcessingJobs", locked=False)
def list_processing_jobs(call: Call) -> dict[str, Any]:
    """Return a page of processing jobs."""
    items = []
    for job in call.store(JobStore).all(PROCESSING):
        item = job.summary()
        if job.failure:
            item["FailureReason"] = job.failure
        if job.exit_message:
            item["ExitMessage"] = job.exit_message
        items.append(item)
    return listed(call.params, items, into="ProcessingJobSummaries", prefix="ProcessingJob")
