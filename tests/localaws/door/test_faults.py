"""Faults on demand: what each kind does to a call, and that a seed repeats it."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from localaws.door.faults import KINDS, Faults
from localaws.kit.cloud import ATTEMPTS
from localaws.kit.service import Principal
from tests.localaws.conftest import Aws, Signer
from tests.localaws.features import DEFINITION, NAME, after_creation, record
from tests.localaws.listening import Listener
from tests.refusals import refused

OWNER = "shared_services"


def control(aws: Aws, method: str, document: Any = None, signer: Signer | None = None) -> Any:
    return aws.control(method, "/faults", document, signer)


def fault(aws: Aws, operation: str, kind: str, **more: Any) -> None:
    control(aws, "POST", {"operation": operation, "kind": kind, **more})


def groups(client: Any) -> list[str]:
    listed = client.list_model_package_groups()["ModelPackageGroupSummaryList"]
    return [group["ModelPackageGroupName"] for group in listed]


# --------------------------------------------------------------------------------- rules
def test_rules_are_added_listed_and_cleared(aws: Aws) -> None:
    rule = control(aws, "POST", {"operation": "sagemaker:*", "kind": "throttle", "count": 1})
    refused("ThrottlingException", aws.client("sagemaker", OWNER).list_models)
    aws.client("sagemaker", OWNER).list_models()
    (shown,) = control(aws, "GET")["faults"]
    assert (shown["id"], shown["fired"], shown["matched"]) == (rule["id"], 1, 2)
    assert control(aws, "DELETE") == {"faults": []}
    assert control(aws, "GET") == {"faults": []}


@pytest.mark.parametrize(
    "rule",
    [
        {"operation": "s3:*", "kind": "meteor"},
        {"kind": "throttle"},
        {"operation": "s3:*", "kind": "throttle", "rate": "often"},
        {"operation": "s3:*", "kind": "throttle", "colour": 1},
        {"operation": "s3:*", "kind": "throttle", "n": 0},
        [],
    ],
)
def test_a_malformed_rule_is_refused(aws: Aws, rule: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        control(aws, "POST", rule)
    assert caught.value.code == 400


def test_only_administrators_add_rules(aws: Aws) -> None:
    aws.role("governance", "worker")
    with pytest.raises(urllib.error.HTTPError) as caught:
        control(aws, "GET", signer=aws.assume("governance", "worker"))
    assert caught.value.code == 403


SESSION = Principal("1" * 12, "arn:aws:sts::111111111111:assumed-role/r/s", "A:s", "K", "session")


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_repeats_what_it_hit(kind: str) -> None:
    def hits(seed: int) -> list[bool]:
        faults = Faults()
        rule = {"operation": "sqs:Send*", "kind": kind, "rate": 0.3, "seed": seed}
        faults.add(rule | {"count": 200})  # `die_after` fires once otherwise
        return [hit(faults) for _ in range(200)]

    def hit(faults: Faults) -> bool:
        call = ("sqs", "SendMessage", SESSION)
        return bool(
            faults.before(*call)
            or faults.after(*call)
            or faults.deliveries("sqs:Send") == 2
            or faults.unprocessed(*call[:2])
        )

    assert hits(1) == hits(1) != hits(2)
    assert 30 < sum(hits(1)) < 90


def test_the_same_calls_over_the_wire_meet_the_same_faults(aws: Aws) -> None:
    queues = aws.client("sqs", OWNER)

    def outcomes() -> list[str]:
        control(aws, "DELETE")
        fault(aws, "sqs:ListQueues", "throttle", rate=0.3, seed=1)
        fault(aws, "sqs:ListQueues", "error500", rate=0.3, seed=2)
        fault(aws, "sqs:ListQueues", "timeout_after_success", rate=0.3, seed=3)
        return [outcome(queues.list_queues) for _ in range(40)]

    first = outcomes()
    assert outcomes() == first
    assert set(first) == {"", "RequestThrottled", "InternalFailure", "ConnectionClosedError"}


def outcome(call: Any) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except ConnectionClosedError as error:
        return type(error).__name__
    return ""


# --------------------------------------------------------------------------------- kinds
@pytest.mark.parametrize(
    ("service", "call", "code", "status"),
    [
        ("sagemaker", "list_models", "ThrottlingException", 400),
        ("s3", "list_buckets", "SlowDown", 503),
        ("dynamodb", "list_tables", "ProvisionedThroughputExceededException", 400),
        ("sts", "get_caller_identity", "Throttling", 400),
        ("sqs", "list_queues", "RequestThrottled", 403),
        ("cloudwatch", "list_metrics", "Throttling", 400),
    ],
)
def test_throttling_is_spelt_as_the_service_spells_it(
    aws: Aws, service: str, call: str, code: str, status: int
) -> None:
    fault(aws, f"{service}:*", "throttle")
    refusal = refused(code, getattr(aws.client(service, OWNER), call))
    assert refusal.status == status


def test_a_failure_has_no_effect_and_passes(aws: Aws) -> None:
    fault(aws, "sagemaker:CreateModelPackageGroup", "error500", n=2, count=1)
    client = aws.client("sagemaker", OWNER)
    client.create_model_package_group(ModelPackageGroupName="one")
    refusal = refused(
        "InternalFailure", client.create_model_package_group, ModelPackageGroupName="two"
    )
    assert refusal.status == 500
    assert groups(client) == ["one"]
    client.create_model_package_group(ModelPackageGroupName="two")


def test_credentials_of_sessions_expire_those_of_users_do_not(aws: Aws) -> None:
    fault(aws, "sts:*", "expired_credentials")
    fault(aws, "sagemaker:*", "expired_credentials")
    aws.client("sts", OWNER).get_caller_identity()
    aws.role(OWNER, "worker")
    session = aws.assume(OWNER, "worker")
    refused("ExpiredToken", session.client("sts").get_caller_identity)
    refused("ExpiredTokenException", session.client("sagemaker").list_models)


def test_a_skewed_clock_is_refused(aws: Aws) -> None:
    fault(aws, "*", "clock_skew", seconds=1200)
    refusal = refused("InvalidSignatureException", aws.client("sagemaker", OWNER).list_models)
    assert "Signature expired" in refusal.message
    refused("RequestTimeTooSkewed", aws.client("s3", OWNER).list_buckets)


def test_a_timeout_after_success_hides_an_effect_that_is_there(aws: Aws) -> None:
    fault(aws, "sagemaker:CreateModelPackageGroup", "timeout_after_success", count=1)
    client = aws.client("sagemaker", OWNER)
    with pytest.raises(ConnectionClosedError):
        client.create_model_package_group(ModelPackageGroupName="one")
    assert groups(client) == ["one"]


def test_what_was_written_is_seen_later(aws: Aws) -> None:
    client = aws.client("sagemaker", OWNER)
    client.create_model_package_group(ModelPackageGroupName="old")
    fault(aws, "sagemaker:CreateModelPackageGroup", "delayed_visibility", seconds=60)
    arn = client.create_model_package_group(ModelPackageGroupName="new")["ModelPackageGroupArn"]
    for named in ("new", arn):
        refused(
            "ValidationException",
            client.describe_model_package_group,
            ModelPackageGroupName=named,
        )
    assert groups(client) == ["old"]
    aws.advance(61)
    assert client.describe_model_package_group(ModelPackageGroupName="new")
    assert sorted(groups(client)) == ["new", "old"]


def test_events_come_twice_at_a_rate(aws: Aws) -> None:
    listener = Listener(aws, OWNER, "SageMaker Model Package State Change")
    client = aws.client("sagemaker", OWNER)
    client.create_model_package_group(ModelPackageGroupName="g")
    fault(aws, "SageMaker Model Package *", "duplicate_event", count=1)
    for _ in range(2):
        client.create_model_package(
            ModelPackageGroupName="g",
            InferenceSpecification={
                "Containers": [{"Image": "xgboost:1.7-1", "ModelDataUrl": "s3://b/m.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )
    versions = [event["detail"]["ModelPackageVersion"] for event in listener.heard()]
    assert sorted(versions) in ([1, 1, 2], [1, 1, 1, 2])


CALLER = """
import boto3, sys
endpoint, key, secret = sys.argv[1:]
client = boto3.client("sagemaker", region_name="eu-central-1", endpoint_url=endpoint,
                      aws_access_key_id=key, aws_secret_access_key=secret)
