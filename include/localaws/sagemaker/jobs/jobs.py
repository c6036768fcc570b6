"""Jobs as the API shows them: names, which are never reused, states and events."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localaws.identity.credentials import Credentials
from localaws.kit.capabilities import Announcements
from localaws.kit.service import Call, ServiceError
from localaws.sagemaker.machine.images import Environment
from localaws.sagemaker.tags import TagStore

FINISHED = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class JobKind:
    """How training and processing jobs differ; `prefix` is that of their members."""

    prefix: str
    resource: str
    log_group: str
    in_use: str
    missing: str
    event: str


TRAINING = JobKind(
    "TrainingJob",
    "training-job",
    "/aws/sagemaker/TrainingJobs",
    "Training job names must be unique within an AWS account and region, and a training job "
    "with this name already exists ({arn})",
    "Requested resource not found.",
    "SageMaker Training Job State Change",
)
PROCESSING = JobKind(
    "ProcessingJob",
    "processing-job",
    "/aws/sagemaker/ProcessingJobs",
    "Processing job names must be unique within an AWS account and region, and a processing job "
    "with this name already exists ({arn})",
    "Could not find requested job with name: {name}",
    "SageMaker Processing Job State Change",
)


@dataclass
class Job:
    """One job: its request and its progress."""

    kind: JobKind
    name: str
    arn: str
    account: str
    region: str
    request: dict[str, Any]
    credentials: Credentials
    runtime: Environment
    created: datetime
    status: str = "InProgress"
    secondary: str = "Starting"
    started: datetime | None = None
    ended: datetime | None = None
    modified: datetime | None = None
    failure: str | None = None
    exit_message: str | None = None
    transitions: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    work: Callable[[], None] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def role_arn(self) -> str:
        """The execution role."""
        return str(self.request["RoleArn"])

    @property
    def volume_key(self) -> str | None:
        """The key that encrypts the volume of its instance, if one is named."""
        resources = self.request.get("ProcessingResources", {}).get("ClusterConfig")
        key: str | None = (resources or self.request.get("ResourceConfig", {})).get(
            "VolumeKmsKeyId"
        )
        return key

    def move(self, now: datetime, secondary: str, message: str) -> None:
        """Enter a secondary status and record the transition."""
        with self.lock:
            if self.transitions:
                self.transitions[-1]["EndTime"] = now
            self.secondary, self.modified = secondary, now
            self.transitions.append(
                {"Status": secondary, "StartTime": now, "StatusMessage": message}
            )

    def finish(self, status: str) -> None:
        """Enter a final status, at the time of the last transition."""
        with self.lock:
            self.status, self.ended = status, self.modified

    def summary(self) -> dict[str, Any]:
        """Return the members that listing and describing share."""
        with self.lock:
            summary = {
                f"{self.kind.prefix}Name": self.name,
                f"{self.kind.prefix}Arn": self.arn,
                f"{self.kind.prefix}Status": self.status,
                "CreationTime": self.created,
                "LastModifiedTime": self.modified or self.created,
            }
            stage = self.kind.prefix.removesuffix("Job")
            if self.ended:
                summary[f"{stage}EndTime"] = self.ended
            return summary

    def description(self) -> dict[str, Any]:
        """Return request and progress, without the members of the kind of job."""
        with self.lock:
            description = {name: value for name, value in self.request.items() if name != "Tags"}
            description |= self.summary()
            stage = self.kind.prefix.removesuffix("Job")
            if self.started:
                description[f"{stage}StartTime"] = self.started
            if self.failure:
                description["FailureReason"] = self.failure
            if self.exit_message:
                description["ExitMessage"] = self.exit_message
            return description


class JobStore:
    """The jobs of one account and region. A name can never be used again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str], Job] = {}

    def add(self, job: Job) -> None:
        """Store a new job; ResourceInUse if its name was ever used."""
        with self._lock:
            self.refuse_used(job.kind, job.name)
            self._jobs[job.kind.prefix, job.name] = job

    def refuse_used(self, kind: JobKind, name: str) -> None:
        """Raise ResourceInUse if a job of that kind and name was ever created."""
        used = self._jobs.get((kind.prefix, name))
        if used:
            raise ServiceError("ResourceInUse", kind.in_use.format(arn=used.arn))

    def get(self, kind: JobKind, name: str) -> Job:
        """Return a job; ValidationException with AWS's message if there is none."""
        job = self._jobs.get((kind.prefix, name))
        if job is None:
            raise ServiceError("ValidationException", kind.missing.format(name=name))
        return job

    def all(self, kind: JobKind) -> list[Job]:
        """Return all jobs of a kind."""
        with self._lock:
            return [job for (prefix, _), job in self._jobs.items() if prefix == kind.prefix]


def new_job(call: Call, kind: JobKind, runtime: Environment, credentials: Credentials) -> Job:
    """Return the job of a create call, stored and announced."""
    name = str(call.params[f"{kind.prefix}Name"])
    job = Job(
        kind=kind,
        name=name,
        arn=call.arn(f"{kind.resource}/{name}"),
        account=call.account,
        region=call.region,
        request=dict(call.params),
        credentials=credentials,
        runtime=runtime,
        created=call.now(),
    )
    call.store(JobStore).add(job)
    call.store(TagStore).put(job.arn, call.params.get("Tags"))
    return job


def announce(aws: Announcements, job: Job) -> None:
    """Emit the job's state-change event in its account."""
    detail = job.description()
    if job.kind is TRAINING:
        detail["SecondaryStatus"] = job.secondary
        detail["SecondaryStatusTransitions"] = [dict(transition) for transition in job.transitions]
    detail["Tags"] = aws.store(TagStore, job.account, job.region).of(job.arn)
    aws.emit(
        job.account, job.region, "aws.sagemaker", job.kind.event, with_millis(detail), [job.arn]
    )


def with_millis(value: Any) -> Any:
    """Return a document with its times in milliseconds, as in SageMaker's job events."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {name: with_millis(item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_millis(item) for item in value]
    return value
