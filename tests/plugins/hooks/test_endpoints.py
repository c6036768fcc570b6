"""What an endpoint answers, and whose fault it is when it does not."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from causeway.errors import DeploymentFailed
from causeway.registration.request import SERVING
from tests.local_platform import LocalPlatform
from tests.localaws.waiting import eventually

IMAGE = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.0-5"
# Answers the rows' second column; refuses what is no number, and fails on a zero.
SCRIPT = """
from sagemaker_containers.beta.framework import worker
def model_fn(folder): return None
def transform_fn(model, body, content_type, accept):
    rows = [line.split(",")[1] for line in body.splitlines()[1:]]
    if not all(row.isdigit() for row in rows):
        return worker.Response("row 1: not a number", status=400, mimetype="text/plain")
    return "".join(f"{1 / int(row)}\\n" for row in rows), accept
"""


def serve(platform: LocalPlatform, name: str) -> None:
    """Put an endpoint of the script into the test account."""
    s3, iam = platform.client("s3", "test"), platform.client("iam", "test")
    sagemaker = platform.client("sagemaker", "test")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(SCRIPT)
        tar.addfile(member, io.BytesIO(SCRIPT.encode()))
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket=name, Key="model.tar.gz", Body=packed.getvalue())
    principal = {"Service": "sagemaker.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_policy(everything))
    container = {
        "Image": IMAGE,
        "ModelDataUrl": f"s3://{name}/model.tar.gz",
        "Environment": dict(SERVING),
    }
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant | {"InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    eventually(
        lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService",
        60,
    )


def _policy(statement: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_fault_of_the_rows_is_told_from_one_of_the_model(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.endpoints import EndpointRuntimeHook

    serve(platform, "causeway-probed-endpoint")
    hook = EndpointRuntimeHook("causeway_test_deployer")
    ask, name = hook.predict, "causeway-probed-endpoint"
    assert ask(name, "id,value", ["a,2", "b,4", "c,8"], batch=2) == [[0.5], [0.25], [0.125]]
    with pytest.raises(DeploymentFailed, match="refuses the rows: row 1: not a number") as refused:
        ask(name, "id,value", ["a,b"])
    assert "held-out rows" in str(refused.value)
    with pytest.raises(
        DeploymentFailed, match=r"fails on the rows.*server error \(500\)"
    ) as failed:
        ask(name, "id,value", ["a,0"])
    assert f"/aws/sagemaker/Endpoints/{name}" in str(failed.value)
