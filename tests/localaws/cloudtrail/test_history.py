"""CloudTrail's event history: allowed and denied calls, who made them, in which accounts."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tests.accounts import REGION
from tests.localaws.conftest import Aws
from tests.localaws.policies import DATA, OTHER, signed_in, statement
from tests.localaws.shapes import checked
from tests.refusals import refused_saying


def events(aws: Aws, account: str, **filters: Any) -> list[dict[str, Any]]:
    pages = aws.client("cloudtrail", account).get_paginator("lookup_events").paginate(**filters)
    return [event for page in pages for event in page["Events"]]


def by(key: str, value: str) -> dict[str, Any]:
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def test_denied_call_is_recorded_with_principal_and_error(aws: Aws) -> None:
    aws.role("data", "duty", allow=[])
    session = aws.assume("data", "duty", source_identity="ann")
    client = session.client("sagemaker")
    refused_saying(
        "AccessDeniedException",
        "",
        client.create_model_package_group,
        ModelPackageGroupName="credit-risk",
    )
    (event,) = events(aws, "data", **by("EventName", "CreateModelPackageGroup"))
    assert (event["EventSource"], event["Username"]) == ("sagemaker.amazonaws.com", "test")
    record = json.loads(event["CloudTrailEvent"])
    assert record["errorCode"] == "AccessDeniedException"
    assert "no identity-based policy" in record["errorMessage"]
    who = record["userIdentity"]
    assert who["arn"] == f"arn:aws:sts::{DATA}:assumed-role/duty/test"
    assert who["sessionContext"]["sourceIdentity"] == "ann"
    assert record["requestParameters"] == {"modelPackageGroupName": "credit-risk"}


def test_the_tags_of_a_call_are_recorded_whole(aws: Aws) -> None:
    """As in the User Guide's records of other services; SageMaker's are not verified on AWS."""
    sagemaker = aws.client("sagemaker", "data")
    arn = sagemaker.create_model_package_group(ModelPackageGroupName="g")["ModelPackageGroupArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "why", "Value": "w" * 256}])
    (event,) = events(aws, "data", **by("EventName", "AddTags"))
    record = json.loads(event["CloudTrailEvent"])
    tags = [{"key": "why", "value": "w" * 256}]
    assert record["requestParameters"] == {"resourceArn": arn, "tags": tags}


def test_the_history_reaches_back_ninety_days(aws: Aws) -> None:
    """API reference, LookupEvents: events of the last 90 days."""
    aws.client("kms", "data").create_key()
    (event,) = events(aws, "data", **by("EventName", "CreateKey"))
    aws.advance(89 * 86400)
    start = event["EventTime"]
    assert len(events(aws, "data", **by("EventName", "CreateKey"), StartTime=start)) == 1
    aws.advance(2 * 86400)
    assert events(aws, "data", **by("EventName", "CreateKey"), StartTime=start) == []


def test_call_on_anothers_resource_is_in_both_histories(aws: Aws) -> None:
    group = f"arn:aws:sagemaker:{REGION}:{DATA}:model-package-group/g"
    client = signed_in(aws, "data_science", statement("*")).client("sagemaker")
    describe = client.describe_model_package_group
    refused_saying("AccessDeniedException", "", describe, ModelPackageGroupName=group)
    for account in (DATA, OTHER):
        (event,) = events(aws, account, **by("EventName", "DescribeModelPackageGroup"))
        assert json.loads(event["CloudTrailEvent"])["recipientAccountId"] == account
    assert events(aws, "prod", **by("EventName", "DescribeModelPackageGroup")) == []


def test_errors_of_a_service_are_recorded_too(aws: Aws) -> None:
    dynamodb = aws.client("dynamodb", "data")
    refused_saying("ResourceNotFoundException", "", dynamodb.describe_table, TableName="none")
    (event,) = events(aws, "data", **by("ResourceName", "none"))
    assert json.loads(event["CloudTrailEvent"])["errorCode"] == "ResourceNotFoundException"


def test_reading_and_writing_data_is_no_management_event(aws: Aws) -> None:
    s3 = aws.client("s3", "data")
    s3.create_bucket(Bucket="box", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="box", Key="a", Body=b"x")
    names = [
        event["EventName"] for event in events(aws, "data", **by("EventSource", "s3.amazonaws.com"))
    ]
    assert names == ["CreateBucket"]


def test_history_is_paged_the_newest_first_and_within_a_time(aws: Aws) -> None:
    sqs = aws.client("sqs", "data")
    for number in range(5):
        sqs.create_queue(QueueName=f"q{number}")
    filters = by("EventName", "CreateQueue")
    pages = events(aws, "data", PaginationConfig={"PageSize": 2}, **filters)
    named = [
        json.loads(event["CloudTrailEvent"])["requestParameters"]["queueName"] for event in pages
    ]
    assert named == ["q4", "q3", "q2", "q1", "q0"]
    later = aws.cloud.clock.now() + timedelta(minutes=1)
    assert events(aws, "data", StartTime=later, **filters) == []


def test_reply_has_the_shape_of_the_service_model(aws: Aws) -> None:
    client = checked(aws.client("cloudtrail", "data"))
    client.list = client.lookup_events
    aws.client("sqs", "data").list_queues()
    assert client.lookup_events()["Events"]
