"""Change sets as `aws cloudformation deploy` makes them, and values between stacks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.localaws.cloudformation.deploying import Stack, await_operations, body, queue
from tests.localaws.conftest import Aws
from tests.refusals import refused, refused_saying


@pytest.fixture
def stack(aws: Aws) -> Stack:
    return Stack(aws)


def change_set(stack: Stack, template: str, kind: str, name: str = "c") -> dict[str, Any]:
    """Make a change set and describe it."""
    stack.client.create_change_set(
        StackName=stack.name, ChangeSetName=name, TemplateBody=template, ChangeSetType=kind
    )
    return dict(stack.client.describe_change_set(StackName=stack.name, ChangeSetName=name))


def deploy(stack: Stack, template: str) -> str:
    """Do what the command does: look for the stack, make a change set, wait, execute, wait."""
    try:
        status = stack.client.describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]
    except stack.client.exceptions.ClientError:
        status = None
    kind = "CREATE" if status in (None, "REVIEW_IN_PROGRESS") else "UPDATE"
    made = stack.client.create_change_set(
        StackName=stack.name, ChangeSetName="deploy", TemplateBody=template, ChangeSetType=kind
    )
    address = {"ChangeSetName": made["Id"], "StackName": stack.name}
    stack.client.get_waiter("change_set_create_complete").wait(**address)
    stack.client.execute_change_set(**address)
    await_operations()
    waiter = stack.client.get_waiter(f"stack_{kind.lower()}_complete")
    waiter.wait(StackName=stack.name, WaiterConfig={"Delay": 1, "MaxAttempts": 3})
    return kind


def test_a_stack_is_created_and_updated_by_change_sets(stack: Stack) -> None:
    assert deploy(stack, body(Queue=queue())) == "CREATE"
    assert deploy(stack, body(Queue=queue(DelaySeconds=5))) == "UPDATE"
    attributes = stack.aws.client("sqs", "data").get_queue_attributes(
        QueueUrl=stack.physical("Queue"), AttributeNames=["DelaySeconds"]
    )["Attributes"]
    assert attributes == {"DelaySeconds": "5"}


def test_a_change_set_says_what_it_would_do_and_does_nothing(stack: Stack) -> None:
    made = change_set(stack, body(Queue=queue()), "CREATE")
    assert (made["Status"], made["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert stack.settled()["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert stack.resources() == {}
    deploy(stack, body(Queue=queue(), Gone=queue(QueueName="gone")))
    new = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t"}}}
    made = change_set(stack, body(Queue=queue(DelaySeconds=5), **new), "UPDATE")
    changes = {
        change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"]["Action"]
        for change in made["Changes"]
    }
    assert changes == {"Topic": "Add", "Queue": "Modify", "Gone": "Remove"}
    assert set(stack.resources()) == {"Queue", "Gone"}
    listed = stack.client.list_change_sets(StackName="s")["Summaries"]
    assert "c" in [item["ChangeSetName"] for item in listed]
    stack.client.delete_change_set(StackName="s", ChangeSetName="c")
    refused("ChangeSetNotFound", stack.client.describe_change_set, StackName="s", ChangeSetName="c")


def test_a_new_change_set_of_a_stack_in_review_deploys_its_own_template(stack: Stack) -> None:
    change_set(stack, body(Old=queue()), "CREATE")
    stack.client.delete_change_set(StackName="s", ChangeSetName="c")
    made = change_set(stack, body(New=queue()), "CREATE")
    added = [change["ResourceChange"]["LogicalResourceId"] for change in made["Changes"]]
    assert added == ["New"]
    stack.client.execute_change_set(StackName="s", ChangeSetName="c")
    assert stack.settled()["StackStatus"] == "CREATE_COMPLETE"
    assert set(stack.resources()) == {"New"}


def test_a_change_set_without_changes_has_failed(stack: Stack) -> None:
    stack.create(body(Queue=queue()))
    made = change_set(stack, body(Queue=queue()), "UPDATE")
    assert made["Status"] == "FAILED"
    assert "didn't contain changes" in made["StatusReason"]
    refused(
        "InvalidChangeSetStatus", stack.client.execute_change_set, StackName="s", ChangeSetName="c"
    )


def test_the_type_of_a_change_set_must_fit_the_stack(stack: Stack) -> None:
    new = {"StackName": "s", "ChangeSetName": "c", "TemplateBody": body(Queue=queue())}
    client = stack.client
    refused("ValidationError", client.create_change_set, **new)
    refused_saying(
        "ValidationError", "IMPORT", client.create_change_set, **new, ChangeSetType="IMPORT"
    )
    stack.create(body(Queue=queue()))
    refused("ValidationError", client.create_change_set, **new, ChangeSetType="CREATE")


def test_a_template_is_summarised_before_it_is_deployed(stack: Stack) -> None:
    template = json.loads(body(Queue=queue()))
    template["Parameters"] = {"Delay": {"Type": "Number", "Default": 5, "AllowedValues": [5, 6]}}
    stack.create(json.dumps(template))
    for asked in ({"TemplateBody": json.dumps(template)}, {"StackName": "s"}):
        summary = stack.client.get_template_summary(**asked)
        (parameter,) = summary["Parameters"]
        assert (parameter["ParameterType"], parameter["DefaultValue"]) == ("Number", "5")
        assert parameter["ParameterConstraints"]["AllowedValues"] == ["5", "6"]
        assert summary["ResourceTypes"] == ["AWS::SQS::Queue"]


def test_a_stack_in_review_can_be_deleted(stack: Stack) -> None:
    change_set(stack, body(Queue=queue()), "CREATE")
    stack.client.delete_stack(StackName="s")
    await_operations()
    refused("ValidationError", stack.client.describe_stacks, StackName="s")


# ------------------------------------------------------------------ exports and imports
def exporting(value: str) -> str:
    output = {"Value": value, "Export": {"Name": "shared-name"}}
    return json.dumps({"Resources": {"Queue": queue()}, "Outputs": {"Name": output}})


IMPORTING = body(
    Topic={
        "Type": "AWS::SNS::Topic",
        "Properties": {"TopicName": {"Fn::ImportValue": {"Fn::Sub": "shared-${AWS::NoValue}name"}}},
    }
).replace("${AWS::NoValue}", "")


def test_a_stack_imports_what_another_exports(stack: Stack) -> None:
    importer = Stack(stack.aws, "importer")
    assert "No export named shared-name" in importer.create(IMPORTING)["StackStatusReason"]
    importer.client.delete_stack(StackName="importer")
    await_operations()
    stack.create(exporting("imported"))
    assert importer.create(IMPORTING)["StackStatus"] == "CREATE_COMPLETE"
    assert importer.physical("Topic").endswith(":imported")
    (export,) = stack.client.list_exports()["Exports"]
    assert (export["Name"], export["Value"]) == ("shared-name", "imported")
    assert stack.client.list_imports(ExportName="shared-name")["Imports"] == ["importer"]


def test_an_export_in_use_is_neither_changed_nor_deleted(stack: Stack) -> None:
    importer = Stack(stack.aws, "importer")
    stack.create(exporting("imported"))
    importer.create(IMPORTING)
    for template in (exporting("other"), body(Queue=queue())):
        with pytest.raises(stack.client.exceptions.ClientError, match="in use by importer"):
            stack.update(template)
    stack.client.delete_stack(StackName="s")
    deleted = stack.settled()
    assert deleted["StackStatus"] == "DELETE_FAILED"
    assert "cannot be deleted as it is in use by importer" in deleted["StackStatusReason"]
    importer.client.delete_stack(StackName="importer")
    await_operations()
    refused("ValidationError", stack.client.list_imports, ExportName="shared-name")
    stack.client.delete_stack(StackName="s")
    await_operations()
    refused("ValidationError", stack.client.describe_stacks, StackName="s")


def test_a_stack_is_deployed_with_its_service_role(stack: Stack) -> None:
    role = stack.aws.role(
        "data",
        "deployer",
        "cloudformation.amazonaws.com",
        allow=[{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
    )
    made = stack.create(body(Queue=queue()), RoleARN=role)
    assert (made["StackStatus"], made["RoleARN"]) == ("CREATE_COMPLETE", role)
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t"}}
    updated = stack.update(body(Queue=queue(), Topic=topic))
    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "sns:" in updated["StackStatusReason"]
    other = stack.aws.role("data", "trusts-others")
    refused(
        "ValidationError",
        stack.client.create_stack,
        StackName="other",
        TemplateBody=body(Queue=queue(QueueName="o")),
        RoleARN=other,
    )
    refused("ValidationError", stack.client.describe_stacks, StackName="other")


def test_a_change_set_gives_the_stack_its_role_when_it_is_executed(stack: Stack) -> None:
    def role(name: str) -> str:
        allow = [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]
        return stack.aws.role("data", name, "cloudformation.amazonaws.com", allow=allow)

    first, second = role("first"), role("second")
    stack.create(body(Queue=queue()), RoleARN=first)
    new = {"TemplateBody": body(Queue=queue(DelaySeconds=5)), "RoleARN": second}
    stack.client.create_change_set(StackName="s", ChangeSetName="c", **new)
    assert stack.settled()["RoleARN"] == first
    stack.client.execute_change_set(StackName="s", ChangeSetName="c")
    updated = stack.settled()
    assert (updated["StackStatus"], updated["RoleARN"]) == ("UPDATE_COMPLETE", second)


def test_a_refused_update_leaves_the_stack_its_role(stack: Stack) -> None:
    allow = [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]
    role = stack.aws.role("data", "r", "cloudformation.amazonaws.com", allow=allow)
    stack.create(body(Queue=queue()))
    refused_saying(
        "ValidationError",
        "No updates",
        stack.client.update_stack,
        StackName="s",
        TemplateBody=body(Queue=queue()),
        RoleARN=role,
    )
    assert "RoleARN" not in stack.settled()
