"""A policy that AWS would not store is refused when it is set, in the words of its service."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.policies import document
from tests.refusals import refused

ACCOUNT = ACCOUNTS["shared_services"]
ABSENT = f"arn:aws:iam::{ACCOUNT}:role/nobody"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"

PROVIDERS = f"arn:aws:iam::{ACCOUNT}"
ELSEWHERE = f"arn:aws:iam::{ACCOUNTS['data']}:saml-provider/corporate"


def grant(action: str, resource: str | None, principal: Any) -> dict[str, Any]:
    where = {} if resource is None else {"Resource": resource}
    return {"Effect": "Allow", "Principal": principal, "Action": action, **where}


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        document({"Effect": "Allow", "Action": "sts:AssumeRole"}),
        document(grant("sts:AssumeRole", "*", {"AWS": ROOT})),
        document(grant("sts:AssumeRole", None, {"AWS": ABSENT})),
        document(grant("s3:GetObject", None, {"AWS": ROOT})),
        document(grant("sts:AssumeRole", None, {"Service": "nonsense"})),
        document(grant("sts:AssumeRole", None, {"Service": "sagemakr.amazonaws.com"})),
        document(grant("sts:AssumeRoleWithSAML", None, {"Federated": f"{PROVIDERS}:role/x"})),
        document(grant("sts:AssumeRoleWithSAML", None, {"Federated": ELSEWHERE})),
        document(grant("sts:AssumeRoleWithWebIdentity", None, {"Federated": "nonsense"})),
    ],
)
def test_a_trust_policy_is_read(aws: Aws, text: str) -> None:
    iam = aws.client("iam", "shared_services")
    aws.role("shared_services", "reader")
    create = {"RoleName": "new", "AssumeRolePolicyDocument": text}
    refused("MalformedPolicyDocument", iam.create_role, **create)
    update = {"RoleName": "reader", "PolicyDocument": text}
    refused("MalformedPolicyDocument", iam.update_assume_role_policy, **update)


@pytest.mark.parametrize(
    ("action", "principal"),
    [
        ("sts:AssumeRole", {"Service": ["sagemaker.amazonaws.com", "ecs-tasks.amazonaws.com"]}),
        ("sts:AssumeRole", {"Service": ["pods.eks.amazonaws.com", "scheduler.amazonaws.com"]}),
        ("sts:AssumeRole", {"Service": ["delivery.logs.amazonaws.com", "ec2.amazonaws.com.cn"]}),
        ("sts:AssumeRole", {"Service": f"logs.{REGION}.amazonaws.com"}),
        ("sts:AssumeRoleWithSAML", {"Federated": f"{PROVIDERS}:saml-provider/corporate"}),
        ("sts:AssumeRoleWithWebIdentity", {"Federated": f"{PROVIDERS}:oidc-provider/o.example/x"}),
        ("sts:AssumeRoleWithWebIdentity", {"Federated": "accounts.google.com"}),
    ],
)
def test_a_trust_policy_names_services_and_providers_that_exist(
    aws: Aws, action: str, principal: Any
) -> None:
    iam = aws.client("iam", "shared_services")
    trust = document(grant(action, None, principal))
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)


def test_a_principal_of_another_account_must_exist_there(aws: Aws) -> None:
    iam = aws.client("iam", "shared_services")
    role = f"arn:aws:iam::{ACCOUNTS['data_science']}:role/trainer"
    trust = document(grant("sts:AssumeRole", None, {"AWS": role}))
    create = {"RoleName": "r", "AssumeRolePolicyDocument": trust}
    refused("MalformedPolicyDocument", iam.create_role, **create)
    aws.role("data_science", "trainer")
    iam.create_role(**create)
    outside = "arn:aws:iam::999988887777:role/x"
    stranger = document(grant("sts:AssumeRole", None, {"AWS": outside}))
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=stranger)


Put = Callable[[str], Any]


def bucket(aws: Aws) -> tuple[Put, str, str]:
    s3 = aws.client("s3", "shared_services")
    s3.create_bucket(Bucket="store", CreateBucketConfiguration={"LocationConstraint": REGION})
    return (
        lambda text: s3.put_bucket_policy(Bucket="store", Policy=text),
        "MalformedPolicy",
        "arn:aws:s3:::store/*",
    )


def key(aws: Aws) -> tuple[Put, str, str]:
    kms = aws.client("kms", "shared_services")
    name = kms.create_key()["KeyMetadata"]["KeyId"]
    return (
        lambda text: kms.put_key_policy(KeyId=name, Policy=text),
        "MalformedPolicyDocumentException",
        "*",
    )


def queue(aws: Aws) -> tuple[Put, str, str]:
    sqs = aws.client("sqs", "shared_services")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    return (
        lambda text: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text}),
        "InvalidAttributeValue",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:work",
    )


def topic(aws: Aws) -> tuple[Put, str, str]:
    sns = aws.client("sns", "shared_services")
    arn = sns.create_topic(Name="news")["TopicArn"]

    def put(text: str) -> Any:
        return sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=text)

    return put, "InvalidParameter", arn


def table(aws: Aws) -> tuple[Put, str, str]:
    dynamodb = aws.client("dynamodb", "shared_services")
    arn = dynamodb.create_table(
        TableName="stages",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["TableArn"]
    return (
        lambda text: dynamodb.put_resource_policy(ResourceArn=arn, Policy=text),
        "ValidationException",
        arn,
    )


def repository(aws: Aws) -> tuple[Put, str, str]:
    ecr = aws.client("ecr", "shared_services")
    ecr.create_repository(repositoryName="images")
    return (
        lambda text: ecr.set_repository_policy(repositoryName="images", policyText=text),
        "InvalidParameterException",
        "*",
    )


ACTIONS = {
    bucket: "s3:GetObject",
    key: "kms:*",
    queue: "sqs:SendMessage",
    topic: "sns:Publish",
    table: "dynamodb:GetItem",
    repository: "ecr:BatchGetImage",
}


@pytest.mark.parametrize("resource", [bucket, key, queue, topic, table, repository])
def test_the_policy_of_a_resource_is_read(aws: Aws, resource: Any) -> None:
    put, code, arn = resource(aws)
    action = ACTIONS[resource]
    without_principal = {"Effect": "Allow", "Action": action, "Resource": arn}
    refused(code, put, "nonsense")
    refused(code, put, document(without_principal))
    refused(code, put, document(grant(action, arn, {"AWS": ABSENT})))
    refused(code, put, document(grant(action, arn, {"AWS": "nobody"})))
    put(document(grant(action, arn, {"AWS": ROOT})))


@pytest.mark.parametrize("resource", [bucket, queue, topic, table])
def test_a_policy_of_another_resource_is_refused(aws: Aws, resource: Any) -> None:
    put, code, arn = resource(aws)
    other = arn.replace("store", "other") if resource is bucket else f"{arn}-other"
    refused(code, put, document(grant(ACTIONS[resource], other, {"AWS": ROOT})))


def test_a_key_policy_that_locks_its_writer_out_is_refused(aws: Aws) -> None:
    kms = aws.client("kms", "shared_services")
    policy = document(grant("kms:Decrypt", "*", {"AWS": ROOT}))
    refused("MalformedPolicyDocumentException", kms.create_key, Policy=policy)
    kms.create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)


def test_a_public_policy_is_refused_where_these_are_blocked(aws: Aws) -> None:
    put, _, arn = bucket(aws)
    s3 = aws.client("s3", "shared_services")
    public = grant("s3:GetObject", arn, "*")
    put(document(public))
    s3.delete_bucket_policy(Bucket="store")
    s3.put_public_access_block(
        Bucket="store", PublicAccessBlockConfiguration={"BlockPublicPolicy": True}
    )
    refused("AccessDenied", put, document(public))
    put(document(public | {"Effect": "Deny"}))
    put(document(public | {"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}))
    assert json.loads(s3.get_bucket_policy(Bucket="store")["Policy"])
