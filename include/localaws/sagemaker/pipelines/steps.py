"""The work of a step: real jobs, models and versions, created with the pipeline's role.

Each call is signed with the role's credentials and goes through the gateway: the step fails if the
role may not create the job or may not pass the job's role.
"""

from __future__ import annotations

import secrets
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.identity.credentials import Credentials
from localaws.kit.capabilities import Host
from localaws.sagemaker.jobs.jobs import FINISHED, PROCESSING, TRAINING, Job, JobKind, JobStore
from localaws.sagemaker.machine.failures import WorkFailedError, client_failed
from localaws.sagemaker.machine.transfer import split_uri
from localaws.sagemaker.pipelines.conditions import holds
from localaws.sagemaker.pipelines.execution import Execution, StepRun
from localaws.sagemaker.pipelines.values import Scope

KINDS = {"Processing": PROCESSING, "Training": TRAINING}


class StepWork:
    """Starts and watches the steps of one execution."""

    def __init__(self, host: Host, execution: Execution, credentials: Credentials) -> None:
        self.host = host
        self.execution = execution
        _, _, _, self.region, self.account, _ = execution.arn.split(":", 5)
        self._clients = {
            service: host.client(service, credentials, self.region)
            for service in ("sagemaker", "s3")
        }

    def prepare(self) -> None:
        """Create the experiment and the trial of the execution, if the pipeline names them.

        Source: SageMaker Developer Guide, "Amazon SageMaker Experiments integration": whatever does
        not exist is created.

        Raises:
            WorkFailedError: the role may not create them.
        """
        names = self._experiment()
        if "ExperimentName" in names:
            experiment = {"ExperimentName": names["ExperimentName"]}
            self._ensure("experiment", experiment, {})
            if "TrialName" in names:
                self._ensure("trial", {"TrialName": names["TrialName"]}, experiment)

    def begin(self, run: StepRun) -> None:
        """Start a step; a step that is not a job ends at once.

        Raises:
            WorkFailedError: the step failed.
        """
        if run.step.type == "Condition":
            self._choose(run)
            return
        if run.step.type == "Fail":
            message = str(self._scope().value(run.step.arguments.get("ErrorMessage", "")))
            run.metadata = {"Fail": {"ErrorMessage": message}}
            raise WorkFailedError(message)
        request = self._scope().value(run.step.arguments)
        if run.step.type in KINDS:
            self._create_job(run, KINDS[run.step.type], request)
        elif run.step.type == "Model":
            name = self._name(run)
            reply = self._call("create_model", run, ModelName=name, **request)
            run.metadata = {"Model": {"Arn": reply["ModelArn"]}}
            run.properties = {**request, "ModelName": name, **_plain(reply)}
        else:
            reply = self._call("create_model_package", run, **request)
            run.metadata = {"RegisterModel": {"Arn": reply["ModelPackageArn"]}}
            run.properties = {**request, **_plain(reply)}

    def ended(self, run: StepRun) -> bool:
        """Tell whether a started step has ended.

        Raises:
            WorkFailedError: its job failed or was stopped.
        """
        if run.step.type not in KINDS:
            return True
        kind, job = self._job(run)
        if job.status not in FINISHED:
            return False
        described = self._call(
            f"describe_{kind.resource.replace('-', '_')}", run, **{f"{kind.prefix}Name": job.name}
        )
        run.properties = _plain(described)
        if job.status != "Completed":
            reason = described.get("FailureReason") or f"the job is {job.status}"
            raise WorkFailedError(f"ClientError: Job {job.name} {job.status.lower()}: {reason}")
        return True

    def stop(self, run: StepRun) -> None:
        """Stop the job of a step, unless it has ended meanwhile."""
        if run.step.type in KINDS and run.metadata:
            kind, job = self._job(run)
            operation = f"stop_{kind.resource.replace('-', '_')}"
            try:
                self._call(operation, run, **{f"{kind.prefix}Name": job.name})
            except WorkFailedError:
                if job.status not in FINISHED:
                    raise

    def _choose(self, run: StepRun) -> None:
        scope = self._scope()
        run.outcome = all(holds(condition, scope) for condition in run.step.arguments["Conditions"])
        run.metadata = {"Condition": {"Outcome": "True" if run.outcome else "False"}}
        run.properties = {"Outcome": run.outcome}

    def _create_job(self, run: StepRun, kind: JobKind, request: dict[str, Any]) -> None:
        member = f"{kind.prefix}Name"
        if member in request:
            raise WorkFailedError(
                f"ClientError: step {run.step.name}: {member} is not allowed in a pipeline"
            )
        if experiment := self._experiment():
            request = {"ExperimentConfig": experiment, **request}
        name = self._name(run)
        reply = self._call(
            f"create_{kind.resource.replace('-', '_')}", run, **{member: name}, **request
        )
        run.metadata = {kind.prefix: {"Arn": reply[f"{kind.prefix}Arn"]}}

    def _job(self, run: StepRun) -> tuple[JobKind, Job]:
        kind = KINDS[run.step.type]
        name = str(run.metadata[kind.prefix]["Arn"]).rpartition("/")[2]
        return kind, self.host.store(JobStore, self.account, self.region).get(kind, name)

    def _experiment(self) -> dict[str, str]:
        """Return the names of experiment and trial, as a job's `ExperimentConfig`."""
        names = self._scope().value(self.execution.definition.experiment)
        return {member: str(name) for member, name in names.items() if name}

    def _ensure(self, kind: str, name: dict[str, str], more: dict[str, str]) -> None:
        client = self._clients["sagemaker"]
        try:
            getattr(client, f"describe_{kind}")(**name)
        except client.exceptions.ResourceNotFound:
            try:
                getattr(client, f"create_{kind}")(**name, **more)
            except (ClientError, BotoCoreError) as error:
                raise client_failed(f"create_{kind}", self.execution.role_arn, error) from error
        except (ClientError, BotoCoreError) as error:
            raise client_failed(f"describe_{kind}", self.execution.role_arn, error) from error

    def _name(self, run: StepRun) -> str:
        suffix = secrets.token_hex(5)
        head = f"pipelines-{self.execution.id}-{run.step.name}"
        return f"{head[: 63 - len(suffix) - 1].rstrip('-')}-{suffix}"

    def _scope(self) -> Scope:
        execution, now = self.execution, self.host.clock.now()
        return Scope(
            parameters=execution.parameters,
            execution={
                "PipelineName": execution.pipeline_name,
                "PipelineArn": execution.pipeline_arn,
                "PipelineExecutionId": execution.id,
                "PipelineExecutionArn": execution.arn,
                "StartDateTime": execution.created.isoformat(),
                "CurrentDateTime": now.isoformat(),
            },
            properties={name: run.properties for name, run in execution.steps.items()},
            read_file=self._property_file,
        )

    def _property_file(self, step: str, name: str) -> bytes:
        run = self.execution.steps.get(step)
        if run is None or run.status != "Succeeded":
            raise WorkFailedError(f"ClientError: step {step} has no property file {name} yet")
        output, path = run.step.files[name]
        outputs = run.properties.get("ProcessingOutputConfig", {}).get("Outputs", [])
        uri = next((o["S3Output"]["S3Uri"] for o in outputs if o["OutputName"] == output), None)
        if uri is None:
            raise WorkFailedError(f"ClientError: step {step} has no output {output}")
        bucket, key = split_uri(f"{uri.rstrip('/')}/{path}")
        try:
            body: bytes = self._clients["s3"].get_object(Bucket=bucket, Key=key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise client_failed(f"Reading {uri}/{path}", self.execution.role_arn, error) from error
        return body

    def _call(self, operation: str, run: StepRun, **request: Any) -> dict[str, Any]:
        try:
            reply: dict[str, Any] = getattr(self._clients["sagemaker"], operation)(**request)
        except (ClientError, BotoCoreError) as error:
            what = f"step {run.step.name}: {operation}"
            raise client_failed(what, self.execution.role_arn, error) from error
        return reply


def _plain(reply: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reply.items() if name != "ResponseMetadata"}
