"""What a stack keeper does: it compares the guards and updates resources, and can do no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from causeway.errors import CausewayError, DeploymentFailed, GuardsDiffer
from causeway.topology.account_roles import AccountRole
from causeway.topology.stacks import resources_template
from stack import layout
from tests.local_platform import LocalPlatform

KEEPER = "causeway_governance_governance_stack_keeper"
SERVICE = "arn:aws:iam::444444444444:role/causeway-governance-stack-service"
APPROVER = "causeway-test-approver"


def check() -> list[str]:
    from causeway_airflow.operators.platform import CheckGuardsOperator

    return CheckGuardsOperator(task_id="check").perform({})


def update(template: str, role_arn: str | None = SERVICE, **values: str) -> str:
    from causeway_airflow.hooks.cloudformation import CloudFormationHook
    from causeway_deploy.stacks import StackRequest, update_stack

    values = {"SharedServicesAccountId": "333333333333"} | values
    request = StackRequest("causeway-governance", template, values, role_arn)
    return update_stack(CloudFormationHook(KEEPER), request)


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let Airflow read an edited topology."""

    def edit(before: str, after: str) -> None:
        text = layout.TOPOLOGY.read_text()
        assert before in text
        path = tmp_path / "topology.yaml"
        path.write_text(text.replace(before, after))
        monkeypatch.setenv("CAUSEWAY_TOPOLOGY", str(path))

    yield edit


def test_guards_as_declared_are_no_finding(platform: LocalPlatform) -> None:
    assert len(check()) == 7


def test_an_edited_topology_lets_nobody_in_and_is_reported(
    platform: LocalPlatform, edited: Any
) -> None:
    edited("user/governance-officer", "user/model-owner2")
    with pytest.raises(GuardsDiffer, match=r"statement PersonGovernanceOfficer\w+ differs"):
        check()
    trust = platform.client("iam", "shared_services").get_role(RoleName=APPROVER)["Role"]
    assert "model-owner2" not in json.dumps(trust["AssumeRolePolicyDocument"])


def test_trust_that_an_administrator_changed_is_reported_and_left(platform: LocalPlatform) -> None:
    iam = platform.client("iam", "shared_services")
    before = iam.get_role(RoleName=APPROVER)["Role"]["AssumeRolePolicyDocument"]
    stranger = {
        "Sid": "Stranger",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
        "Action": "sts:AssumeRole",
    }
    after = {**before, "Statement": [*before["Statement"], stranger]}
    iam.update_assume_role_policy(RoleName=APPROVER, PolicyDocument=json.dumps(after))
    try:
        with pytest.raises(GuardsDiffer, match="trusts Stranger, whom the topology does not name"):
            check()
        trust = iam.get_role(RoleName=APPROVER)["Role"]["AssumeRolePolicyDocument"]
        assert trust == after
    finally:
        iam.update_assume_role_policy(RoleName=APPROVER, PolicyDocument=json.dumps(before))
    assert check()


def test_guards_of_stack_sets_are_left_to_these(platform: LocalPlatform, edited: Any) -> None:
    edited("local: true", "guards: stack_sets\nlocal: true")
    assert check() == []


def test_resources_are_updated_and_left_alone(platform: LocalPlatform) -> None:
    from causeway_airflow.operators.platform import UpdateResourcesOperator

    operator = UpdateResourcesOperator(
        task_id="update", account_role="governance", duty="governance-stack-keeper"
    )
    assert operator.perform({}) == {"stack": "causeway-governance", "change": "unchanged"}
    text = resources_template(AccountRole.GOVERNANCE)
    assert update(text.replace("wakes the sync", "wakes it")) == "updated"
    assert operator.perform({})["change"] == "updated"
    rule = platform.client("events", "governance").describe_rule(
        Name="causeway-registry-events", EventBusName="causeway-governance"
    )
    assert rule["Description"].endswith("wakes the sync")


ROLE = """
  Added:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: {Effect: Allow, Principal: {AWS: "444444444444"}, Action: "sts:AssumeRole"}
"""
POLICY = """
  Added:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: causeway-governance-444444444444-eu-central-1
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          Effect: Allow
          Principal: "*"
          Action: s3:GetObject
          Resource: arn:aws:s3:::causeway-governance-444444444444-eu-central-1/*
"""


@pytest.mark.parametrize("addition", [ROLE, POLICY], ids=["role", "bucket-policy"])
def test_a_template_of_resources_cannot_hold_a_guard(
    platform: LocalPlatform, addition: str
) -> None:
    text = resources_template(AccountRole.GOVERNANCE)
    with pytest.raises(DeploymentFailed, match=r"Added .*(not authorized|AccessDenied)"):
        update(text + addition)
    assert update(text) == "unchanged"


def test_a_keeper_can_touch_neither_guards_nor_another_service_role(
    platform: LocalPlatform,
) -> None:
    from causeway_airflow.hooks.cloudformation import CloudFormationHook
    from causeway_deploy.stacks import StackRequest

    text = resources_template(AccountRole.GOVERNANCE)
    with pytest.raises(CausewayError, match="PassRole"):
        update(text + " ", "arn:aws:iam::444444444444:role/causeway-airflow")
    hook = CloudFormationHook(KEEPER)
    guards = StackRequest("causeway-governance-guards", text, {})
    with pytest.raises(CausewayError, match="UpdateStack"):
        hook.update(guards, ())
    with pytest.raises(CausewayError, match="DeleteStack"):
        hook.call("delete_stack", StackName="causeway-governance")
