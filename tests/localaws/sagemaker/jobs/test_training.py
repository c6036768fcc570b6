"""Training jobs in script mode."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localaws.sagemaker.jobs.training_run import arguments_of, decoded
from localaws.sagemaker.machine import mounts
from localaws.sagemaker.machine.processes import ProcessTable
from tests.localaws.sagemaker.work import IMAGE, OWN_IMAGE, SKLEARN, Workshop, archive
from tests.localaws.waiting import eventually

GROUP = "/aws/sagemaker/TrainingJobs"
REPORT = """
import json, os, pathlib, sys
for line in ("validation-auc:0.5", "noise", "validation-auc:0.75"):
    print("[0]", line)
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
(model / "code").mkdir()
(model / "code" / "inference.py").write_text("# serves")
(model / "model.json").write_text("{}")
report = {
    "arguments": sys.argv[1:],
    "channels": {
        n: sorted(p.name for p in pathlib.Path(os.environ["SM_CHANNEL_" + n.upper()]).iterdir())
        for n in json.loads(os.environ["SM_CHANNELS"])
    },
    "hps": json.loads(os.environ["SM_HPS"]),
    "hp": os.environ.get("SM_HP_MAX_DEPTH"),
    "names": sorted(os.environ),
    "cwd": os.getcwd() == os.environ["SM_MODULE_DIR"],
}
(pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"]) / "report.json").write_text(json.dumps(report))
"""
METRICS = [{"Name": "validation:auc", "Regex": "validation-auc:([0-9.]+)"}]


def algorithm(image: str = IMAGE, **more: object) -> dict[str, object]:
    return {"TrainingImage": image, "TrainingInputMode": "File", **more}


def test_script_gets_channels_and_hyperparameters_and_its_model_is_kept(
    workshop: Workshop,
) -> None:
    workshop.put("parts/train/train.csv", "1,2")
    workshop.put("parts/validation/validation.csv", "1,2")
    described = workshop.train(
        "report",
        REPORT,
        hyperparameters={"max_depth": 5, "objective": "binary:logistic"},
        channels={
            "train": f"s3://{workshop.bucket}/parts/train/",
            "validation": f"s3://{workshop.bucket}/parts/validation/validation.csv",
        },
        AlgorithmSpecification=algorithm(OWN_IMAGE, MetricDefinitions=METRICS),
        Environment={"MINE": "yes"},
    )
    assert described["TrainingJobStatus"] == described["SecondaryStatus"] == "Completed"
    uri = described["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri == f"s3://{workshop.bucket}/trained/report/output/model.tar.gz"
    model = workshop.artifact("trained/report/output/model.tar.gz")
    assert sorted(model) == ["code/inference.py", "model.json"]
    output = workshop.artifact("trained/report/output/output.tar.gz")
    report = json.loads(output["report.json"])
    assert report["arguments"] == ["--max_depth", "5", "--objective", "binary:logistic"]
    assert report["hps"] == {"max_depth": 5, "objective": "binary:logistic"}
    assert report["hp"] == "5"
    assert report["channels"] == {"train": ["train.csv"], "validation": ["validation.csv"]}
    assert report["cwd"]
    assert "MINE" in report["names"] and "TRAINING_JOB_NAME" in report["names"]
    assert described["FinalMetricDataList"][0]["MetricName"] == "validation:auc"
    assert described["FinalMetricDataList"][0]["Value"] == 0.75
    steps = [transition["Status"] for transition in described["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert "[0] validation-auc:0.75" in workshop.log_lines(GROUP, "report/")


def test_same_script_gives_the_same_bytes(workshop: Workshop) -> None:
    bodies = []
    for name in ("twin-1", "twin-2"):
        workshop.train(name, REPORT, channels={"c": workshop.put("parts/c/x", "1")})
        bodies.append(workshop.read(f"trained/{name}/output/model.tar.gz"))
    assert bodies[0] == bodies[1]


def test_failure_file_of_the_script_is_the_reason(workshop: Workshop) -> None:
    script = """
import os, pathlib
pathlib.Path(os.environ["SM_OUTPUT_DIR"], "failure").write_text("the label has one class")
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "why.txt").write_text("details")
raise SystemExit(7)
"""
    described = workshop.train("reasoned", script)
    assert described["TrainingJobStatus"] == described["SecondaryStatus"] == "Failed"
    reason = described["FailureReason"]
    assert reason == "AlgorithmError: the label has one class, exit code: 7"
    assert workshop.artifact("trained/reasoned/output/output.tar.gz") == {"why.txt": b"details"}
    assert "trained/reasoned/output/model.tar.gz" not in workshop.keys("trained/reasoned")


def test_traceback_is_the_reason_when_the_script_names_none(workshop: Workshop) -> None:
    reason = workshop.train("crashed", "raise KeyError('amount')")["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError")
    assert "KeyError: 'amount'" in reason


def test_missing_program_fails_the_job(workshop: Workshop) -> None:
    request = workshop.training_request("absent", "print()")
    request["HyperParameters"]["sagemaker_program"] = "other.py"
    workshop.sagemaker.create_training_job(**request)
    assert "has no other.py" in workshop.trained("absent")["FailureReason"]


@pytest.mark.parametrize("script", ["print('fine')", "raise SystemExit(3)"])
def test_name_is_spent_for_good(workshop: Workshop, script: str) -> None:
    name = f"spent-{len(script)}"
    workshop.train(name, script)
    with pytest.raises(ClientError) as error:
        workshop.train(name, script)
    assert error.value.response["Error"]["Code"] == "ResourceInUse"


def test_unknown_job_is_a_validation_error(workshop: Workshop) -> None:
    with pytest.raises(ClientError, match="not found") as error:
        workshop.sagemaker.describe_training_job(TrainingJobName="never")
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_stopped_job_keeps_the_model_it_had(workshop: Workshop) -> None:
    script = """
