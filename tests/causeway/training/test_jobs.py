"""A job is a function of its inputs: its name, its code bundle, its request."""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from causeway.errors import ConfigError
from causeway.training.jobs import (
    INPUTS_VARIABLE,
    Code,
    Input,
    Processing,
    TrainingJob,
    hyperparameters_of,
    read_code,
)

CODE = Code({"train.py": b"print(1)", "encoding.py": b"x = 1"})
COMMON = {
    "subject": "credit_risk",
    "code": CODE,
    "image": "image:1",
    "instance_type": "ml.m5.large",
    "role_arn": "arn:aws:iam::222222222222:role/causeway-training-execution",
    "kms_key": "key",
    "output_root": "s3://bucket/jobs/credit_risk",
}
TRAINING = TrainingJob(
    **COMMON,
    script="train.py",
    bundle_uri="s3://bucket/code/sourcedir.tar.gz",
    channels=[Input("train", "s3://bucket/train"), Input("validation", "s3://bucket/validation")],
    candidate="c1",
    hyperparameters={"max_depth": 5, "eta": 0.1},
    metrics={"validation:auc": "validation-auc:([0-9.]+)"},
)
PROCESSING = Processing(
    **COMMON,
    script="preprocess.py",
    code_uri="s3://bucket/code",
    folders=[Input("dataset", "s3://bucket/dataset.parquet")],
    output="parts",
)


def test_the_code_digest_is_of_names_and_contents() -> None:
    first = Code({"a.py": b"1", "b.py": b"2"}).digest
    assert first == Code({"b.py": b"2", "a.py": b"1"}).digest
    assert first != Code({"a.py": b"2", "b.py": b"1"}).digest


@pytest.mark.parametrize(
    "change",
    [
        {"code": Code({"train.py": b"print(2)"})},
        {"hyperparameters": {"max_depth": 6, "eta": 0.1}},
        {"channels": [Input("train", "s3://bucket/other")]},
        {"image": "image:2"},
    ],
)
def test_other_inputs_make_another_name(change: dict[str, object]) -> None:
    assert replace(TRAINING, **change).name != TRAINING.name


@pytest.mark.parametrize("change", [{"instance_type": "ml.c5.large"}, {"kms_key": "another"}])
def test_where_a_job_runs_is_no_input(change: dict[str, object]) -> None:
    assert replace(TRAINING, **change).name == TRAINING.name


def test_names_fit_and_say_model_step_and_candidate() -> None:
    assert TRAINING.name.startswith("credit-risk-train-c1-")
    assert PROCESSING.name.startswith("credit-risk-preprocess-")
    assert len(replace(TRAINING, subject="x" * 80).name) <= 63


def test_the_same_files_are_packed_into_the_same_bytes() -> None:
    other_order = Code(dict(reversed(list(CODE.files.items()))))
    assert other_order.archive() == CODE.archive()
    assert other_order.digest == CODE.digest
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(CODE.archive()))) as tar:
        assert tar.getnames() == ["encoding.py", "train.py"]


def test_a_training_request_carries_script_mode_channels_and_the_inputs_digest() -> None:
    request = TRAINING.request({"causeway:model": "credit_risk"})
    assert request["HyperParameters"] == {
        "max_depth": "5",
        "eta": "0.1",
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://bucket/code/sourcedir.tar.gz",
    }
    assert [c["ChannelName"] for c in request["InputDataConfig"]] == ["train", "validation"]
    assert request["Environment"] == {INPUTS_VARIABLE: TRAINING.inputs}
    assert hyperparameters_of(request["HyperParameters"]) == {"max_depth": "5", "eta": "0.1"}


def test_a_processing_request_calls_the_script_with_a_folder_for_each_input() -> None:
    request = PROCESSING.request({})
    assert request["AppSpecification"]["ContainerArguments"] == [
        "--dataset",
        "/opt/ml/processing/input/dataset",
        "--output",
        "/opt/ml/processing/output",
    ]
    output = request["ProcessingOutputConfig"]["Outputs"][0]
    assert output["S3Output"]["S3Uri"] == f"s3://bucket/jobs/credit_risk/{PROCESSING.name}/parts"


def test_the_sample_is_no_job_code_and_a_use_case_without_scripts_is_refused(
    tmp_path: Path,
) -> None:
    assert "sample.py" not in read_code("credit_risk").files
    housing = read_code("california_housing").files
    assert housing["features.py"] == read_code("credit_risk").files["features.py"]
    assert housing["train.py"] != read_code("credit_risk").files["train.py"]
    assert {"features.py", "train.py", "inference.py"} <= set(read_code("credit_risk").files)
    with pytest.raises(ConfigError, match="no job scripts"):
        read_code("nothing", tmp_path)


def test_a_job_without_metric_definitions_asks_for_none() -> None:
    assert (
        "MetricDefinitions"
        not in replace(TRAINING, metrics={}).request({})["AlgorithmSpecification"]
    )
    [definition] = TRAINING.request({})["AlgorithmSpecification"]["MetricDefinitions"]
    assert definition == {"Name": "validation:auc", "Regex": "validation-auc:([0-9.]+)"}
