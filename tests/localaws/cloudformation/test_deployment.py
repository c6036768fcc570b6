"""CloudFormation of the local AWS: what is deployed is what the template says, or it fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.cloudformation.deploying import (
    NAMED,
    TRUST,
    Stack,
    await_operations,
    body,
    queue,
)
from tests.refusals import code_of


def role(actions: list[str], **properties: Any) -> dict[str, Any]:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "arn:aws:s3:::b/*"}],
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": "reader",
            "AssumeRolePolicyDocument": TRUST,
            "Policies": [{"PolicyName": "read", "PolicyDocument": policy}],
            **properties,
        },
    }


@pytest.fixture
def stack(aws: Any) -> Stack:
    return Stack(aws)


def policy_of(stack: Stack) -> list[str]:
    iam = stack.aws.client("iam", "data")
    policy = iam.get_role_policy(RoleName="reader", PolicyName="read")["PolicyDocument"]
    return list(policy["Statement"][0]["Action"])


def test_a_changed_inline_policy_is_applied(stack: Stack) -> None:
    stack.create(body(Role=role(["s3:GetObject"])), **NAMED)
    assert policy_of(stack) == ["s3:GetObject"]
    updated = stack.update(body(Role=role(["s3:GetObject", "s3:PutObject"])), **NAMED)
    assert updated["StackStatus"] == "UPDATE_COMPLETE"
    assert policy_of(stack) == ["s3:GetObject", "s3:PutObject"]


def test_a_removed_inline_policy_is_removed(stack: Stack) -> None:
    stack.create(body(Role=role(["s3:GetObject"])), **NAMED)
    assert stack.update(body(Role=role([], Policies=[])), **NAMED)["StackStatus"] == (
        "UPDATE_COMPLETE"
    )
    iam = stack.aws.client("iam", "data")
    assert iam.list_role_policies(RoleName="reader")["PolicyNames"] == []


def test_the_same_template_again_is_no_update(stack: Stack) -> None:
    stack.create(body(Role=role(["s3:GetObject"])), **NAMED)
    with pytest.raises(ClientError, match="No updates are to be performed") as error:
        stack.update(body(Role=role(["s3:GetObject"])), **NAMED)
    assert code_of(error) == "ValidationError"
    assert stack.settled()["StackStatus"] == "CREATE_COMPLETE"


def test_a_named_role_needs_the_capability(stack: Stack) -> None:
    for capabilities in ({}, {"Capabilities": ["CAPABILITY_IAM"]}):
        with pytest.raises(ClientError, match="CAPABILITY_NAMED_IAM") as error:
            stack.create(body(Role=role(["s3:GetObject"])), **capabilities)
        assert code_of(error) == "InsufficientCapabilitiesException"


def test_an_unknown_type_fails_the_stack_and_takes_back_what_was_made(stack: Stack) -> None:
    graph = {"Type": "AWS::Neptune::DBCluster", "DependsOn": "Queue"}
    stack_description = stack.create(body(Queue=queue(), Graph=graph))
    assert stack_description["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "AWS::Neptune::DBCluster" in stack_description["StackStatusReason"]
    assert stack.resources() == {"Queue": "DELETE_COMPLETE", "Graph": "DELETE_COMPLETE"}
    assert "QueueUrls" not in stack.aws.client("sqs", "data").list_queues()


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"FifoQueue": True}, "FifoQueue"),
        ({"RedrivePolicy": {"redriveAllow": 1}}, "RedrivePolicy.redriveAllow"),
        ({"VisibilityTimeout": "soon"}, "VisibilityTimeout"),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, "a twice"),
    ],
)
def test_a_property_that_is_not_applied_fails_the_stack(
    stack: Stack, properties: dict[str, Any], message: str
) -> None:
    description = stack.create(body(Queue=queue(**properties)))
    assert description["StackStatus"] == "ROLLBACK_COMPLETE"
    assert message in description["StackStatusReason"]


def test_an_unknown_function_is_refused(stack: Stack) -> None:
    with pytest.raises(ClientError, match="Fn::GetAZs") as error:
        stack.create(body(Queue=queue(QueueName={"Fn::GetAZs": "x"})))
    assert code_of(error) == "ValidationError"


def test_what_the_service_does_not_hold_fails_the_stack(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from localaws.cloudformation.resources.sqs import Queue

    monkeypatch.setattr(Queue, "apply", lambda *_: None)
    description = stack.create(body(Queue=queue(VisibilityTimeout=77)))
    assert description["StackStatus"] == "ROLLBACK_COMPLETE"
    for word in ("Queue", "VisibilityTimeout", "holds 30", "says 77"):
        assert word in description["StackStatusReason"]


def test_a_change_that_needs_a_replacement_is_refused_and_rolled_back(stack: Stack) -> None:
    stack.create(body(Queue=queue(VisibilityTimeout=40), Other=queue(QueueName="other")))
    updated = stack.update(
        body(
            Queue=queue(VisibilityTimeout=50),
            Other={**queue(QueueName="renamed"), "DependsOn": "Queue"},
        )
    )
    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "QueueName" in updated["StackStatusReason"]
    sqs = stack.aws.client("sqs", "data")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "40"
    again = stack.update(body(Queue=queue(VisibilityTimeout=60), Other=queue(QueueName="other")))
    assert again["StackStatus"] == "UPDATE_COMPLETE"


def test_an_update_adds_and_removes_resources(stack: Stack) -> None:
    stack.create(body(One=queue(QueueName="one")))
    stack.update(body(Two=queue(QueueName="two", VisibilityTimeout=5)))
    urls = stack.aws.client("sqs", "data").list_queues()["QueueUrls"]
    assert [url.rsplit("/", 1)[1] for url in urls] == ["two"]
    assert stack.resources() == {"Two": "CREATE_COMPLETE"}


def test_a_resource_that_exists_already_is_not_taken_over(stack: Stack) -> None:
    sqs = stack.aws.client("sqs", "data")
    sqs.create_queue(QueueName="q")
    description = stack.create(body(Queue=queue()))
    assert description["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "q already exists" in description["StackStatusReason"]
    assert sqs.get_queue_url(QueueName="q")


def test_a_deleted_stack_takes_its_resources_along_except_those_retained(stack: Stack) -> None:
    retained = {**queue(QueueName="kept"), "DeletionPolicy": "Retain"}
    stack.create(body(Gone=queue(QueueName="gone"), Kept=retained))
    stack_id = stack.settled()["StackId"]
    stack.client.delete_stack(StackName="s")
    await_operations()
    urls = stack.aws.client("sqs", "data").list_queues()["QueueUrls"]
    assert [url.rsplit("/", 1)[1] for url in urls] == ["kept"]
    with pytest.raises(ClientError, match="Stack with id s does not exist"):
        stack.client.describe_stacks(StackName="s")
    (shown,) = stack.client.describe_stacks(StackName=stack_id)["Stacks"]
    assert shown["StackStatus"] == "DELETE_COMPLETE"
    stack.client.delete_stack(StackName="s")  # once more is fine


def test_a_bucket_with_objects_is_not_deleted(stack: Stack) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full-of-things"}}
    stack.create(body(Bucket=bucket))
    stack.aws.client("s3", "data").put_object(Bucket="full-of-things", Key="k", Body=b"1")
    stack.client.delete_stack(StackName="s")
    description = stack.settled()
    assert description["StackStatus"] == "DELETE_FAILED"
    assert "Bucket" in description["StackStatusReason"]


def test_a_name_is_taken_while_its_stack_lives(stack: Stack) -> None:
    stack.create(body(Queue=queue()))
    with pytest.raises(ClientError) as error:
        stack.create(body(Queue=queue()))
    assert code_of(error) == "AlreadyExistsException"


def test_a_stack_of_another_account_is_not_seen(stack: Stack) -> None:
    stack_id = stack.create(body(Queue=queue()))["StackId"]
    stranger = stack.aws.client("cloudformation", "prod")
    for name in ("s", stack_id):
        with pytest.raises(ClientError, match="does not exist"):
            stranger.describe_stacks(StackName=name)


def test_previous_template_and_values_are_used_again(stack: Stack) -> None:
    template = json.dumps(
        {
            "Parameters": {"Seconds": {"Type": "Number"}, "Name": {"Type": "String"}},
            "Resources": {
                "Queue": queue(VisibilityTimeout={"Ref": "Seconds"}, QueueName={"Ref": "Name"})
            },
            "Outputs": {
                "Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}, "Export": {"Name": "queue-arn"}}
            },
        }
    )
    parameters = [
        {"ParameterKey": "Seconds", "ParameterValue": "5"},
        {"ParameterKey": "Name", "ParameterValue": "named"},
    ]
    description = stack.create(template, Parameters=parameters)
    (output,) = description["Outputs"]
    assert output["OutputValue"] == "arn:aws:sqs:eu-central-1:111111111111:named"
    assert output["ExportName"] == "queue-arn"
    stack.client.update_stack(
        StackName="s",
        UsePreviousTemplate=True,
        Parameters=[
            {"ParameterKey": "Seconds", "ParameterValue": "6"},
            {"ParameterKey": "Name", "UsePreviousValue": True},
        ],
    )
    assert stack.settled()["StackStatus"] == "UPDATE_COMPLETE"
    sqs = stack.aws.client("sqs", "data")
    attributes = sqs.get_queue_attributes(QueueUrl=stack.physical("Queue"), AttributeNames=["All"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "6"


def test_the_history_is_told_newest_first(stack: Stack) -> None:
    stack.create(body(Queue=queue()), ClientRequestToken="t-1")
    events = stack.client.describe_stack_events(StackName="s")["StackEvents"]
    assert [(e["LogicalResourceId"], e["ResourceStatus"]) for e in events] == [
        ("s", "CREATE_COMPLETE"),
        ("Queue", "CREATE_COMPLETE"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("s", "CREATE_IN_PROGRESS"),
    ]
    assert {event["ClientRequestToken"] for event in events} == {"t-1"}


def test_stacks_resources_and_templates_are_listed(stack: Stack) -> None:
    template = body(Queue=queue())
    stack.create(template)
    client = stack.client
    assert [item["StackName"] for item in client.list_stacks()["StackSummaries"]] == ["s"]
    assert client.get_template(StackName="s")["TemplateBody"] == json.loads(template)
    url = stack.physical("Queue")
    (resource,) = client.describe_stack_resources(PhysicalResourceId=url)["StackResources"]
    assert (resource["LogicalResourceId"], resource["StackName"]) == ("Queue", "s")


def test_a_template_is_validated_with_its_parameters_and_capability(stack: Stack) -> None:
    template = json.dumps(
        {
            "Description": "d",
            "Parameters": {"A": {"Type": "String", "Default": "x", "Description": "what"}},
            "Resources": {"Role": role(["s3:GetObject"])},
        }
    )
    reply = stack.client.validate_template(TemplateBody=template)
    (parameter,) = reply["Parameters"]
    assert (parameter["ParameterKey"], parameter["DefaultValue"]) == ("A", "x")
    assert reply["Capabilities"] == ["CAPABILITY_NAMED_IAM"]


def test_a_protected_stack_is_not_deleted(stack: Stack) -> None:
    stack.create(body(Queue=queue()), EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection"):
        stack.client.delete_stack(StackName="s")
    stack.client.update_termination_protection(StackName="s", EnableTerminationProtection=False)
    stack.client.delete_stack(StackName="s")


def test_what_is_not_supported_is_refused(stack: Stack) -> None:
    with pytest.raises(ClientError, match="NotificationARNs"):
        stack.create(body(Queue=queue()), NotificationARNs=["arn:aws:sns:x:1:t"])
    with pytest.raises(ClientError) as error:
        stack.client.create_stack_set(StackSetName="s", TemplateBody=body(Queue=queue()))
    assert code_of(error) == "UnsupportedOperation"


def test_stack_tags_reach_the_resources(stack: Stack) -> None:
    stack.create(body(Queue=queue()), Tags=[{"Key": "owner", "Value": "platform"}])
    sqs = stack.aws.client("sqs", "data")
    assert sqs.list_queue_tags(QueueUrl=stack.physical("Queue"))["Tags"] == {"owner": "platform"}
