"""Training and processing jobs: described, stopped, their logs read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from causeway.errors import JobFailed
from causeway.names import ORDINALS, attempt_name
from causeway.statuses import Meaning, meaning
from causeway_airflow.hooks.base import AwsCallError, CausewayHook
from causeway_airflow.results import ProcessedJob, TrainedJob

JobKind = Literal["training", "processing"]

LOG_GROUPS: dict[JobKind, str] = {
    "training": "/aws/sagemaker/TrainingJobs",
    "processing": "/aws/sagemaker/ProcessingJobs",
}
# FailureReason opens with who is to blame; these two are the script and the request, which another
# attempt with the same inputs does not fix (SageMaker developer guide, "Troubleshooting").
OUR_FAULT = ("AlgorithmError", "ClientError")


class JobInterrupted(JobFailed):
    """A job failed for a reason of the platform's: another attempt may succeed."""

    retryable = True


class JobsHook(CausewayHook):
    """The jobs of one account."""

    service = "sagemaker"

    def describe(self, kind: JobKind, name: str) -> dict[str, Any] | None:
        """Return a job's description, or None when the name was never used."""
        try:
            return self.call(f"describe_{kind}_job", **{f"{kind.capitalize()}JobName": name})
        except AwsCallError as error:
            if error.missing:
                return None
            raise

    def attempts(self, kind: JobKind, first_name: str) -> list[dict[str, Any]]:
        """Return the descriptions of the attempts that exist, in order, without a gap."""
        attempts: list[dict[str, Any]] = []
        for attempt in range(1, ORDINALS + 1):
            description = self.describe(kind, attempt_name(first_name, attempt))
            if description is None:
                break
            attempts.append(description)
        return attempts

    def status(self, kind: JobKind, description: dict[str, Any]) -> str:
        """Return the status in a job's description."""
        return str(description[f"{kind.capitalize()}JobStatus"])

    def ended(self, kind: JobKind, description: dict[str, Any]) -> datetime | None:
        """Return when a job ended; None for one that has not."""
        moment: datetime | None = description.get(f"{kind.capitalize()}EndTime")
        return moment

    def meaning(self, kind: JobKind, description: dict[str, Any]) -> Meaning:
        """Return what the status in a job's description means."""
        return meaning(f"{kind.capitalize()}JobStatus", self.status(kind, description))

    def result(self, kind: JobKind, description: dict[str, Any]) -> ProcessedJob | TrainedJob:
        """Return what a job makes; known as soon as the job exists."""
        return self.processed(description) if kind == "processing" else self.trained(description)

    def processed(self, description: dict[str, Any]) -> ProcessedJob:
        """Return what a processing job makes."""
        outputs = description["ProcessingOutputConfig"]["Outputs"]
        return {
            "job": description["ProcessingJobName"],
            "outputs": {output["OutputName"]: output["S3Output"]["S3Uri"] for output in outputs},
        }

    def trained(self, description: dict[str, Any]) -> TrainedJob:
        """Return what a training job makes."""
        name = description["TrainingJobName"]
        folder = f"{description['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}/output"
        return {
            "job": name,
            # Where SageMaker puts model and output data of a job ("CreateTrainingJob",
            # OutputDataConfig): what the script leaves in SM_OUTPUT_DATA_DIR lies beside the model.
            "model_uri": f"{folder}/model.tar.gz",
            "output_uri": f"{folder}/output.tar.gz",
            "hyperparameters": dict(description.get("HyperParameters", {})),
            "image_uri": description["AlgorithmSpecification"]["TrainingImage"],
        }

    def failure(self, kind: JobKind, description: dict[str, Any]) -> JobFailed:
        """Return the error that says why a job did not complete; its log is the task's by then."""
        name = description[f"{kind.capitalize()}JobName"]
        reason = str(description.get("FailureReason") or description.get("ExitMessage") or "")
        status = self.status(kind, description)
        ours = status != "Failed" or reason.startswith(OUR_FAULT)
        return (JobFailed if ours else JobInterrupted)(
            f"{kind} job {name} ended {status}: {reason or 'no reason given'}",
            principal=self.principal,
            next_step="Fix the script or its input and run again; the same inputs once more take "
            "the next ordinal.",
        )

    def stop(self, kind: JobKind, name: str) -> bool:
        """Ask a job to stop; returns False for one that has ended, or never was."""
        try:
            self.call(f"stop_{kind}_job", **{f"{kind.capitalize()}JobName": name})
        except AwsCallError as error:
            # SageMaker refuses to stop what has ended with the code it also has for "no such job".
            if error.missing or error.code == "ValidationException":
                return False
            raise
        self.log.info("asked %s job %s to stop", kind, name)
        return True


class JobLogsHook(CausewayHook):
    """The logs that jobs leave in CloudWatch Logs."""

    service = "logs"

    def follow(self, kind: JobKind, job: str, cursor: dict[str, str]) -> list[str]:
        """Return the lines of a job's log that are new since the last call, in the order of time.

        Each begins with the job's name.

        Args:
            kind: the kind of job.
            job: the job's name.
            cursor: where each stream goes on; kept by the caller, changed here.
        """
        group = LOG_GROUPS[kind]
        try:
            streams = self.call(
                "describe_log_streams", logGroupName=group, logStreamNamePrefix=f"{job}/"
            )["logStreams"]
        except AwsCallError as error:
            if error.missing:  # the first job of an account makes the group when it has begun
                return []
            raise
        events: list[dict[str, Any]] = []
        for name in sorted(str(stream["logStreamName"]) for stream in streams):
            while True:
                where = {"nextToken": cursor[name]} if name in cursor else {"startFromHead": True}
                page = self.call("get_log_events", logGroupName=group, logStreamName=name, **where)
                events += page["events"]
                # The end of a stream answers with the token that it was asked with.
                at_end = cursor.get(name) == page["nextForwardToken"]
                cursor[name] = page["nextForwardToken"]
                if at_end or not page["events"]:
                    break
        events.sort(key=lambda event: int(event["timestamp"]))
        return [f"{job} | {str(event['message']).rstrip()}" for event in events]
