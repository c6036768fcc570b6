"""Stacks: created, left alone, updated, and why one failed."""

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
"""


def test_a_stack_is_created_left_alone_and_updated(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.cloudformation import CloudFormationHook
    from causeway_airflow.tasks.stacks import deploy_stack

    hook = CloudFormationHook("causeway_test_bootstrap")
    values = {"Name": "stack-test"}
    first = deploy_stack(hook, "stack-test", TEMPLATE.format(timeout=30), values)
    again = deploy_stack(hook, "stack-test", TEMPLATE.format(timeout=30), values)
    changed = deploy_stack(hook, "stack-test", TEMPLATE.format(timeout=40), values)
    assert [first, again, changed] == ["created", "unchanged", "updated"]
    sqs = platform.client("sqs", "test")
    url = sqs.get_queue_url(QueueName="stack-test")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])[
        "Attributes"
    ]
    assert attributes["VisibilityTimeout"] == "40"


def test_a_failed_stack_names_the_resource_and_its_next_deployment_starts_anew(
    platform: LocalPlatform,
) -> None:
    from causeway_airflow.hooks.cloudformation import CloudFormationHook
    from causeway_airflow.tasks.stacks import deploy_stack

    hook = CloudFormationHook("causeway_test_bootstrap")
    taken = "causeway-data-111111111111-eu-central-1"  # another account's
    bucket = "Resources: {Place: {Type: AWS::S3::Bucket, Properties: {BucketName: %s}}}"
    with pytest.raises(DeploymentFailed, match=r"stack broken ended ROLLBACK_COMPLETE: Place"):
        deploy_stack(hook, "broken", bucket % taken, {})
    assert deploy_stack(hook, "broken", bucket % "a-name-of-our-own", {}) == "created"
