"""A job is a function of its inputs: its name, its code bundle, its request."""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from causeway.errors import ConfigError
from causeway.topology.compute import Compute
from causeway.training.jobs import (
    INPUTS_VARIABLE,
    Code,
    Input,
    Processing,
    TrainingJob,
    hyperparameters_of,
    read_code,
    training_code,
)
from causeway.use_cases.resource_specs import Resources
from causeway.use_cases.use_case import ModelSpec, UseCase

CODE = Code({"train.py": b"print(1)", "encoding.py": b"x = 1"})
COMMON = {
    "subject": "credit_risk",
    "code": CODE,
    "image": "image:1",
    "runs_on": Resources(instance_type="ml.m5.large"),
    "compute": Compute(),
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


@pytest.mark.parametrize(
    "change",
    [
        {"runs_on": Resources(instance_type="ml.c5.large", volume_gb=50)},
        {"compute": Compute(isolation=True)},
        {"kms_key": "another"},
    ],
)
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


def test_a_model_is_trained_with_the_shipped_scripts_or_those_of_its_use_case(
    case: UseCase, model: ModelSpec, tmp_path: Path
) -> None:
    shipped = training_code(case, model)
    assert shipped == read_code("boosted_trees")
    assert {"features.py", "train.py", "evaluate.py", "inference.py"} <= set(shipped.files)
    assert "sample.py" not in read_code("credit_risk").files  # which no job runs
    training = model.training.model_copy(update={"scripts": None})
    own = model.model_copy(update={"training": training})
    (tmp_path / "credit_risk").mkdir()
    (tmp_path / "credit_risk" / "train.py").write_text("own")
    with pytest.raises(ConfigError, match=r"credit_risk has no evaluate\.py"):
        training_code(case, own, tmp_path)
    (tmp_path / "credit_risk" / "evaluate.py").write_text("own")
    assert training_code(case, own, tmp_path).files["train.py"] == b"own"


def test_a_job_without_metric_definitions_asks_for_none() -> None:
    assert (
        "MetricDefinitions"
        not in replace(TRAINING, metrics={}).request({})["AlgorithmSpecification"]
    )
    [definition] = TRAINING.request({})["AlgorithmSpecification"]["MetricDefinitions"]
    assert definition == {"Name": "validation:auc", "Regex": "validation-auc:([0-9.]+)"}


SUBNETS, GROUPS = ["subnet-0123456789abcdef0"], ["sg-0123456789abcdef0"]
KEY = "arn:aws:kms:eu-central-1:222222222222:key/11111111-2222-3333-4444-555555555555"
ISOLATED = Compute(subnets=SUBNETS, security_groups=GROUPS, isolation=True, volume_key=KEY)
BIG = Resources(
    instance_type="ml.m5.xlarge", instance_count=2, volume_gb=50, max_runtime_minutes=90
)
CLUSTER = {
    "InstanceCount": 2,
    "InstanceType": "ml.m5.xlarge",
    "VolumeSizeInGB": 50,
    "VolumeKmsKeyId": KEY,
}
NETWORK = {
    "VpcConfig": {"Subnets": SUBNETS, "SecurityGroupIds": GROUPS},
    "EnableNetworkIsolation": True,
}


def test_a_processing_job_carries_its_resources_limits_network_and_key() -> None:
    request = replace(PROCESSING, runs_on=BIG, compute=ISOLATED).request({})
    assert request["ProcessingResources"] == {"ClusterConfig": CLUSTER}
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 5400}
    assert request["NetworkConfig"] == NETWORK
    assert "NetworkConfig" not in PROCESSING.request({})


def test_a_training_job_carries_its_resources_limits_network_and_key() -> None:
    request = replace(TRAINING, runs_on=BIG, compute=ISOLATED).request({})
    assert request["ResourceConfig"] == CLUSTER
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 5400}
    assert {name: request[name] for name in NETWORK} == NETWORK
    assert not NETWORK.keys() & TRAINING.request({}).keys()


def test_isolated_training_is_brought_its_code_as_a_channel() -> None:
    request = replace(TRAINING, compute=Compute(isolation=True)).request({})
    code = request["InputDataConfig"][-1]
    assert code["ChannelName"] == "code"
    assert code["DataSource"]["S3DataSource"]["S3Uri"] == TRAINING.bundle_uri
    source = request["HyperParameters"]["sagemaker_submit_directory"]
    assert source == "/opt/ml/input/data/code/sourcedir.tar.gz"
