"""One job from its first download to its last upload; subclasses add what their kind needs."""

from __future__ import annotations

import enum
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from localaws.kit.capabilities import Host
from localaws.kit.service import ServiceError
from localaws.sagemaker.jobs.jobs import FINISHED, Job, announce
from localaws.sagemaker.jobs.log import JobLog
from localaws.sagemaker.jobs.slots import JobSlots
from localaws.sagemaker.machine import mounts, network
from localaws.sagemaker.machine.failures import LIMIT, WorkFailedError
from localaws.sagemaker.machine.processes import Child, ProcessTable
from localaws.sagemaker.machine.sandbox import Sandbox
from localaws.sagemaker.machine.transfer import Transfer

log = logging.getLogger(__name__)
POLL = 0.25  # real seconds between checks of the clock and for a stop
FLUSH = 1.0  # real seconds between two batches of log lines


class Cut(enum.Enum):
    """Why a script was stopped; the value is the job's secondary status."""

    STOPPED = "Stopped"
    MAX_RUNTIME = "MaxRuntimeExceeded"


class JobRun(ABC):
    """The run of one job in a sandbox of its own; called once, in a background thread."""

    def __init__(self, host: Host, job: Job, metrics: list[dict[str, str]]) -> None:
        self.host = host
        self.job = job
        self.transfer = Transfer(self._client("s3"), job.role_arn, self._client("kms"))
        self.log = JobLog(
            lambda: self._client("logs"),
            host.clock,
            job.kind.log_group,
            f"{job.name}/algo-1-{int(job.created.timestamp())}",
            metrics,
        )
        self.sandbox = Sandbox(host.work_dir, job.name)

    def _client(self, service: str) -> object:
        return self.host.client(service, self.job.credentials, self.job.region)

    @abstractmethod
    def prepare(self) -> tuple[list[str], Path, dict[str, str]]:
        """Download the inputs; return command, working directory and environment."""

    @abstractmethod
    def deliver(self, cut: Cut | None) -> None:
        """Upload what a script that succeeded or was stopped has produced."""

    @abstractmethod
    def failure_reason(self, status: int) -> str:
        """Return the FailureReason of a script that ended with a status other than 0."""

    def after_failure(self) -> None:  # noqa: B027 - by default nothing of a failed script is saved
        """Save the output of a failed script."""

    def __call__(self) -> None:
        """Run the job to one of its final states; never raises."""
        try:
            secondary = self._run()
            self._finish("Completed" if secondary == "Completed" else "Stopped", secondary)
        except WorkFailedError as failure:
            self.job.failure = failure.reason
            self._finish("Failed", "Failed")
        except Exception:
            log.exception("job %s: the local AWS failed", self.job.arn)
            self.job.failure = "InternalServerError: the local AWS failed; see its log"
            self._finish("Failed", "Failed")
        finally:
            self.sandbox.close()

    def _run(self) -> str:
        """Return the final secondary status."""
        job, clock = self.job, self.host.clock
        job.started = clock.now()
        job.move(job.started, "Downloading", "Downloading input data")
        network.require_role(self.host, job.credentials, job.region, job.request, job.volume_key)
        command, cwd, env = self.prepare()
        job.move(clock.now(), "Training", "The script is running")
        ended = self._execute(command, cwd, env)
        job.metrics = self.log.metrics()
        if isinstance(ended, int) and ended != 0:
            self.after_failure()
            raise WorkFailedError(self.failure_reason(ended)[:LIMIT])
        if isinstance(ended, Cut):
            self.deliver(ended)
            return ended.value
        job.move(clock.now(), "Uploading", "Uploading generated data")
        self.deliver(None)
        return "Completed"

    def _execute(self, command: list[str], cwd: Path, env: dict[str, str]) -> int | Cut:
        limit = int(self.job.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400))
        deadline = self.host.clock.now() + timedelta(seconds=limit)
        if not mounts.available():
            self.log.write(mounts.ABSENT)
        isolated = network.isolated(self.job.request)
        if isolated:
            env = {name: env[name] for name in env.keys() - set(network.CREDENTIALS)}
            if not mounts.available(isolated=True):
                self.log.write(mounts.NOT_ISOLATED)
        try:
            child = Child(
                ProcessTable.of(self.host),
                self.sandbox.enclosed(command, isolated=isolated),
                cwd=cwd,
                env=env,
                on_line=self.log.write,
            )
        except OSError as error:
            raise WorkFailedError(f"AlgorithmError: cannot start {command[0]}: {error}") from error
        flushed = time.monotonic()
        while (status := child.wait(POLL)) is None:
            if self.job.stopping.is_set():
                child.stop()
                return Cut.STOPPED
            if self.host.clock.now() >= deadline:
                child.stop()
                return Cut.MAX_RUNTIME
            if time.monotonic() - flushed > FLUSH:
                self.log.flush()
                flushed = time.monotonic()
        return status

    def _finish(self, status: str, secondary: str) -> None:
        self.log.flush()
        job = self.job
        with job.lock:
            job.move(self.host.clock.now(), secondary, job.failure or f"The job is {secondary}")
            job.finish(status)
        announce(self.host, job)
        log.info("job %s: %s %s", job.arn, status, job.failure or "")


def submit(host: Host, job: Job, run: Callable[[], None]) -> None:
    """Announce a job and run it as soon as a slot is free."""
    job.move(job.created, "Starting", "Waiting for a free slot of this machine")
    announce(host, job)
    job.work = run
    JobSlots.of(host).submit(host, run)


def stop(host: Host, job: Job) -> None:
    """Stop a job: a waiting one at once, a running one soon.

    Raises:
        ServiceError: ValidationException for a job that has ended. The text for a processing job
            is not verified: it is the training job's.
    """
    with job.lock:
        if job.status in FINISHED:
            what = job.kind.resource.replace("-", " ")
            raise ServiceError(
                "ValidationException",
                f"The request was rejected because the {what} is in status {job.status}.",
            )
        if job.stopping.is_set():
            return
        job.stopping.set()
        job.status = "Stopping"
        job.move(host.clock.now(), "Stopping", "The job was asked to stop")
    announce(host, job)
    if job.work and JobSlots.of(host).withdraw(job.work):
        with job.lock:
            job.move(host.clock.now(), "Stopped", "The job was stopped before it began")
            job.finish("Stopped")
        announce(host, job)
