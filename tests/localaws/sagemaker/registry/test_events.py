"""The events that changes of a version emit."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.accounts import ACCOUNTS
from tests.localaws.conftest import Aws
from tests.localaws.sharing import GROUP_REGISTER, share
from tests.localaws.versions import (
    GROUP_ARN,
    OWNER,
    TRAINER,
    register,
)


@pytest.fixture
def events(aws: Aws) -> Any:
    """Read the owner account's SageMaker events from a queue."""
    sqs, bus = aws.client("sqs", OWNER), aws.client("events", OWNER)
    url = sqs.create_queue(QueueName="seen")["QueueUrl"]
    request = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
    arn = sqs.get_queue_attributes(**request)["Attributes"]["QueueArn"]
    bus.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    aws.open_queue(OWNER, url, arn)
    bus.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])

    def read() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

    return read


def test_each_change_of_a_version_is_an_event_in_the_owners_account(
    aws: Aws, owner: Any, trainer: Any, events: Any
) -> None:
    share(aws, OWNER, TRAINER, GROUP_ARN, GROUP_REGISTER)
    arn = register(trainer, GROUP_ARN)
    (created,) = events()
    assert created["detail-type"] == "SageMaker Model Package State Change"
    assert (created["account"], created["resources"]) == (ACCOUNTS[OWNER], [arn])
    assert created["detail"]["ModelApprovalStatus"] == "PendingManualApproval"
    assert created["detail"]["UpdatedModelPackageFields"] == []
    owner.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good"
    )
    (updated,) = events()
    detail = updated["detail"]
    assert detail["UpdatedModelPackageFields"] == ["ApprovalDescription", "ModelApprovalStatus"]
    assert detail["ModelPackageVersion"] == 1
    assert detail["ModelApprovalStatus"] == "Approved"
    moment = datetime.fromisoformat(detail["LastModifiedTime"])
    assert abs((moment - datetime.now(UTC)).total_seconds()) < 60
