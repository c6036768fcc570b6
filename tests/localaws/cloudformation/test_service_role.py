"""The role that CloudFormation acts as: passed by its caller, kept by the stack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.accounts import ACCOUNTS
from tests.localaws.cloudformation.deploying import Stack, body, queue

SERVICE = "cloudformation.amazonaws.com"
ROLE = f"arn:aws:iam::{ACCOUNTS['data']}:role/service"


@pytest.fixture
def stack(aws: Any) -> Stack:
    return Stack(aws)


def make_role(stack: Stack, *actions: str, service: str = SERVICE) -> str:
    iam = stack.aws.client("iam", "data")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="service",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
    )
    allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    iam.put_role_policy(
        RoleName="service",
        PolicyName="act",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow}),
    )
    return ROLE


def test_what_the_role_may_do_decides(stack: Stack) -> None:
    role = make_role(stack, "sqs:*")
    assert stack.create(body(Queue=queue()), RoleARN=role)["StackStatus"] == "CREATE_COMPLETE"
    (described,) = stack.client.describe_stacks(StackName=stack.name)["Stacks"]
    assert described["RoleARN"] == role


def test_a_role_that_was_given_once_stays_with_the_stack(stack: Stack) -> None:
    stack.create(body(Queue=queue()), RoleARN=make_role(stack, "sqs:*"))
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "made-by-nobody"}}
    updated = stack.update(body(Queue=queue(), Bucket=bucket))
    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Bucket (AWS::S3::Bucket): Forbidden" in updated["StackStatusReason"]


def test_a_role_that_does_not_trust_cloudformation_is_refused(stack: Stack) -> None:
    role = make_role(stack, "sqs:*", service="sagemaker.amazonaws.com")
    with pytest.raises(stack.client.exceptions.ClientError, match="cannot be assumed") as error:
        stack.create(body(Queue=queue()), RoleARN=role)
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_whoever_deploys_has_to_be_allowed_to_pass_the_role(stack: Stack) -> None:
    role = make_role(stack, "sqs:*")
    allow = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    stack.aws.role("data", "deployer", allow=[allow])
    caller = stack.aws.assume("data", "deployer").client("cloudformation")
    with pytest.raises(caller.exceptions.ClientError, match="iam:PassRole"):
        caller.create_stack(StackName="s", TemplateBody=body(Queue=queue()), RoleARN=role)
