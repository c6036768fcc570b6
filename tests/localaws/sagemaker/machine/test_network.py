"""Jobs and models in a VPC and in network isolation, and volumes under a key of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localaws.sagemaker.machine import mounts
from localaws.sagemaker.machine.network import VPC_ACTIONS
from tests.localaws.sagemaker.work import IMAGE, RESOURCES, SERVING, Workshop, archive
from tests.refusals import refused_saying

GROUP = "/aws/sagemaker/ProcessingJobs"
VPC = {"Subnets": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}
#: Says whether it has credentials, and whether it reaches the local AWS and its own loopback.
PROBE = """
import os, socket, sys
host, port = "{endpoint}".removeprefix("http://").split(":")
def reaches(address):
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError:
        return False
    return True
own = socket.create_server(("127.0.0.1", 0))
print("aws", reaches((host, int(port))))
print("loopback", reaches(own.getsockname()))
print("credentials", "AWS_ACCESS_KEY_ID" in os.environ)
"""
isolation = pytest.mark.skipif(
    not mounts.available(isolated=True), reason="no network namespaces on this machine"
)


def probe(workshop: Workshop, name: str, **network: Any) -> list[str]:
    script = PROBE.replace("{endpoint}", workshop.aws.endpoint)
    described = workshop.process(name, script, NetworkConfig=network)
    assert described["ProcessingJobStatus"] == "Completed", described
    assert described["NetworkConfig"] == network
    return workshop.log_lines(GROUP, f"{name}/")


def test_a_job_has_a_network_and_credentials_unless_it_is_isolated(workshop: Workshop) -> None:
    lines = probe(workshop, "open", EnableNetworkIsolation=False, VpcConfig=VPC)
    assert lines[-3:] == ["aws True", "loopback True", "credentials True"]


@isolation
def test_an_isolated_job_reaches_nothing_but_itself(workshop: Workshop) -> None:
    lines = probe(workshop, "alone", EnableNetworkIsolation=True)
    assert lines == ["aws False", "loopback True", "credentials False"]


def test_a_job_that_cannot_be_isolated_says_so_in_its_log(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., bool] = mounts.available
    monkeypatch.setattr(mounts, "available", lambda *, isolated=False: not isolated and real())
    lines = probe(workshop, "not-alone", EnableNetworkIsolation=True)
    assert mounts.NOT_ISOLATED in lines
    assert lines[-1] == "credentials False"


def test_isolated_training_gets_its_code_as_a_channel(workshop: Workshop) -> None:
    script = "print('trained without a network')"
    described = workshop.train("from-s3", script, EnableNetworkIsolation=True)
    assert described["TrainingJobStatus"] == "Failed"
    assert "give the code as a channel" in described["FailureReason"]
    bundle = workshop.put("code/bundle/sourcedir.tar.gz", archive({"train.py": script}))
    request = workshop.training_request("from-channel", script, channels={"code": bundle})
    request["EnableNetworkIsolation"] = True
    request["HyperParameters"]["sagemaker_submit_directory"] = (
        "/opt/ml/input/data/code/sourcedir.tar.gz"
    )
    workshop.sagemaker.create_training_job(**request)
    described = workshop.trained("from-channel")
    assert described["TrainingJobStatus"] == "Completed", described
    assert described["EnableNetworkIsolation"] is True


@pytest.mark.parametrize(
    ("vpc", "words"),
    [
        ({**VPC, "Subnets": ["vpc-0123456789abcdef0"]}, "subnet ID 'vpc-0123456789abcdef0'"),
        ({**VPC, "SecurityGroupIds": ["default"]}, "security group ID 'default'"),
    ],
)
def test_what_is_no_subnet_and_no_security_group_is_refused(
    workshop: Workshop, vpc: dict[str, list[str]], words: str
) -> None:
    client = workshop.sagemaker
    request = workshop.processing_request("nowhere", "", NetworkConfig={"VpcConfig": vpc})
    refused_saying("ValidationException", words, client.create_processing_job, **request)
    request = workshop.training_request("nowhere", "", VpcConfig=vpc)
    refused_saying("ValidationException", words, client.create_training_job, **request)


def statements(*actions: str) -> list[dict[str, Any]]:
    common = ["s3:*", "logs:*", "kms:Encrypt"]
    return [{"Effect": "Allow", "Action": [*common, *actions], "Resource": "*"}]


@pytest.mark.parametrize("lacking", VPC_ACTIONS)
def test_a_job_in_a_vpc_fails_when_its_role_may_not_attach_to_it(
    workshop: Workshop, lacking: str
) -> None:
    name = lacking.replace(":", "-").lower()
    granted = [action for action in VPC_ACTIONS if action != lacking]
    role = workshop.aws.role("data_science", name, allow=statements(*granted))
    network = {"VpcConfig": VPC}
    described = workshop.process(name, "print(1)", NetworkConfig=network, RoleArn=role)
    assert described["ProcessingJobStatus"] == "Failed"
    assert lacking in described["FailureReason"]


def test_a_volume_key_needs_a_grant_for_the_role(workshop: Workshop) -> None:
    key = workshop.aws.client("kms", "data_science").create_key()["KeyMetadata"]["Arn"]
    cluster = {"ClusterConfig": {**RESOURCES, "VolumeKmsKeyId": key}}
    role = workshop.aws.role("data_science", "without-grants", allow=statements())
    without = workshop.process("no-grant", "print(1)", ProcessingResources=cluster, RoleArn=role)
    assert "kms:CreateGrant" in without["FailureReason"]
    role = workshop.aws.role("data_science", "grants", allow=statements("kms:CreateGrant"))
    described = workshop.process("grant", "print(1)", ProcessingResources=cluster, RoleArn=role)
    assert described["ProcessingJobStatus"] == "Completed", described
    assert described["ProcessingResources"] == cluster


SERVED = """
import os, socket
def model_fn(folder):
    return None
