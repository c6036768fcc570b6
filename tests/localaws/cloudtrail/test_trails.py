"""Trails: what they log, where their log files go, and what the bucket has to allow."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.policies import document
from tests.localaws.shapes import checked
from tests.localaws.waiting import eventually
from tests.refusals import refused_saying

DATA, BUCKET = ACCOUNTS["data"], "trail-bucket"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{DATA}:trail/seen"
FEATURES = [
    {"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "resources.type", "Equals": ["AWS::SageMaker::FeatureGroup"]},
]


def allow_cloudtrail(aws: Aws, source: str = TRAIL, owner: str = DATA) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": ["s3:GetBucketAcl", "s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/AWSLogs/{DATA}/*"],
        "Condition": {"StringEquals": {"aws:SourceArn": source}},
    }
    policy = document(statement)
    aws.client("s3", owner).put_bucket_policy(Bucket=BUCKET, Policy=policy)


@pytest.fixture
def trail(aws: Aws) -> Iterator[Any]:
    """A client that checks shapes, of an account with a bucket for trails."""
    aws.client("s3", "data").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    allow_cloudtrail(aws)
    yield checked(aws.client("cloudtrail", "data"))


def logging(trail: Any, *fields: list[dict[str, Any]]) -> None:
    trail.create_trail(Name="seen", S3BucketName=BUCKET)
    if fields:
        selectors = [{"Name": "some", "FieldSelectors": selector} for selector in fields]
        trail.put_event_selectors(TrailName="seen", AdvancedEventSelectors=selectors)
    trail.start_logging(Name="seen")


def logged(aws: Aws) -> list[dict[str, Any]]:
    """Wait for a delivery and return what all log files hold."""
    s3 = aws.client("s3", "data")
    listed = eventually(lambda: s3.list_objects_v2(Bucket=BUCKET).get("Contents"))
    bodies = [s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read() for item in listed]
    return [record for body in bodies for record in json.loads(gzip.decompress(body))["Records"]]


def feature_group(aws: Aws) -> str:
    """Make a feature group and return its ARN."""
    client = aws.client("sagemaker", "data")
    group = client.create_feature_group(
        FeatureGroupName="g",
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "String"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
        RoleArn=aws.role("data", "store"),
    )
    eventually(
        lambda: (
            client.describe_feature_group(FeatureGroupName="g")["FeatureGroupStatus"] == "Created"
        )
    )
    return str(group["FeatureGroupArn"])


def put_record(aws: Aws) -> None:
    record = [
        {"FeatureName": "id", "ValueAsString": "7"},
        {"FeatureName": "at", "ValueAsString": "2024-01-01T00:00:00Z"},
    ]
    runtime = aws.client("sagemaker-featurestore-runtime", "data")
    runtime.put_record(FeatureGroupName="g", Record=record)


def test_a_trail_that_asks_for_them_gets_reads_and_writes_of_features(aws: Aws, trail: Any) -> None:
    logging(trail, FEATURES)
    group = feature_group(aws)
    put_record(aws)
    runtime = aws.client("sagemaker-featurestore-runtime", "data")
    runtime.get_record(FeatureGroupName="g", RecordIdentifierValueAsString="7")
    records = logged(aws)
    assert [record["eventName"] for record in records] == ["PutRecord", "GetRecord"]
    assert {(record["eventCategory"], record["managementEvent"]) for record in records} == {
        ("Data", False)
    }
    assert [record["readOnly"] for record in records] == [False, True]
    resource = {"accountId": DATA, "type": "AWS::SageMaker::FeatureGroup", "ARN": group}
    assert records[0]["resources"] == [resource]
    assert records[1]["requestParameters"] == {
        "featureGroupName": "g",
        "recordIdentifierValueAsString": "7",
    }
    assert "2024-01-01" not in json.dumps(records[0]["requestParameters"])


def test_a_trail_logs_management_events_unless_it_says_what_else(aws: Aws, trail: Any) -> None:
    logging(trail)
    feature_group(aws)
    put_record(aws)

    def names() -> list[str]:
        return [record["eventName"] for record in logged(aws)]

    eventually(lambda: "CreateFeatureGroup" in names())  # its log file may come after the first
    assert "PutRecord" not in names()


def test_reads_by_another_account_are_in_the_owners_log(aws: Aws, trail: Any) -> None:
    logging(trail, FEATURES)
    group = feature_group(aws)
    runtime = aws.client("sagemaker-featurestore-runtime", "data_science")
    refused_saying(
        "AccessForbidden",
        "",
        runtime.get_record,
        FeatureGroupName=group,
        RecordIdentifierValueAsString="7",
    )
    (record,) = logged(aws)
    assert record["errorCode"] == "AccessForbidden"
    assert record["userIdentity"]["accountId"] == ACCOUNTS["data_science"]
    assert record["recipientAccountId"] == DATA


def test_data_events_are_never_in_the_event_history(aws: Aws, trail: Any) -> None:
    logging(trail, FEATURES)
    feature_group(aws)
    put_record(aws)
    pages = trail.get_paginator("lookup_events").paginate()
    names = {event["EventName"] for page in pages for event in page["Events"]}
    assert "CreateFeatureGroup" in names
    assert "PutRecord" not in names


def test_log_files_lie_and_are_named_as_on_aws(aws: Aws, trail: Any) -> None:
    logging(trail, [{"Field": "eventCategory", "Equals": ["Management"]}])
    assert logged(aws)
    (key, *_) = [
        item["Key"] for item in aws.client("s3", "data").list_objects_v2(Bucket=BUCKET)["Contents"]
    ]
    now = aws.cloud.clock.now()
    folder, _, name = key.rpartition("/")
    assert folder == f"AWSLogs/{DATA}/CloudTrail/{REGION}/{now:%Y/%m/%d}"
    assert name.startswith(f"{DATA}_CloudTrail_{REGION}_{now:%Y%m%dT}")
    assert name.endswith(".json.gz")
    status = trail.get_trail_status(Name="seen")
    assert status["IsLogging"]
    assert status["LatestDeliveryTime"] >= status["StartLoggingTime"]


def test_a_trail_needs_a_bucket_that_lets_it_in(aws: Aws, trail: Any) -> None:
    allow_cloudtrail(aws, source=TRAIL.replace("seen", "another"))
    refused_saying(
        "InsufficientS3BucketPolicyException",
        "s3:GetBucketAcl",
        trail.create_trail,
        Name="seen",
        S3BucketName=BUCKET,
    )
    refused_saying(
        "S3BucketDoesNotExistException",
        "no-such-bucket",
        trail.create_trail,
        Name="seen",
        S3BucketName="no-such-bucket",
    )
    assert trail.describe_trails()["trailList"] == []


def test_a_bucket_that_closes_shows_in_the_status_and_nothing_is_lost(aws: Aws, trail: Any) -> None:
    logging(trail, FEATURES)
    feature_group(aws)
    aws.client("s3", "data").delete_bucket_policy(Bucket=BUCKET)
    put_record(aws)
    eventually(
        lambda: trail.get_trail_status(Name="seen").get("LatestDeliveryError") == "AccessDenied"
    )
    allow_cloudtrail(aws)
    assert [record["eventName"] for record in logged(aws)] == ["PutRecord"]


def test_trails_are_described_as_they_were_made(trail: Any) -> None:
    settings = trail.create_trail(Name="seen", S3BucketName=BUCKET, TagsList=[{"Key": "a"}])
    assert settings["TrailARN"] == TRAIL
    described = trail.get_trail(Name=TRAIL)["Trail"]
    assert described["HomeRegion"] == REGION
    assert described["HasCustomEventSelectors"] is False
    assert trail.describe_trails(trailNameList=["seen", "none"])["trailList"] == [described]
    assert [item["Name"] for item in trail.list_trails()["Trails"]] == ["seen"]
    assert (
        trail.get_event_selectors(TrailName="seen")["EventSelectors"][0]["ReadWriteType"] == "All"
    )
    (tagged,) = trail.list_tags(ResourceIdList=[TRAIL])["ResourceTagList"]
    assert tagged["TagsList"] == [{"Key": "a", "Value": ""}]
    taken = ("TrailAlreadyExistsException", "seen")
    refused_saying(*taken, trail.create_trail, Name="seen", S3BucketName=BUCKET)
    trail.delete_trail(Name="seen")
    refused_saying("TrailNotFoundException", "seen", trail.get_trail, Name="seen")


def test_basic_selectors_take_objects_by_the_beginning_of_their_arn(aws: Aws, trail: Any) -> None:
    trail.create_trail(Name="seen", S3BucketName=BUCKET)
    resource = {"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{BUCKET}/wanted/"]}
    selector = {
        "ReadWriteType": "WriteOnly",
        "IncludeManagementEvents": False,
        "DataResources": [resource],
    }
    trail.put_event_selectors(TrailName="seen", EventSelectors=[selector])
    trail.start_logging(Name="seen")
    s3 = aws.client("s3", "data")
    for key in ("wanted/a", "other/b"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    s3.get_object(Bucket=BUCKET, Key="wanted/a")
    s3.delete_object(Bucket=BUCKET, Key="other/b")
    s3.delete_object(Bucket=BUCKET, Key="wanted/a")
    records = logged(aws)
    assert [record["eventName"] for record in records] == ["PutObject", "DeleteObject"]


@pytest.mark.parametrize(
    ("selectors", "said"),
    [
        ({}, "either"),
        ({"EventSelectors": [{"DataResources": [{"Type": "x"}]}]}, "need advanced"),
        ({"AdvancedEventSelectors": [{"FieldSelectors": FEATURES[:1]}]}, "one resources.type"),
        ({"AdvancedEventSelectors": [{"FieldSelectors": FEATURES[1:]}]}, "eventCategory"),
        (
            {
                "AdvancedEventSelectors": [
                    {"FieldSelectors": [FEATURES[0], {"Field": "resources.type", "Equals": ["x"]}]}
                ]
            },
            "no data events of x",
        ),
    ],
)
def test_selectors_that_cannot_be_kept_are_refused(
    trail: Any, selectors: dict[str, Any], said: str
) -> None:
    trail.create_trail(Name="seen", S3BucketName=BUCKET)
    refused_saying(
        "InvalidEventSelectorsException",
        said,
        trail.put_event_selectors,
        TrailName="seen",
        **selectors,
    )


def test_what_a_local_trail_cannot_do_is_refused(trail: Any) -> None:
    refused_saying(
        "UnsupportedOperationException",
        "EnableLogFileValidation",
        trail.create_trail,
        Name="seen",
        S3BucketName=BUCKET,
        EnableLogFileValidation=True,
    )
