"""Jobs and endpoints as use case and topology declare them, on the local AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from causeway.deployment.rollout import VARIANT, Target, endpoint_config_request
from causeway.documents import parse
from causeway.topology.arns import ModelPackageArn
from causeway.topology.compute import Compute
from causeway.training.jobs import Code, Processing, TrainingJob
from causeway.use_cases.files import use_case
from causeway.use_cases.resource_specs import Deployment, Resources
from localaws.sagemaker.machine import mounts
from localaws.server import Accounts, running
from tests.localaws.conftest import ACCOUNTS, REGION, Aws
from tests.localaws.sagemaker.work import IMAGE, Workshop

PAGE = Path(__file__).parents[3] / "docs" / "training.md"
#: Fails unless it is alone: without a network there is no address but the loopback's.
ALONE = """
import json, pathlib, socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    assert probe.connect_ex(("192.0.2.1", 9)), "it has a network"
if "--output" in sys.argv:
    pathlib.Path(sys.argv[sys.argv.index("--output") + 1], "done.txt").write_text("alone")
"""


def documented(key: str) -> str:
    """Return the block of the page that declares `key`, without it."""
    (block,) = re.findall(rf"```yaml\n{key}:\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return yaml.safe_dump(yaml.safe_load(block))


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    accounts = Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])
    with running(accounts, control=True) as server:
        yield Workshop(Aws(server))


@pytest.fixture(scope="module")
def compute(workshop: Workshop) -> Compute:
    key = workshop.aws.client("kms", "data_science").create_key()["KeyMetadata"]["Arn"]
    return Compute(
        subnets=["subnet-0123456789abcdef0"],
        security_groups=["sg-0123456789abcdef0"],
        isolation=mounts.available(isolated=True),
        volume_key=key,
    )


def common(workshop: Workshop, compute: Compute) -> dict[str, object]:
    return {
        "subject": "loans",
        "code": Code({"work.py": (ALONE if compute.isolation else "").encode()}),
        "image": IMAGE,
        "runs_on": parse(documented("training"), Resources, str(PAGE)),
        "compute": compute,
        "role_arn": workshop.role,
        "kms_key": compute.volume_key,
        "output_root": f"s3://{workshop.bucket}/jobs/loans",
        "script": "work.py",
    }


def test_a_processing_job_runs_as_page_and_topology_say(
    workshop: Workshop, compute: Compute
) -> None:
    parts = common(workshop, compute)
    code = workshop.put("code/loans/work.py", parts["code"].files["work.py"])
    job = Processing(**parts, code_uri=code.rpartition("/")[0], folders=[], output="parts")
    workshop.sagemaker.create_processing_job(**job.request({}))
    described = workshop.processed(job.name)
    assert described["ProcessingJobStatus"] == "Completed", described
    assert described["ProcessingResources"]["ClusterConfig"] == {
        "InstanceCount": 1,
        "InstanceType": "ml.m5.xlarge",
        "VolumeSizeInGB": 50,
        "VolumeKmsKeyId": compute.volume_key,
    }
    assert described["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200}
    assert described["NetworkConfig"] == compute.network


def test_a_training_job_runs_isolated_with_the_code_that_it_was_brought(
    workshop: Workshop, compute: Compute
) -> None:
    parts = common(workshop, compute)
    bundle = workshop.put("code/loans/sourcedir.tar.gz", parts["code"].archive())
    job = TrainingJob(
        **parts, bundle_uri=bundle, channels=[], candidate="c1", hyperparameters={}, metrics={}
    )
    workshop.sagemaker.create_training_job(**job.request({}))
    described = workshop.trained(job.name)
    assert described["TrainingJobStatus"] == "Completed", described
    assert described["VpcConfig"] == compute.network["VpcConfig"]
    assert described["ResourceConfig"]["VolumeKmsKeyId"] == compute.volume_key


def test_a_serverless_deployment_is_one_on_the_local_aws(
    workshop: Workshop,
) -> None:
    workshop.model("loans", {"inference.py": "def model_fn(folder):\n    return None\n"})
    deployment = parse(documented("deployment"), Deployment, str(PAGE))
    names = Target("loans", "loans", "loans", "a" * 64)
    model = use_case("credit_risk").model("credit_risk")
    version = ModelPackageArn.parse(
        "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/1"
    )
    request = endpoint_config_request(
        names, version, model.model_copy(update={"deployment": deployment}), Compute()
    )
    workshop.sagemaker.create_endpoint_config(**request)
    workshop.sagemaker.create_endpoint(EndpointName="loans", EndpointConfigName="loans")
    [shown] = workshop.settled("loans")["ProductionVariants"]
    assert shown["VariantName"] == VARIANT
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    assert shown["CurrentServerlessConfig"] == config