def input_fn(body, kind):
    return body.split(":")
def predict_fn(address, model):
    try:
        socket.create_connection((address[0], int(address[1])), timeout=5).close()
    except OSError:
        return "no network " + str("AWS_ACCESS_KEY_ID" in os.environ)
    return "network " + str("AWS_ACCESS_KEY_ID" in os.environ)
def output_fn(answer, accept):
    return answer, accept
"""


@pytest.mark.parametrize(
    ("isolated", "answer"),
    [(False, b"network True"), pytest.param(True, b"no network False", marks=isolation)],
)
def test_an_isolated_model_answers_and_reaches_nothing(
    workshop: Workshop, isolated: bool, answer: bytes
) -> None:
    name = f"isolated-{isolated}".lower()
    url = workshop.put(f"models/{name}.tar.gz", archive({"code/inference.py": SERVED}))
    workshop.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=workshop.role,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": url,
            "Environment": SERVING,
        },
        VpcConfig=VPC,
        EnableNetworkIsolation=isolated,
    )
    described = workshop.sagemaker.describe_model(ModelName=name)
    assert (described["EnableNetworkIsolation"], described["VpcConfig"]) == (isolated, VPC)
    assert workshop.deploy(name)["EndpointStatus"] == "InService"
    address = workshop.aws.endpoint.removeprefix("http://")
    reply = workshop.runtime.invoke_endpoint(
        EndpointName=name, Body=address, ContentType="text/csv", Accept="text/csv"
    )
    assert reply["Body"].read() == answer


def test_an_endpoint_fails_when_its_role_may_not_attach_to_the_vpc(workshop: Workshop) -> None:
    role = workshop.aws.role("data_science", "homebound", allow=statements())
    url = workshop.put("models/homebound.tar.gz", archive({"code/inference.py": SERVED}))
    workshop.sagemaker.create_model(
        ModelName="homebound",
        ExecutionRoleArn=role,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": url,
            "Environment": SERVING,
        },
        VpcConfig=VPC,
    )
    described = workshop.deploy("homebound")
    assert described["EndpointStatus"] == "Failed"
    assert "ec2:CreateNetworkInterface" in described["FailureReason"]


def test_condition_keys_hold_jobs_in_a_network(workshop: Workshop) -> None:
    aws = workshop.aws
    passing = {"Effect": "Allow", "Action": ["iam:PassRole", "s3:*"], "Resource": "*"}
    may = {"Effect": "Allow", "Action": "sagemaker:CreateProcessingJob", "Resource": "*"}
    inside = {
        "ForAllValues:StringEquals": {"sagemaker:VpcSubnets": VPC["Subnets"]},
        "Null": {"sagemaker:VpcSubnets": "false"},
        "Bool": {"sagemaker:NetworkIsolation": "true"},
    }
    aws.role("data_science", "held", allow=[passing, {**may, "Condition": inside}])
    client = aws.assume("data_science", "held").client("sagemaker")
    network = {"VpcConfig": VPC, "EnableNetworkIsolation": True}
    for name, asked in {
        "held-nowhere": {},
        "held-elsewhere": {
            **network,
            "VpcConfig": {**VPC, "Subnets": ["subnet-00000000000000000"]},
        },
        "held-open": {"VpcConfig": VPC},
    }.items():
        request = workshop.processing_request(name, "print(1)", NetworkConfig=asked)
        refused_saying(
            "AccessDeniedException",
            "sagemaker:CreateProcessingJob",
            client.create_processing_job,
            **request,
        )
    request = workshop.processing_request("held-inside", "print(1)", NetworkConfig=network)
    client.create_processing_job(**request)
    assert workshop.processed("held-inside")["ProcessingJobStatus"] == "Completed"
