"""Serverless endpoints answer with the deployed model, within the limits that AWS sets them."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.localaws.sagemaker.work import IMAGE, SERVING, Workshop, archive
from tests.localaws.waiting import eventually
from tests.refusals import refused, refused_saying

ECHO = """
import time
def model_fn(folder):
    return None
def input_fn(text, kind):
    return text
def predict_fn(text, model):
    time.sleep(float(text))
    return text
def output_fn(answer, accept):
    return answer, accept
"""
SMALL = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}


def variant(model: str, **more: Any) -> dict[str, Any]:
    return {"VariantName": "primary", "ModelName": model, **more}


@pytest.fixture(scope="module")
def model(workshop: Workshop) -> str:
    workshop.model("echo", {"inference.py": ECHO})
    return "echo"


def deploy(workshop: Workshop, name: str, **config: Any) -> dict[str, Any]:
    workshop.sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant("echo", **config)]
    )
    workshop.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return workshop.settled(name)


def ask(client: Any, endpoint: str, seconds: str) -> str:
    reply = client.invoke_endpoint(
        EndpointName=endpoint, Body=seconds, ContentType="text/csv", Accept="text/csv"
    )
    return str(reply["Body"].read().decode())


def test_a_serverless_endpoint_answers_and_has_no_instances(workshop: Workshop, model: str) -> None:
    described = deploy(workshop, "serverless", ServerlessConfig=SMALL)
    assert described["EndpointStatus"] == "InService", described
    [shown] = described["ProductionVariants"]
    assert (shown["CurrentServerlessConfig"], shown["CurrentInstanceCount"]) == (SMALL, 0)
    assert ask(workshop.runtime, "serverless", "0") == "0"


def test_more_requests_than_its_concurrency_are_throttled(workshop: Workshop, model: str) -> None:
    deploy(workshop, "busy", ServerlessConfig=SMALL)
    first = threading.Thread(target=ask, args=(workshop.runtime, "busy", "3"))
    first.start()
    time.sleep(0.5)
    refusal = refused(
        "ThrottlingException",
        workshop.runtime.invoke_endpoint,
        EndpointName="busy",
        Body="0",
        ContentType="text/csv",
    )
    assert refusal.status == 429
    first.join()
    assert eventually(lambda: ask(workshop.runtime, "busy", "0"), 5) == "0"


@pytest.mark.parametrize(
    ("config", "more", "words"),
    [
        ({"MemorySizeInMB": 1500}, {}, "no multiple of 1024"),
        ({"MemorySizeInMB": 7168}, {}, "emorySizeInMB"),
        ({"MaxConcurrency": 201}, {}, "axConcurrency"),
        ({"ProvisionedConcurrency": 2}, {}, "above MaxConcurrency"),
        ({}, {"InstanceType": "ml.m5.large"}, "InstanceType cannot be specified"),
        ({}, {"InitialInstanceCount": 1}, "InitialInstanceCount cannot be specified"),
    ],
)
def test_a_serverless_variant_that_aws_lacks_is_refused(
    workshop: Workshop, model: str, config: dict[str, int], more: dict[str, Any], words: str
) -> None:
    refused_saying(
        "ValidationException",
        words,
        workshop.sagemaker.create_endpoint_config,
        EndpointConfigName="impossible",
        ProductionVariants=[variant(model, ServerlessConfig=SMALL | config, **more)],
    )


def test_a_serverless_endpoint_has_one_variant_and_no_volume(
    workshop: Workshop, model: str
) -> None:
    one = variant(model, ServerlessConfig=SMALL)
    two = [one, {**one, "VariantName": "second"}]
    create = workshop.sagemaker.create_endpoint_config
    for words, request in (
        ("one production variant", {"ProductionVariants": two}),
        ("no volume", {"ProductionVariants": [one], "KmsKeyId": "alias/aws/s3"}),
    ):
        refused_saying(
            "ValidationException", words, create, EndpointConfigName="impossible", **request
        )


@pytest.mark.parametrize(
    "network",
    [
        {"EnableNetworkIsolation": True},
        {
            "VpcConfig": {
                "Subnets": ["subnet-0123456789abcdef0"],
                "SecurityGroupIds": ["sg-0123456789abcdef0"],
            }
        },
    ],
)
def test_a_model_with_a_network_of_its_own_is_not_served_serverless(
    workshop: Workshop, network: dict[str, Any]
) -> None:
    name = next(iter(network)).lower()
    url = workshop.put(f"models/{name}.tar.gz", archive({"code/inference.py": ECHO}))
    container = {"Image": IMAGE, "ModelDataUrl": url, "Environment": SERVING}
    workshop.sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=workshop.role, PrimaryContainer=container, **network
    )
    refused_saying(
        "ValidationException",
        "which serverless inference lacks",
        workshop.sagemaker.create_endpoint_config,
        EndpointConfigName=name,
        ProductionVariants=[variant(name, ServerlessConfig=SMALL)],
    )


def test_an_endpoint_with_instances_does_not_become_serverless(
    workshop: Workshop, model: str
) -> None:
    client = workshop.sagemaker
    deploy(workshop, "instances", InstanceType="ml.m5.large", InitialInstanceCount=1)
    client.create_endpoint_config(
        EndpointConfigName="none", ProductionVariants=[variant(model, ServerlessConfig=SMALL)]
    )
    refused_saying(
        "ValidationException",
        "cannot be updated to a serverless one",
        client.update_endpoint,
        EndpointName="instances",
        EndpointConfigName="none",
    )
    assert client.describe_endpoint(EndpointName="instances")["EndpointStatus"] == "InService"
    # The other way is allowed (developer guide, "Update a serverless endpoint").
    deploy(workshop, "grown", ServerlessConfig=SMALL)
    client.update_endpoint(EndpointName="grown", EndpointConfigName="instances")
    [shown] = workshop.settled("grown")["ProductionVariants"]
    assert shown["CurrentInstanceCount"] == 1
