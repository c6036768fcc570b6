"""Stacks: made, left alone, changed, and said why not."""

from __future__ import annotations

import pytest

from causeway.errors import DeploymentFailed
from tests.local_platform import LocalPlatform

TEMPLATE = """
Parameters: {{Name: {{Type: String}}}}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {{QueueName: !Ref Name, VisibilityTimeout: {timeout}}}
Outputs: {{Url: {{Value: !Ref Queue}}}}
"""


def test_a_stack_is_created_left_alone_and_updated(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.cloudformation import CloudFormationHook

    hook = CloudFormationHook("causeway_test_bootstrap")
    given = {"Name": "stack-test"}
    first = hook.deploy("stack-test", TEMPLATE.format(timeout=30), given)
    again = hook.deploy("stack-test", TEMPLATE.format(timeout=30), given)
    changed = hook.deploy("stack-test", TEMPLATE.format(timeout=40), given)
    assert [d["change"] for d in (first, again, changed)] == ["created", "unchanged", "updated"]
    sqs = platform.client("sqs", "test")
    attributes = sqs.get_queue_attributes(
        QueueUrl=first["outputs"]["Url"], AttributeNames=["VisibilityTimeout"]
    )["Attributes"]
    assert attributes["VisibilityTimeout"] == "40"


def test_a_failed_stack_names_the_resource_and_its_next_deployment_starts_anew(
    platform: LocalPlatform,
) -> None:
    from causeway_airflow.hooks.cloudformation import CloudFormationHook

    hook = CloudFormationHook("causeway_test_bootstrap")
    taken = "causeway-data-111111111111-eu-central-1"  # another account's
    bucket = "Resources: {Place: {Type: AWS::S3::Bucket, Properties: {BucketName: %s}}}"
    with pytest.raises(DeploymentFailed, match=r"stack broken ended ROLLBACK_COMPLETE: Place"):
        hook.deploy("broken", bucket % taken, {})
    assert hook.deploy("broken", bucket % "a-name-of-our-own", {})["change"] == "created"
