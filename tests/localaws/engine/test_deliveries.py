"""What services send by themselves needs the policy of what it is for, with its source in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.policies import document
from tests.refusals import refused_saying

OWN, OTHER = ACCOUNTS["governance"], ACCOUNTS["data"]
TOPIC = f"arn:aws:sns:{REGION}:{OWN}:news"
BUCKET = "arn:aws:s3:::watched"
SNS, S3, EVENTS = "sns.amazonaws.com", "s3.amazonaws.com", "events.amazonaws.com"


class Queue:
    """A queue of an account, and what came into it."""

    def __init__(self, aws: Aws, role: str, name: str) -> None:
        self._sqs = aws.client("sqs", role)
        self.url = str(self._sqs.create_queue(QueueName=name)["QueueUrl"])
        self.arn = f"arn:aws:sqs:{REGION}:{aws.account(role)}:{name}"

    def let(self, service: str, **condition: Any) -> None:
        """Let a service send, under a condition (or none)."""
        policy = document(_let(service, "sqs:SendMessage", self.arn, condition))
        self._sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def messages(self) -> list[dict[str, Any]]:
        """Return what came since the last look."""
        messages: list[dict[str, Any]] = self._sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(message["Body"]) for message in self.messages()]


def _let(service: str, action: str, resource: str, condition: dict[str, Any]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


@pytest.fixture
def queue(aws: Aws) -> Queue:
    return Queue(aws, "governance", "heard")


# ------------------------------------------------------------------ SNS
@pytest.fixture
def sns(aws: Aws, queue: Queue) -> Any:
    client = aws.client("sns", "governance")
    client.create_topic(Name="news")
    client.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue.arn)
    return client


@pytest.mark.parametrize(
    ("service", "condition", "comes"),
    [
        (SNS, {}, True),
        (SNS, {"ArnEquals": {"aws:SourceArn": TOPIC}}, True),
        (SNS, {"StringEquals": {"aws:SourceAccount": OWN}}, True),
        (SNS, {"ArnEquals": {"aws:SourceArn": TOPIC + "-of-others"}}, False),
        (SNS, {"StringEquals": {"aws:SourceAccount": OTHER}}, False),
        (EVENTS, {}, False),
    ],
)
def test_a_topic_reaches_a_queue_that_lets_it_in(
    queue: Queue, sns: Any, service: str, condition: dict[str, Any], comes: bool
) -> None:
    queue.let(service, **condition)
    assert sns.publish(TopicArn=TOPIC, Message="hello")["MessageId"]  # told nothing of refusals
    assert [body["Message"] for body in queue.bodies()] == ["hello"] * comes


def test_a_queue_without_a_policy_or_gone_hears_nothing_and_others_do(
    aws: Aws, queue: Queue, sns: Any
) -> None:
    opened, gone = (Queue(aws, "governance", name) for name in ("opened", "gone"))
    for target in (opened, gone):
        target.let(SNS)
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=target.arn)
    aws.client("sqs", "governance").delete_queue(QueueUrl=gone.url)
    batch = [{"Id": str(number), "Message": f"m{number}"} for number in range(2)]
    assert not sns.publish_batch(TopicArn=TOPIC, PublishBatchRequestEntries=batch)["Failed"]
    assert [target["Message"] for target in opened.bodies()] == ["m0", "m1"]
    assert queue.bodies() == []


def test_a_queue_of_another_account_hears_a_topic_that_both_let_it(aws: Aws, sns: Any) -> None:
    theirs = Queue(aws, "data", "theirs")
    theirs.let(SNS, ArnEquals={"aws:SourceArn": TOPIC})
    subscribe = aws.client("sns", "data").subscribe
    subscription = {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": theirs.arn}
    refused_saying("AuthorizationError", "sns:Subscribe", subscribe, **subscription)
    statement = _let(SNS, "sns:Subscribe", TOPIC, {}) | {"Principal": {"AWS": OTHER}}
    sns.set_topic_attributes(
        TopicArn=TOPIC, AttributeName="Policy", AttributeValue=document(statement)
    )
    subscribe(**subscription)
    sns.publish(TopicArn=TOPIC, Message="hello")
    assert [body["Message"] for body in theirs.bodies()] == ["hello"]


def test_every_delivery_is_a_recorded_decision_of_the_service(
    aws: Aws, queue: Queue, sns: Any
) -> None:
    queue.let(SNS, ArnEquals={"aws:SourceArn": TOPIC})
    aws.control("DELETE", "/decisions")
    sns.publish(TopicArn=TOPIC, Message="hello")
    (decision,) = [
        item
        for item in aws.control("GET", "/decisions")["decisions"]
        if item["action"] == "sqs:SendMessage"
    ]
    assert (decision["principal"], decision["resource"], decision["allowed"]) == (
        SNS,
        queue.arn,
        True,
    )
    assert decision["context"]["aws:SourceArn"] == TOPIC


# ------------------------------------------------------------------ S3
@pytest.fixture
def s3(aws: Aws) -> Any:
    client = aws.client("s3", "governance")
    client.create_bucket(Bucket="watched", CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


def notify(s3: Any, queue: Queue) -> None:
    configuration = {"QueueArn": queue.arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="watched", NotificationConfiguration={"QueueConfigurations": [configuration]}
    )


def test_a_bucket_tells_a_queue_that_lets_it_in(queue: Queue, s3: Any) -> None:
    queue.let(S3, ArnLike={"aws:SourceArn": BUCKET}, StringEquals={"aws:SourceAccount": OWN})
    notify(s3, queue)
    s3.put_object(Bucket="watched", Key="a", Body=b"x")
    tried, notification = queue.bodies()
    assert (tried["Event"], tried["Bucket"]) == ("s3:TestEvent", "watched")
    assert notification["Records"][0]["s3"]["object"]["key"] == "a"
    queue.let(S3, StringEquals={"aws:SourceAccount": OTHER})  # closed later: lost, and not told
    s3.put_object(Bucket="watched", Key="b", Body=b"x")
    assert queue.bodies() == []


def test_a_destination_that_does_not_let_the_bucket_in_is_not_configured(
    queue: Queue, s3: Any
) -> None:
    queue.let(S3, ArnLike={"aws:SourceArn": "arn:aws:s3:::another"})
    with pytest.raises(ClientError, match="Unable to validate the following destination") as caught:
        notify(s3, queue)
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"
    s3.put_object(Bucket="watched", Key="a", Body=b"x")
    assert queue.bodies() == []


def test_what_a_bucket_tells_eventbridge_passes_the_policies_of_its_targets(
    aws: Aws, queue: Queue, s3: Any
) -> None:
    rule = behind_default_bus(aws, queue, {"source": ["aws.s3"], "detail-type": ["Object Created"]})
    s3.put_bucket_notification_configuration(
        Bucket="watched", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_object(Bucket="watched", Key="a", Body=b"x")
    assert queue.bodies() == []
    queue.let(EVENTS, ArnEquals={"aws:SourceArn": rule})
    s3.put_object(Bucket="watched", Key="b", Body=b"x")
    (event,) = queue.bodies()
    assert (event["detail-type"], event["account"]) == ("Object Created", OWN)
    assert event["detail"]["object"]["key"] == "b"


# ------------------------------------------------------------------ EventBridge
def behind_default_bus(
    aws: Aws, queue: Queue, pattern: dict[str, Any], dead_letters: Queue | None = None
) -> str:
    """Put a queue behind a rule and return the rule's ARN."""
    events = aws.client("events", "governance")
    arn = events.put_rule(Name="mine", EventPattern=json.dumps(pattern))["RuleArn"]
    target: dict[str, Any] = {"Id": "q", "Arn": queue.arn}
    if dead_letters is not None:
        target["DeadLetterConfig"] = {"Arn": dead_letters.arn}
    events.put_targets(Rule="mine", Targets=[target])
    return str(arn)


