"""Each resource type: every property it applies is made, changed and taken back for real.

The stack itself checks the effect: after a deploy it reads every property back from the service
and fails on a difference. These tests look once more where the reading back could be wrong too.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from localaws.cloudformation.resource import REGISTER
from tests.localaws.cloudformation.deploying import (
    NAMED,
    Stack,
    await_operations,
    body,
    queue,
)
from tests.localaws.cloudformation.resource_changes import (
    CHANGES,
    KEY_POLICY,
    POLICY,
    ROLE,
    STATEMENT,
    TABLE,
)


@pytest.mark.parametrize(("kind", "beside", "first", "then"), CHANGES, ids=[c[0] for c in CHANGES])
def test_properties_are_made_changed_and_taken_back(
    aws: Any, kind: str, beside: dict[str, Any], first: dict[str, Any], then: dict[str, Any]
) -> None:
    stack = Stack(aws)
    description = stack.create(body(It={"Type": kind, "Properties": first}, **beside), **NAMED)
    assert description["StackStatus"] == "CREATE_COMPLETE", description.get("StackStatusReason")
    for properties in (then, first):
        updated = stack.update(body(It={"Type": kind, "Properties": properties}, **beside), **NAMED)
        assert updated["StackStatus"] == "UPDATE_COMPLETE", updated.get("StackStatusReason")
    stack.client.delete_stack(StackName="s")
    with pytest.raises(stack.client.exceptions.ClientError, match="does not exist"):
        stack.settled()


def test_the_changes_touch_every_property_that_can_change() -> None:
    handled: dict[str, set[str]] = {}
    for kind, _, first, then in CHANGES:
        handled.setdefault(kind, set()).update(first, then)
    for name, kind in REGISTER.types.items():
        changeable = {n for n, item in kind.properties.items() if not item.replaces}
        # moto keeps a table's encryption as it was made; a change fails the stack.
        untested = {"SSESpecification"} if name == "AWS::DynamoDB::Table" else set()
        assert changeable - untested <= handled.get(name, set()), name


def test_other_statements_of_a_bus_policy_stay(aws: Any) -> None:
    events = aws.client("events", "data")
    events.create_event_bus(Name="bus")
    other = {"Sid": "other", **STATEMENT}
    policy = {"Version": "2012-10-17", "Statement": [other]}
    events.put_permission(EventBusName="bus", Policy=json.dumps(policy))
    stack = Stack(aws)
    mine = {"EventBusName": "bus", "StatementId": "mine", "Statement": STATEMENT}
    stack.create(body(It={"Type": "AWS::Events::EventBusPolicy", "Properties": mine}))
    statements = json.loads(events.describe_event_bus(Name="bus")["Policy"])["Statement"]
    assert [item["Sid"] for item in statements] == ["other", "mine"]


def test_encryption_that_the_local_table_cannot_change_fails_the_update(aws: Any) -> None:
    stack = Stack(aws)
    stack.create(body(It={"Type": "AWS::DynamoDB::Table", "Properties": TABLE}))
    encrypted = {**TABLE, "SSESpecification": {"SSEEnabled": True}}
    updated = stack.update(body(It={"Type": "AWS::DynamoDB::Table", "Properties": encrypted}))
    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "SSESpecification" in updated["StackStatusReason"]


def test_the_callers_own_credentials_are_used(aws: Any) -> None:
    """What CloudFormation does is done by whoever asked, in that account."""
    stack = Stack(aws)
    stack.create(body(Queue=queue()))
    assert stack.physical("Queue").split("/")[-2] == "111111111111"


def test_a_role_keeps_the_policies_that_other_resources_give_it(aws: Any) -> None:
    stack, iam = Stack(aws), aws.client("iam", "data")
    more = {"RoleName": {"Ref": "Role"}, "PolicyName": "more", "PolicyDocument": POLICY}
    beside = {"More": {"Type": "AWS::IAM::RolePolicy", "Properties": more}}
    stack.create(body(Role=ROLE, **beside), **NAMED)
    bare = {**ROLE, "Properties": {**ROLE["Properties"], "Policies": []}}
    assert stack.update(body(Role=bare, **beside), **NAMED)["StackStatus"] == "UPDATE_COMPLETE"
    assert iam.list_role_policies(RoleName="first")["PolicyNames"] == ["more"]


def test_a_bucket_without_access_control_lists_takes_none(aws: Any) -> None:
    stack = Stack(aws)
    for access, status in (("PublicRead", "ROLLBACK_COMPLETE"), ("Private", "CREATE_COMPLETE")):
        properties = {"BucketName": "b-b-b", "AccessControl": access}
        made = stack.create(body(It={"Type": "AWS::S3::Bucket", "Properties": properties}))
        assert made["StackStatus"] == status
        stack.client.delete_stack(StackName="s")


def test_a_key_is_deleted_after_the_days_of_its_template(aws: Any) -> None:
    stack, kms = Stack(aws), aws.client("kms", "data")
    properties = {"KeyPolicy": KEY_POLICY, "PendingWindowInDays": 7}
    stack.create(body(It={"Type": "AWS::KMS::Key", "Properties": properties}))
    key = stack.physical("It")
    stack.client.delete_stack(StackName="s")
    await_operations()
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion"
    assert (metadata["DeletionDate"] - metadata["CreationDate"]).days in (6, 7)