import os, pathlib, time
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text("half")
print("saved", flush=True)
time.sleep(60)
"""
    workshop.sagemaker.create_training_job(**workshop.training_request("halted", script))
    eventually(lambda: _logged(workshop, "halted/"))
    workshop.sagemaker.stop_training_job(TrainingJobName="halted")
    described = workshop.trained("halted")
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert workshop.artifact("trained/halted/output/model.tar.gz") == {"model.json": b"half"}


def test_job_that_runs_too_long_by_the_clock_is_stopped(workshop: Workshop) -> None:
    request = workshop.training_request("endless", "import time; time.sleep(60)")
    workshop.sagemaker.create_training_job(**request)
    eventually(ProcessTable.of(workshop.aws.cloud).alive)
    workshop.aws.advance(3601)
    described = workshop.trained("endless")
    assert described["TrainingJobStatus"] == "Stopped"
    assert described["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_model_is_encrypted_with_the_key_that_was_asked_for(workshop: Workshop) -> None:
    kms = workshop.aws.client("kms", "data_science")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    output = {"S3OutputPath": f"s3://{workshop.bucket}/trained/", "KmsKeyId": key}
    workshop.train("sealed", "print()", OutputDataConfig=output)
    head = workshop.s3.head_object(Bucket=workshop.bucket, Key="trained/sealed/output/model.tar.gz")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_archive_that_points_outside_is_refused(workshop: Workshop) -> None:
    request = workshop.training_request("escape", "print()")
    evil = archive({"../../../evil.py": "print()", "train.py": "print()"})
    workshop.put("code/escape/sourcedir.tar.gz", evil)
    workshop.sagemaker.create_training_job(**request)
    described = workshop.trained("escape")
    assert described["TrainingJobStatus"] == "Failed"
    assert "cannot be extracted" in described["FailureReason"]


def test_metric_pattern_that_is_no_pattern_is_refused(workshop: Workshop) -> None:
    broken = algorithm(OWN_IMAGE, MetricDefinitions=[{"Name": "m", "Regex": "auc:([0-9"}])
    with pytest.raises(ClientError, match="Regex of metric m"):
        workshop.train("pattern", "print()", AlgorithmSpecification=broken)


def test_metric_definitions_of_an_algorithm_are_refused(workshop: Workshop) -> None:
    mine = algorithm(MetricDefinitions=METRICS)
    with pytest.raises(ClientError) as error:
        workshop.train("overridden", "print()", AlgorithmSpecification=mine)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert error.value.response["Error"]["Message"] == (
        "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry "
        "the request without specifying metric definitions."
    )
    sklearn = algorithm(SKLEARN, MetricDefinitions=METRICS)
    described = workshop.train("framework", "print()", AlgorithmSpecification=sklearn)
    assert described["TrainingJobStatus"] == "Completed"


def test_key_of_the_output_is_described_as_empty_when_there_is_none(workshop: Workshop) -> None:
    described = workshop.train("keyless", "print()")
    assert described["OutputDataConfig"]["KmsKeyId"] == ""


def test_stopping_an_ended_job_is_refused_with_its_status(workshop: Workshop) -> None:
    workshop.train("over", "print()")
    with pytest.raises(ClientError) as error:
        workshop.sagemaker.stop_training_job(TrainingJobName="over")
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert error.value.response["Error"]["Message"] == (
        "The request was rejected because the training job is in status Completed."
    )


ENTRYPOINT = """#!/bin/bash
set -e
cd /opt/ml/input/data/code
python3 report.py
"""
LITERAL = """
import json, os, pathlib
config = pathlib.Path("/opt/ml/input/config")
documents = {path.stem: json.loads(path.read_text()) for path in config.iterdir()}
documents["names"] = sorted(os.environ)
documents["model"] = os.environ["SM_MODEL_DIR"]
pathlib.Path("/opt/ml/output/data/seen.json").write_text(json.dumps(documents))
pathlib.Path("/opt/ml/model/model.json").write_text("{}")
"""


@pytest.mark.skipif(not mounts.available(), reason="no user namespaces on this machine")
def test_command_runs_in_place_of_the_toolkit(workshop: Workshop) -> None:
    # What the SDK v3's ModelTrainer asks for: its own script in a channel, literal paths.
    workshop.put("driver/sm_train.sh", ENTRYPOINT)
    workshop.put("source/report.py", LITERAL)
    described = workshop.train(
        "trainer",
        "raise SystemExit('not this one')",
        channels={
            "sm_drivers": f"s3://{workshop.bucket}/driver/",
            "code": f"s3://{workshop.bucket}/source/",
        },
        AlgorithmSpecification=algorithm(
            ContainerEntrypoint=["/bin/bash"],
            ContainerArguments=["-c", "bash /opt/ml/input/data/sm_drivers/sm_train.sh"],
        ),
        HyperParameters={"depth": "5"},
    )
    assert described["TrainingJobStatus"] == "Completed", described
    assert list(workshop.artifact("trained/trainer/output/model.tar.gz")) == ["model.json"]
    seen = json.loads(workshop.artifact("trained/trainer/output/output.tar.gz")["seen.json"])
    assert seen["hyperparameters"] == {"depth": "5"}
    assert seen["inputdataconfig"]["code"] == {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert seen["resourceconfig"]["hosts"] == ["algo-1"]
    assert seen["resourceconfig"]["current_instance_type"] == "ml.m5.large"
    assert "SM_CHANNEL_CODE" not in seen["names"] and "TRAINING_JOB_NAME" in seen["names"]


def test_image_without_script_mode_is_refused(workshop: Workshop) -> None:
    request = workshop.training_request("builtin", "print()")
    del request["HyperParameters"]["sagemaker_program"]
    with pytest.raises(ClientError, match="sagemaker_program") as error:
        workshop.sagemaker.create_training_job(**request)
    assert error.value.response["Error"]["Code"] == "UnsupportedOperation"


def test_hyperparameters_reach_the_script_as_the_toolkit_passes_them() -> None:
    values = decoded({"b": '"text"', "a": "0.1", "flag": "true", "raw": "binary:logistic"})
    assert values == {"b": "text", "a": 0.1, "flag": True, "raw": "binary:logistic"}
    assert arguments_of(values) == [
        *("-a", "0.1", "-b", "text", "--flag", "True", "--raw", "binary:logistic")
    ]


def test_list_filters_by_status(workshop: Workshop) -> None:
    workshop.train("filter-good", "print()")
    workshop.train("filter-bad", "raise SystemExit(1)")
    reply = workshop.sagemaker.list_training_jobs(NameContains="filter-", StatusEquals="Failed")
    assert [job["TrainingJobName"] for job in reply["TrainingJobSummaries"]] == ["filter-bad"]


def test_state_changes_are_events_of_the_account(workshop: Workshop) -> None:
    received = workshop.events("SageMaker Training Job State Change")
    workshop.train("heard", "print()")
    details = [event["detail"] for event in received()]
    assert [d["TrainingJobStatus"] for d in details] == ["InProgress", "Completed"]
    assert details[1]["SecondaryStatus"] == "Completed"


def _logged(workshop: Workshop, prefix: str) -> list[str]:
    try:
        return workshop.log_lines(GROUP, prefix)
    except ClientError:  # the group is made with the first line
        return []
