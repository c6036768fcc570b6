"""Stacks: created, left alone, updated, and why one failed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from causeway.errors import DeploymentFailed
from causeway_deploy.clients import AccountStacks
from causeway_deploy.stacks import StackRequest, deploy_stack, update_stack
from localaws.server import Accounts, running
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws

TEMPLATE = """
Parameters:
  Name: {{Type: String}}
  Seconds: {{Type: Number, Default: {timeout}}}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {{QueueName: !Ref Name, VisibilityTimeout: !Ref Seconds}}
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with running(Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])) as server:
        yield Aws(server)


@pytest.fixture
def stacks(aws: Aws) -> AccountStacks:
    return AccountStacks(aws.client("cloudformation", "test"), "an administrator")


def queue(aws: Aws, name: str) -> str:
    sqs = aws.client("sqs", "test")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    names = ["VisibilityTimeout"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return str(attributes["VisibilityTimeout"])


def test_a_stack_is_created_left_alone_and_updated(aws: Aws, stacks: AccountStacks) -> None:
    def deploy(**values: str) -> str:
        template = TEMPLATE.format(timeout=30)
        return deploy_stack(stacks, StackRequest("first", template, {"Name": "first"} | values))

    assert [deploy(), deploy(), deploy(Seconds="40")] == ["created", "unchanged", "updated"]
    assert queue(aws, "first") == "40"


def test_what_somebody_set_by_hand_stays(aws: Aws, stacks: AccountStacks) -> None:
    """A parameter without a value here keeps the one that the stack has."""
    values = {"Name": "second", "Seconds": "50"}
    deploy_stack(stacks, StackRequest("second", TEMPLATE.format(timeout=30), values))
    request = StackRequest("second", TEMPLATE.format(timeout=31), {"Name": "second"})
    deploy_stack(stacks, request)
    assert queue(aws, "second") == "50"


def test_a_failed_stack_names_the_resource_and_its_next_deployment_starts_anew(
    aws: Aws, stacks: AccountStacks
) -> None:
    aws.client("s3", "data").create_bucket(
        Bucket="taken", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    bucket = "Resources: {Place: {Type: AWS::S3::Bucket, Properties: {BucketName: %s}}}"
    with pytest.raises(DeploymentFailed, match=r"stack broken ended ROLLBACK_COMPLETE: Place"):
        deploy_stack(stacks, StackRequest("broken", bucket % "taken", {}))
    assert deploy_stack(stacks, StackRequest("broken", bucket % "ours", {})) == "created"


def test_a_failure_names_what_failed_this_time(aws: Aws, stacks: AccountStacks) -> None:
    aws.client("s3", "data").create_bucket(
        Bucket="somebodys", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    text = TEMPLATE.format(timeout=30)
    bucket = "  %s: {Type: AWS::S3::Bucket, Properties: {BucketName: somebodys}}\n"
    deploy_stack(stacks, StackRequest("third", text, {"Name": "third"}))
    for name in ("First", "Second"):
        with pytest.raises(DeploymentFailed, match=name) as error:
            deploy_stack(stacks, StackRequest("third", text + bucket % name, {"Name": "third"}))
    assert "First" not in str(error.value)


def test_a_parameter_that_became_a_resource_has_no_value_to_keep(stacks: AccountStacks) -> None:
    before = "Parameters:\n  Other: {Type: String}\n" + TEMPLATE.format(timeout=30).replace(
        "\nParameters:\n", ""
    )
    deploy_stack(stacks, StackRequest("fourth", before, {"Name": "fourth", "Other": "x"}))
    after = TEMPLATE.format(timeout=31) + "  Other: {Type: AWS::SNS::Topic}\n"
    assert deploy_stack(stacks, StackRequest("fourth", after, {"Name": "fourth"})) == "updated"


def test_only_a_stack_that_is_there_can_be_updated(stacks: AccountStacks) -> None:
    with pytest.raises(DeploymentFailed, match="does not exist"):
        update_stack(stacks, StackRequest("none", TEMPLATE.format(timeout=30), {"Name": "none"}))