@pytest.mark.parametrize(
    ("key", "named", "comes"),
    [
        ("aws:SourceArn", f"arn:aws:events:{REGION}:{OWN}:rule/mine", True),
        ("aws:SourceArn", f"arn:aws:events:{REGION}:{OTHER}:rule/mine", False),
        ("aws:SourceAccount", OWN, True),
        ("aws:SourceAccount", OTHER, False),
    ],
)
def test_a_rule_reaches_a_queue_whose_policy_names_it(
    aws: Aws, queue: Queue, key: str, named: str, comes: bool
) -> None:
    behind_default_bus(aws, queue, {"source": ["my.app"]})
    queue.let(EVENTS, StringEquals={key: named})
    put(aws)
    assert len(queue.bodies()) == comes


def test_what_a_queue_refuses_goes_to_the_dead_letters_that_let_the_rule_in(
    aws: Aws, queue: Queue
) -> None:
    dead = Queue(aws, "governance", "dead")
    rule = behind_default_bus(aws, queue, {"source": ["my.app"]}, dead)
    put(aws)
    assert dead.messages() == []  # no policy lets EventBridge in here either
    dead.let(EVENTS, ArnEquals={"aws:SourceArn": rule})
    put(aws)
    (message,) = dead.messages()
    attributes = {
        name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()
    }
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"]) == (rule, queue.arn)
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert "sqs:SendMessage" in attributes["ERROR_MESSAGE"]
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    assert queue.messages() == []


def put(aws: Aws) -> None:
    entry = {"Source": "my.app", "DetailType": "Happened", "Detail": json.dumps({"n": 1})}
    assert not aws.client("events", "governance").put_events(Entries=[entry])["FailedEntryCount"]