for number in range(3):
    client.create_model_package_group(ModelPackageGroupName=f"group-{number}")
print("survived")
"""


def test_the_caller_dies_after_its_second_call_took_effect(aws: Aws) -> None:
    fault(aws, "sagemaker:CreateModelPackageGroup", "die_after", n=2)
    who = aws.administrator(OWNER)
    ran = subprocess.run(
        [sys.executable, "-c", CALLER, aws.endpoint, who.key, who.secret],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (-9, ""), ran
    client = aws.client("sagemaker", OWNER)
    assert sorted(groups(client)) == ["group-0", "group-1"]
    client.create_model_package_group(ModelPackageGroupName="group-2")  # it fires once


def test_a_caller_inside_the_local_aws_only_loses_its_connection(aws: Aws) -> None:
    fault(aws, "sagemaker:CreateModelPackageGroup", "die_after")
    client = aws.client("sagemaker", OWNER)
    with pytest.raises(ConnectionClosedError):
        client.create_model_package_group(ModelPackageGroupName="one")
    assert groups(client) == ["one"]


def test_unprocessed_gives_entries_of_a_batch_back_untouched(aws: Aws) -> None:
    aws.client("sagemaker", "data").create_feature_group(**DEFINITION)
    after_creation(aws.client("sagemaker", "data"))
    runtime = aws.client("sagemaker-featurestore-runtime", "data")
    entries = [{"FeatureGroupName": NAME, "Record": record(f"sgc-{n:06}")} for n in range(20)]
    fault(aws, "sagemaker-featurestore-runtime:Batch*", "unprocessed", rate=0.5, count=10, seed=1)
    left = runtime.batch_write_record(Entries=entries)["UnprocessedEntries"]
    assert left and all(entry in entries for entry in left)
    control(aws, "DELETE")
    ids = [f"sgc-{n:06}" for n in range(20)]
    identifiers = [{"FeatureGroupName": NAME, "RecordIdentifiersValueAsString": ids}]
    records = runtime.batch_get_record(Identifiers=identifiers)["Records"]
    assert len(records) == 20 - len(left)
    fault(aws, "sagemaker-featurestore-runtime:BatchGetRecord", "unprocessed", count=1)
    assert (
        runtime.batch_get_record(Identifiers=identifiers)["UnprocessedIdentifiers"] == identifiers
    )


def test_every_kind_is_tested_here() -> None:
    assert set(KINDS) == {
        "throttle",
        "error500",
        "expired_credentials",
        "clock_skew",
        "timeout_after_success",
        "delayed_visibility",
        "die_after",
        "duplicate_event",
        "unprocessed",
    }


def test_a_jobs_own_calls_are_throttled_and_tried_again(aws: Aws) -> None:
    s3 = own_calls(aws)
    fault(aws, "s3:ListBuckets", "throttle", count=2)
    assert s3.list_buckets()["Buckets"] == []
    (rule,) = control(aws, "GET")["faults"]
    assert (rule["matched"], rule["fired"]) == (3, 2)


def test_a_job_whose_calls_never_get_through_sees_the_error(aws: Aws) -> None:
    s3 = own_calls(aws)
    fault(aws, "s3:ListBuckets", "error500")
    refused("InternalError", s3.list_buckets)
    (rule,) = control(aws, "GET")["faults"]
    assert rule["fired"] == ATTEMPTS


def test_the_credentials_of_a_job_do_not_expire_by_a_fault(aws: Aws) -> None:
    s3 = own_calls(aws)
    fault(aws, "s3:*", "expired_credentials")
    assert s3.list_buckets()["Buckets"] == []


def own_calls(aws: Aws) -> Any:
    """A client that signs as SageMaker does for a job: with the execution role."""
    role = aws.role("data", "execution")
    credentials = aws.cloud.assume(role, "job", "sagemaker.amazonaws.com")
    return aws.cloud.client("s3", credentials, aws.region)
