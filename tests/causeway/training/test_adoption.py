"""Adoption: existing jobs are adopted, followed by the next attempt, or refused."""

from __future__ import annotations

import pytest

from causeway.errors import JobFailed, NameTaken
from causeway.names import attempt_name
from causeway.training.adoption import Adoption, DescribedJob, NextJob, next_job


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], NextJob(Adoption.CREATE, "j", 1)),
        (["InProgress"], NextJob(Adoption.WAIT, "j", 1)),
        (["Stopping"], NextJob(Adoption.WAIT, "j", 1)),
        (["Completed"], NextJob(Adoption.DONE, "j", 1)),
        (["Failed"], NextJob(Adoption.CREATE, "j-a2", 2)),
        (["Stopped", "Failed"], NextJob(Adoption.CREATE, "j-a3", 3)),
        (["Failed", "InProgress"], NextJob(Adoption.WAIT, "j-a2", 2)),
        (["Failed", "Completed"], NextJob(Adoption.DONE, "j-a2", 2)),
    ],
)
def test_what_was_made_is_adopted_and_what_failed_is_followed(
    statuses: list[str], expected: NextJob
) -> None:
    jobs = [
        DescribedJob(attempt_name("j", n), status, inputs_digest="i")
        for n, status in enumerate(statuses, 1)
    ]
    assert next_job("j", jobs, 3, "i") == expected


@pytest.mark.parametrize("statuses", [["Completed"], ["Completed", "Completed", "Failed"]])
def test_a_job_whose_outputs_expired_is_done_again_and_is_no_failure(statuses: list[str]) -> None:
    jobs = [
        DescribedJob(attempt_name("j", n), status, expired=status == "Completed")
        for n, status in enumerate(statuses, 1)
    ]
    attempt = len(statuses) + 1
    assert next_job("j", jobs, 2) == NextJob(Adoption.CREATE, f"j-a{attempt}", attempt)
    with pytest.raises(JobFailed, match=r"after 1 attempt"):
        next_job("j", [*jobs[:1], DescribedJob("j-a2", "Failed")], 1)


def test_after_the_last_attempt_the_reason_is_told() -> None:
    with pytest.raises(JobFailed, match="out of memory"):
        next_job("j", [DescribedJob("j", "Failed", "out of memory")], 1)


@pytest.mark.parametrize(
    "job",
    [
        DescribedJob("j", "Dreaming"),
        DescribedJob("j", "Completed", inputs_digest="other"),
        DescribedJob("k", "Completed"),
    ],
)
def test_a_stranger_under_the_name_is_refused(job: DescribedJob) -> None:
    with pytest.raises(NameTaken):
        next_job("j", [job], 3, "i")
