"""A job is named by its inputs: found again, counted when it failed, explained when it ended."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from causeway.digests import sha256
from causeway.errors import JobFailed, NameTaken
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context, execute

RAW = "s3://causeway-data-111111111111-eu-central-1/raw/credit_risk/test.csv"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that stands in for the use case's job scripts."""
    folder = tmp_path / "credit_risk"
    folder.mkdir()
    monkeypatch.setattr("causeway.training.jobs.JOBS_DIR", tmp_path)
    return folder


def job(platform: LocalPlatform):
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.operators.jobs import ProcessingJobOperator

    ArtifactsHook("causeway_data_ingester").put(RAW, b"raw", sha256=sha256(b"raw"))
    return ProcessingJobOperator(
        task_id="job",
        use_case="credit_risk",
        account_role="data",
        duty="ingester",
        script="features.py",
        inputs={"raw": RAW},
        output_name="features",
    )


def deferred(operator):
    """Start an operator's job; return the trigger that waits for it."""
    from airflow.sdk.exceptions import TaskDeferred

    with pytest.raises(TaskDeferred) as raised:
        operator.perform(context())
    return raised.value.trigger


def jobs(platform: LocalPlatform) -> list[str]:
    listed = platform.client("sagemaker", "data").list_processing_jobs(MaxResults=100)
    return sorted(job["ProcessingJobName"] for job in listed["ProcessingJobSummaries"])


def test_a_finished_job_is_adopted_without_running_again(
    platform: LocalPlatform, scripts: Path
) -> None:
    (scripts / "features.py").write_text(
        "import argparse, pathlib\n"
        "p = argparse.ArgumentParser(); p.add_argument('--raw'); p.add_argument('--output')\n"
        "a = p.parse_args(); out = pathlib.Path(a.output); out.mkdir(exist_ok=True)\n"
        "(out / 'made.txt').write_text('made')\n"
    )
    first = execute(job(platform), context())
    before = jobs(platform)
    assert execute(job(platform), context()) == first
    assert jobs(platform) == before
    bucket, key = first["outputs"]["features"].removeprefix("s3://").split("/", 1)
    output = platform.client("s3", "data").get_object(Bucket=bucket, Key=f"{key}/made.txt")
    assert output["Body"].read() == b"made"


def test_a_job_whose_outputs_the_bucket_deletes_is_run_again(
    platform: LocalPlatform, scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (scripts / "features.py").write_text("print('a year ago')\n")
    first = execute(job(platform), context())
    later = datetime.now(UTC) + timedelta(days=364)
    monkeypatch.setattr("causeway_airflow.tasks.clock.now", lambda: later)
    assert execute(job(platform), context())["job"] == f"{first['job']}-a2"


def test_a_failed_job_says_why_and_each_attempt_takes_the_next_ordinal(
    platform: LocalPlatform, scripts: Path
) -> None:
    (scripts / "features.py").write_text(
        "print('reading the raw file')\nraise SystemExit('column hoehe is missing')\n"
    )
    before = set(jobs(platform))
    for _ in range(3):
        with pytest.raises(JobFailed, match="column hoehe is missing") as raised:
            execute(job(platform), context())
        assert raised.value.retryable is False
    created = sorted(set(jobs(platform)) - before)
    assert [name.rpartition("-")[2] for name in created[1:]] == ["a2", "a3"]
    with pytest.raises(JobFailed, match=r"after 3 attempt"):
        execute(job(platform), context())
    assert len(set(jobs(platform)) - before) == 3


def test_the_log_is_passed_on_while_the_job_runs_and_no_line_twice(
    platform: LocalPlatform, scripts: Path
) -> None:
    (scripts / "features.py").write_text(
        "import time\n"
        "for step in range(12): print(f'step {step} of 12', flush=True); time.sleep(0.25)\n"
    )
    trigger, heard, answer = deferred(job(platform)), [0], "waiting"
    trigger._log = create_autospec(logging.Logger, instance=True)
    while answer == "waiting":
        answer = trigger.look()
        heard.append(trigger.log.info.call_count)
        time.sleep(0.1)
    assert answer == "success"
    lines = [call.args[1].partition(" | ")[2] for call in trigger.log.info.call_args_list]
    assert lines == [f"step {n} of 12" for n in range(12)]
    assert any(0 < lines < 12 for lines in heard)


def test_a_log_that_may_not_be_read_does_not_end_the_wait(
    platform: LocalPlatform, scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.base import AwsCallError
    from causeway_airflow.hooks.jobs import JobLogsHook

    def refuse(*_: object, **__: object) -> None:
        raise AwsCallError("no", code="AccessDeniedException")

    (scripts / "features.py").write_text("print('unreadable')\n")
    monkeypatch.setattr(JobLogsHook, "follow", refuse)
    trigger = deferred(job(platform))
    while (answer := trigger.look()) == "waiting":
        time.sleep(0.1)
    assert answer == "success"


@pytest.mark.parametrize("where", ["worker", "triggerer"])
def test_a_task_that_is_killed_stops_its_job_and_the_next_run_takes_the_next_ordinal(
    platform: LocalPlatform, scripts: Path, where: str
) -> None:
    (scripts / "features.py").write_text(f"import time  # {where}\ntime.sleep(60)\n")
    operator = job(platform)
    trigger = deferred(operator)
    if where == "worker":
        operator.on_kill()
    else:
        asyncio.run(trigger.on_kill())
    while trigger.look() == "waiting":
        time.sleep(0.1)
    with pytest.raises(JobFailed, match="Stopped"):
        operator.resumed(context())
    again = deferred(job(platform))
    assert again.wait.stop.arguments["name"] == f"{trigger.wait.stop.arguments['name']}-a2"
    asyncio.run(again.on_kill())


def test_killing_what_has_ended_changes_nothing(platform: LocalPlatform, scripts: Path) -> None:
    from causeway_airflow.hooks.jobs import JobsHook

    (scripts / "features.py").write_text("print('short')\n")
    operator = job(platform)
    done = execute(operator, context())
    operator.on_kill()
    hook = JobsHook("causeway_data_ingester")
    assert hook.status("processing", hook.describe("processing", done["job"])) == "Completed"
    assert hook.stop("processing", "never-was") is False
    job(platform).on_kill()  # nothing was started yet


def test_a_job_of_that_name_with_other_inputs_is_not_adopted(
    platform: LocalPlatform, scripts: Path
) -> None:
    from causeway_airflow.hooks.artifacts import ArtifactsHook

    (scripts / "features.py").write_text("print('fine')\n")
    operator = job(platform)
    script = operator.job()
    request = script.job.request({})
    request["Environment"] = {"CAUSEWAY_INPUTS": "f" * 64}
    for uri, body in script.files.items():
        ArtifactsHook("causeway_data_ingester").put(uri, body, sha256=sha256(body))
    platform.client("sagemaker", "data").create_processing_job(**request)
    with pytest.raises(NameTaken, match="made from other inputs"):
        execute(operator, context())
