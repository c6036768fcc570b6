"""A job counts as what was asked for only if SageMaker says so of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from causeway.errors import NameTaken, UnexpectedState
from causeway.training.provenance import digest_of, require_made_from

ROOT = "s3://bucket"


def processing() -> dict[str, Any]:
    """Return the parts of a request on which a processing job's result depends."""
    source = {"S3Uri": f"{ROOT}/code", "LocalPath": "/opt/code"}
    return {
        "ProcessingJobName": "evaluate",
        "RoleArn": "role",
        "AppSpecification": {"ImageUri": "image", "ContainerArguments": ["--output", "/opt"]},
        "ProcessingInputs": [{"InputName": "code", "S3Input": source}],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": f"{ROOT}/out"}}]
        },
        "Environment": {"CAUSEWAY_INPUTS": "d" * 64},
    }


def training() -> dict[str, Any]:
    """Return the same of a training job."""
    return {
        "TrainingJobName": "train",
        "RoleArn": "role",
        "AlgorithmSpecification": {"TrainingImage": "image"},
        "HyperParameters": {"eta": "0.1"},
        "InputDataConfig": [{"ChannelName": "train"}],
        "OutputDataConfig": {"S3OutputPath": f"{ROOT}/out"},
        "Environment": {"CAUSEWAY_INPUTS": "d" * 64},
    }


def described(request: dict[str, Any]) -> dict[str, Any]:
    """Return the request as AWS describes it: with defaults, and what became of it."""
    description = copy.deepcopy(request)
    for part in description.get("ProcessingInputs", []):
        part["AppManaged"] = False
        part["S3Input"]["S3CompressionType"] = "None"
    for channel in description.get("InputDataConfig", []):
        channel["CompressionType"] = "None"
    return {**description, "CreationTime": "now"}


@pytest.mark.parametrize("make", [processing, training])
def test_a_job_as_asked_for_passes_with_what_aws_adds(make: Callable[[], dict[str, Any]]) -> None:
    require_made_from(make(), described(make()))


@pytest.mark.parametrize(
    ("make", "path", "value", "named"),
    [
        (processing, ("RoleArn",), "another", "RoleArn"),
        (processing, ("AppSpecification", "ImageUri"), "another", "AppSpecification"),
        (
            processing,
            ("AppSpecification", "ContainerArguments"),
            ["--output", "/opt", "--fake"],
            "AppSpecification",
        ),
        (processing, ("ProcessingInputs", 0, "S3Input", "S3Uri"), "s3://x/y", "ProcessingInputs"),
        (processing, ("ProcessingInputs",), [], "ProcessingInputs"),
        (
            processing,
            ("ProcessingOutputConfig", "Outputs", 0, "S3Output", "S3Uri"),
            "s3://x/y",
            "ProcessingOutputConfig.Outputs",
        ),
        (processing, ("Environment", "PYTHONSTARTUP"), "/opt/fake.py", "Environment"),
        (training, ("HyperParameters", "sagemaker_program"), "fake.py", "HyperParameters"),
        (training, ("HyperParameters", "eta"), "0.2", "HyperParameters"),
        (
            training,
            ("AlgorithmSpecification", "TrainingImage"),
            "another",
            "AlgorithmSpecification.TrainingImage",
        ),
        (training, ("InputDataConfig",), [{"ChannelName": "train"}] * 2, "InputDataConfig"),
        (training, ("OutputDataConfig", "S3OutputPath"), "s3://x", "OutputDataConfig.S3OutputPath"),
    ],
)
def test_a_job_of_that_name_that_was_made_otherwise_is_refused(
    make: Callable[[], dict[str, Any]], path: tuple[str | int, ...], value: Any, named: str
) -> None:
    description = described(make())
    part: Any = description
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(NameTaken, match=f"was made with other {named} than"):
        require_made_from(make(), description)


def test_a_datasets_address_says_its_digest() -> None:
    uri = f"{ROOT}/datasets/credit_risk/{'d' * 64}/dataset.parquet"
    assert digest_of(uri, ROOT, "credit_risk") == "d" * 64


@pytest.mark.parametrize(
    "uri",
    [
        f"s3://another/datasets/credit_risk/{'d' * 64}/dataset.parquet",
        f"{ROOT}/datasets/california_housing/{'d' * 64}/dataset.parquet",
        f"{ROOT}/jobs/credit_risk/{'d' * 64}/dataset.parquet",
        f"{ROOT}/datasets/credit_risk/{'d' * 64}/../{'e' * 64}/dataset.parquet",
        f"{ROOT}/datasets/credit_risk/{'d' * 63}/dataset.parquet",
        "",
    ],
)
def test_another_address_is_no_dataset(uri: str) -> None:
    with pytest.raises(UnexpectedState, match="is no dataset of use case credit_risk"):
        digest_of(uri, ROOT, "credit_risk")
