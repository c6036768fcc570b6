"""Events that a client puts go the same way, past the same policies, as those of AWS services."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

PATTERN = json.dumps({"source": ["my.app"]})
ENTRY = {"Source": "my.app", "DetailType": "Happened", "Detail": json.dumps({"n": 1})}


def queue_behind_default_bus(aws: Any, *, opened: bool) -> str:
    sqs = aws.client("sqs", "governance")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    if opened:
        aws.open_queue("governance", url, arn)
    events = aws.client("events", "governance")
    events.put_rule(Name="mine", EventPattern=PATTERN)
    events.put_targets(Rule="mine", Targets=[{"Id": "q", "Arn": arn}])
    return str(url)


def heard(aws: Any, url: str) -> list[dict[str, Any]]:
    messages = aws.client("sqs", "governance").receive_message(QueueUrl=url).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_an_event_reaches_the_queue_whose_policy_lets_eventbridge_in(aws: Any) -> None:
    url = queue_behind_default_bus(aws, opened=True)
    reply = aws.client("events", "governance").put_events(Entries=[ENTRY])
    assert reply["FailedEntryCount"] == 0
    (event,) = heard(aws, url)
    assert (event["source"], event["account"], event["detail"]) == (
        "my.app",
        aws.account("governance"),
        {"n": 1},
    )
    assert event["id"] == reply["Entries"][0]["EventId"]


def test_a_queue_without_a_policy_hears_nothing(aws: Any) -> None:
    url = queue_behind_default_bus(aws, opened=False)
    aws.client("events", "governance").put_events(Entries=[ENTRY])
    assert heard(aws, url) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Source": "aws.sagemaker"}, "NotAuthorizedForSourceException"),
        ({"DetailType": ""}, "InvalidArgument"),
    ],
)
def test_a_bad_entry_is_answered_with_its_error_and_the_others_are_delivered(
    aws: Any, change: dict[str, str], code: str
) -> None:
    url = queue_behind_default_bus(aws, opened=True)
    reply = aws.client("events", "governance").put_events(Entries=[ENTRY | change, ENTRY])
    assert reply["FailedEntryCount"] == 1
    assert reply["Entries"][0]["ErrorCode"] == code
    assert len(heard(aws, url)) == 1


def test_another_accounts_bus_takes_events_only_where_its_policy_lets_them_in(aws: Any) -> None:
    bus = f"arn:aws:events:{aws.region}:{aws.account('governance')}:event-bus/default"
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.client("events", "prod").put_events(Entries=[ENTRY | {"EventBusName": bus}])
