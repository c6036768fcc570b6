"""Processing jobs run the given script, in an environment of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws.sagemaker.machine.processes import ProcessTable
from tests.localaws.sagemaker.work import IMAGE, Workshop
from tests.localaws.waiting import eventually
from tests.refusals import code_of

GROUP = "/aws/sagemaker/ProcessingJobs"
COPY = """
import pathlib, sys
source, target = (pathlib.Path(a.split("=")[-1]) for a in sys.argv[1:3])
for path in source.rglob("*.txt"):
    place = target / path.relative_to(source)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(path.read_text().upper())
print("copied")
"""
ENVIRONMENT = """
import json, os, pathlib, sys
target = pathlib.Path(sys.argv[1].split("=")[1])
(target / "environment.json").write_text(json.dumps(dict(os.environ)))
(target / "python.txt").write_text(sys.executable)
"""
SLEEP = "import time; print('asleep', flush=True); time.sleep(60)"


def test_inputs_are_downloaded_and_outputs_uploaded(workshop: Workshop) -> None:
    workshop.put("raw/a.txt", "one")
    workshop.put("raw/deep/b.txt", "two")
    request = workshop.processing_request("copy", COPY)
    request["ProcessingInputs"].append(workshop.input("raw", f"s3://{workshop.bucket}/raw/"))
    request["AppSpecification"]["ContainerArguments"] = [
        "/opt/ml/processing/input/raw",
        "--output=/opt/ml/processing/output",
    ]
    workshop.sagemaker.create_processing_job(**request)
    described = workshop.processed("copy")
    assert described["ProcessingJobStatus"] == "Completed", described
    assert workshop.read("out/copy/a.txt") == b"ONE"
    assert workshop.read("out/copy/deep/b.txt") == b"TWO"
    assert described["ProcessingEndTime"] >= described["ProcessingStartTime"]
    assert described["AppSpecification"]["ImageUri"] == IMAGE


def test_nothing_of_the_servers_environment_reaches_the_script(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    workshop.process("env", ENVIRONMENT, Environment={"MINE": "yes"})
    variables = json.loads(workshop.read("out/env/environment.json"))
    allowed = ("AWS_", "PROCESSING_", "LC_")
    others = {name for name in variables if not name.startswith(allowed)}
    assert others == {
        *("PATH", "LANG", "HOME", "TMPDIR", "PYTHONUNBUFFERED", "MINE"),
        *("PYTHONPATH", "PIP_TARGET"),
    }
    assert variables["PYTHONPATH"] != "/somewhere"
    assert variables["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert variables["AWS_SESSION_TOKEN"]
    assert variables["AWS_ENDPOINT_URL"] == workshop.aws.endpoint
    assert b".venv-jobs" in workshop.read("out/env/python.txt")


INSTALL = """
import pathlib, subprocess, sys, zipfile
wheel = pathlib.Path("extra-1.0-py3-none-any.whl").absolute()
with zipfile.ZipFile(wheel, "w") as packed:
    packed.writestr("extra.py", "WORD = 'installed'")
    for name, text in {
        "METADATA": "Metadata-Version: 2.1\\nName: extra\\nVersion: 1.0",
        "WHEEL": "Wheel-Version: 1.0\\nTag: py3-none-any",
        "RECORD": "",
    }.items():
        packed.writestr(f"extra-1.0.dist-info/{name}", text)
subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-index", wheel], check=True)
out = subprocess.run(
    [sys.executable, "-c", "import extra; print(extra.WORD)"], capture_output=True, check=True
)
print(out.stdout.decode().strip())
"""


def test_what_a_job_installs_is_gone_with_it(workshop: Workshop) -> None:
    workshop.process("installing", INSTALL)
    assert workshop.log_lines(GROUP, "installing/")[-1] == "installed"
    described = workshop.process("after", "import extra")
    assert "No module named 'extra'" in described["FailureReason"]


def test_outputs_are_encrypted_with_the_key_that_was_asked_for(workshop: Workshop) -> None:
    kms = workshop.aws.client("kms", "data_science")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    request = workshop.processing_request("secret", ENVIRONMENT)
    request["ProcessingOutputConfig"]["KmsKeyId"] = key
    workshop.sagemaker.create_processing_job(**request)
    assert workshop.processed("secret")["ProcessingJobStatus"] == "Completed"
    head = workshop.s3.head_object(Bucket=workshop.bucket, Key="out/secret/python.txt")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_failing_script_fails_the_job_with_its_last_lines(workshop: Workshop) -> None:
    described = workshop.process("bad", "print('before'); raise SystemExit('no such column: age')")
    assert described["ProcessingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("AlgorithmError")
    assert "exit code 1" in described["FailureReason"]
    assert "no such column: age" in described["FailureReason"]
    assert workshop.keys("out/bad/") == []
    assert workshop.log_lines(GROUP, "bad/") == ["before", "no such column: age"]


def test_missing_input_fails_the_job_and_names_it(workshop: Workshop) -> None:
    request = workshop.processing_request("lost", COPY)
    request["ProcessingInputs"].append(workshop.input("raw", f"s3://{workshop.bucket}/nothing/"))
    workshop.sagemaker.create_processing_job(**request)
    reason = workshop.processed("lost")["FailureReason"]
    assert reason.startswith("ClientError") and "nothing/" in reason


def test_missing_bucket_fails_the_job(workshop: Workshop) -> None:
    request = workshop.processing_request("void", COPY)
    request["ProcessingInputs"].append(workshop.input("raw", "s3://no-such-bucket/x/"))
    workshop.sagemaker.create_processing_job(**request)
    assert "NoSuchBucket" in workshop.processed("void")["FailureReason"]


@pytest.mark.parametrize("script", ["print('fine')", "raise SystemExit(3)"])
def test_name_is_spent_for_good(workshop: Workshop, script: str) -> None:
    name = f"once-{len(script)}"
    workshop.process(name, script)
    with pytest.raises(ClientError) as error:
        workshop.process(name, script)
    assert code_of(error) == "ResourceInUse"


def test_unknown_job_is_a_validation_error(workshop: Workshop) -> None:
    with pytest.raises(ClientError) as error:
        workshop.sagemaker.describe_processing_job(ProcessingJobName="never")
    assert code_of(error) == "ValidationException"
    assert "Could not find" in str(error.value)


def test_unknown_image_is_refused(workshop: Workshop) -> None:
    request = workshop.processing_request("image", "print()")
    request["AppSpecification"]["ImageUri"] = "111111111111.dkr.ecr.x.amazonaws.com/mine:1"
    with pytest.raises(ClientError, match="mine:1") as error:
        workshop.sagemaker.create_processing_job(**request)
    assert code_of(error) == "ValidationException"
    workshop.process("image", "print()")  # the refused name was not spent


@pytest.mark.parametrize(
    "role", ["arn:aws:iam::222222222222:role/none", "arn:aws:iam::111111111111:role/other"]
)
def test_role_that_cannot_be_assumed_is_refused(workshop: Workshop, role: str) -> None:
    with pytest.raises(ClientError, match="role") as error:
        workshop.process("role", "print()", RoleArn=role)
    assert code_of(error) == "ValidationException"


def test_option_that_is_not_supported_is_refused_not_ignored(workshop: Workshop) -> None:
    request = workshop.processing_request("many", "print()")
    request["ProcessingResources"] = {
        "ClusterConfig": {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    }
    with pytest.raises(ClientError, match="InstanceCount 2") as error:
        workshop.sagemaker.create_processing_job(**request)
    assert code_of(error) == "UnsupportedOperation"


def test_stopped_job_ends_its_script_and_uploads_nothing(workshop: Workshop) -> None:
    request = workshop.processing_request("sleeper", SLEEP)
    workshop.sagemaker.create_processing_job(**request)
    [pid] = eventually(ProcessTable.of(workshop.aws.cloud).alive)
    workshop.sagemaker.stop_processing_job(ProcessingJobName="sleeper")
    described = workshop.processed("sleeper")
    assert described["ProcessingJobStatus"] == "Stopped"
    assert not Path(f"/proc/{pid}").exists()
    assert workshop.keys("out/sleeper/") == []


def test_job_that_runs_too_long_by_the_clock_is_stopped(workshop: Workshop) -> None:
    workshop.sagemaker.create_processing_job(
        **workshop.processing_request(
            "long", SLEEP, StoppingCondition={"MaxRuntimeInSeconds": 3600}
        )
    )
    eventually(ProcessTable.of(workshop.aws.cloud).alive)
    workshop.aws.advance(3601)
    assert workshop.processed("long")["ProcessingJobStatus"] == "Stopped"


def test_jobs_beyond_the_slots_wait_and_can_be_stopped_before_they_begin(
    workshop: Workshop,
) -> None:
    for name in ("one", "two", "three"):
        workshop.sagemaker.create_processing_job(**workshop.processing_request(name, SLEEP))
    table = ProcessTable.of(workshop.aws.cloud)
    eventually(lambda: len(table.alive()) == 2)
    waiting = workshop.sagemaker.describe_processing_job(ProcessingJobName="three")
    assert waiting["ProcessingJobStatus"] == "InProgress"
    assert "ProcessingStartTime" not in waiting
    workshop.sagemaker.stop_processing_job(ProcessingJobName="three")
    assert workshop.processed("three")["ProcessingJobStatus"] == "Stopped"
    for name in ("one", "two"):
        workshop.sagemaker.stop_processing_job(ProcessingJobName=name)
        assert workshop.processed(name)["ProcessingJobStatus"] == "Stopped"
    assert eventually(lambda: not table.alive())


def test_waiting_job_starts_when_a_slot_is_free(workshop: Workshop) -> None:
    for number in range(4):
        workshop.sagemaker.create_processing_job(
            **workshop.processing_request(f"job-{number}", "print('hi')")
        )
    statuses = [workshop.processed(f"job-{n}")["ProcessingJobStatus"] for n in range(4)]
    assert statuses == ["Completed"] * 4


def test_sandbox_is_removed_after_the_job(workshop: Workshop) -> None:
    workshop.process("tidy", "print('x')")
    eventually(lambda: not list(workshop.aws.cloud.work_dir.iterdir()))


def test_list_filters_by_status_and_name_newest_first(workshop: Workshop) -> None:
    workshop.process("list-a-good", "print()")
    workshop.process("list-a-bad", "raise SystemExit(1)")
    workshop.process("list-b-good", "print()")

    def names(**filters: str) -> list[str]:
        filters = {"NameContains": "list-"} | filters
        summaries = workshop.sagemaker.list_processing_jobs(**filters)["ProcessingJobSummaries"]
        return [item["ProcessingJobName"].removeprefix("list-") for item in summaries]

    assert names() == ["b-good", "a-bad", "a-good"]
    assert names(StatusEquals="Failed") == ["a-bad"]
    good = names(NameContains="good", SortBy="Name", SortOrder="Ascending")
    assert good == ["a-good", "b-good"]


def test_state_changes_are_events_of_the_account(workshop: Workshop) -> None:
    received = workshop.events("SageMaker Processing Job State Change")
    workshop.process("seen", "print()")
    details = [event["detail"] for event in received()]
    assert [d["ProcessingJobStatus"] for d in details] == ["InProgress", "Completed"]
    assert details[1]["ProcessingJobName"] == "seen"
    assert isinstance(details[1]["ProcessingEndTime"], int)
