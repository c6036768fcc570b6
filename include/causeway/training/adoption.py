"""Adoption: what to do about jobs that exist under a name already.

A job's name is a function of its inputs, never of a run or the clock. A job name cannot be reused
in its account and region, whether the job failed or not: the next attempt takes the next ordinal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from causeway.errors import JobFailed, NameTaken
from causeway.names import attempt_name
from causeway.statuses import TABLES, Meaning, meaning


@dataclass(frozen=True)
class DescribedJob:
    """What was found under a job name; `inputs_digest` is read from the job's environment.

    The outputs of an `expired` job are deleted, or may be soon: it is as good as none.
    """

    name: str
    status: str
    failure_reason: str = ""
    inputs_digest: str | None = None
    expired: bool = False


class Adoption(StrEnum):
    """What to do next."""

    CREATE = "create"
    WAIT = "wait"
    DONE = "done"


@dataclass(frozen=True)
class NextJob:
    """The job to create, to wait for, or that is done; `attempt` counts from 1."""

    action: Adoption
    name: str
    attempt: int


def next_job(
    first_name: str,
    described: Sequence[DescribedJob],
    max_attempts: int,
    inputs: str | None = None,
    enum: str = "TrainingJobStatus",
) -> NextJob:
    """Decide from the attempts that exist: adopt one, start the next, or give up.

    Args:
        first_name: the name of the first attempt; the others end in `-a2`, `-a3`, …
        described: the attempts found, in order, without a gap.
        max_attempts: after so many failed attempts the job has failed; those whose outputs
            expired do not count.
        inputs: the digest of the inputs; an attempt made from others is refused.
        enum: the botocore enum of the statuses.

    Raises:
        JobFailed: the last allowed attempt failed or was stopped.
        NameTaken: an attempt was made from other inputs, or has a status that is unknown.
    """
    for attempt, job in enumerate(described, start=1):
        expected = attempt_name(first_name, attempt)
        if job.name != expected:
            raise NameTaken(
                f"expected job {expected} as attempt {attempt}, found {job.name}",
                next_step="Describe the attempts in order, without a gap.",
            )
        if inputs and job.inputs_digest and job.inputs_digest != inputs:
            raise NameTaken(
                f"job {job.name} exists, but was made from other inputs "
                f"({job.inputs_digest[:12]}, not {inputs[:12]})",
                next_step="Find out who made it; job names belong to their inputs.",
            )
        if job.status not in TABLES[enum]:
            raise NameTaken(
                f"job {job.name} has a status that is unknown here: {job.status!r}",
                next_step="Look at the job; unknown is not success.",
            )
        meant = meaning(enum, job.status)
        if meant is Meaning.WAITING:
            return NextJob(Adoption.WAIT, job.name, attempt)
        if meant is Meaning.SUCCESS and not job.expired:
            return NextJob(Adoption.DONE, job.name, attempt)
    attempt = len(described) + 1
    failed = sum(not job.expired for job in described)
    if failed >= max_attempts:
        last = described[-1]
        raise JobFailed(
            f"job {last.name} is {last.status} after {failed} attempt(s): "
            f"{last.failure_reason or 'no reason given'}",
            next_step="Read the job's log; change code, data or parameters, and run again.",
        )
    return NextJob(Adoption.CREATE, attempt_name(first_name, attempt), attempt)
