"""The door of the local AWS: who signed, what is refused, where a call is served."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.localaws.policies import document
from tests.refusals import code_of


def test_administrator_signs_with_the_account_id_as_access_key(aws: Any) -> None:
    who = aws.client("sts", "prod").get_caller_identity()
    assert who["Account"] == "666666666666"
    assert who["Arn"] == "arn:aws:iam::666666666666:root"


@pytest.mark.parametrize("service", ["sts", "dynamodb", "s3", "sagemaker", "iam"])
def test_wrong_secret_is_refused(aws: Any, service: str) -> None:
    signer = aws.administrator("prod")
    signer.secret = "wrong"
    client = signer.client(service)
    call = {
        "sts": "get_caller_identity",
        "dynamodb": "list_tables",
        "s3": "list_buckets",
        "sagemaker": "list_endpoints",
        "iam": "list_roles",
    }[service]
    with pytest.raises(ClientError) as error:
        getattr(client, call)()
    assert code_of(error) in ("SignatureDoesNotMatch", "InvalidSignatureException")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_unknown_access_key_is_refused(aws: Any) -> None:
    signer = aws.administrator("prod")
    signer.key = "999999999999"
    with pytest.raises(ClientError) as error:
        signer.client("dynamodb").list_tables()
    assert code_of(error) == "UnrecognizedClientException"


def test_unsigned_request_is_refused(aws: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{aws.endpoint}/", timeout=5)
    assert error.value.code == 403


@pytest.mark.parametrize("path", ["/moto-api/", "/moto-api/data.json", "/moto-api/reset"])
def test_motos_own_api_is_not_served(aws: Any, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{aws.endpoint}{path}", timeout=5)
    assert error.value.code == 403


@pytest.mark.parametrize("header", ["x-moto-account-id", "X-Moto-Account-Id"])
@pytest.mark.parametrize("moment", ["before-sign", "before-send"])
def test_account_header_of_moto_gains_nothing(aws: Any, header: str, moment: str) -> None:
    aws.client("dynamodb", "governance").create_table(
        TableName="secret",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    intruder = aws.client("dynamodb", "test")

    def add_header(request: Any, **_: Any) -> None:
        request.headers[header] = "444444444444"

    intruder.meta.events.register(f"{moment}.dynamodb", add_header)
    assert intruder.list_tables()["TableNames"] == []


def test_role_session_is_the_principal_and_expires_with_the_clock(aws: Any) -> None:
    aws.role("prod", "deployer")
    session = aws.assume("prod", "deployer", source_identity="model-owner")
    who = session.client("sts").get_caller_identity()
    assert who["Arn"] == "arn:aws:sts::666666666666:assumed-role/deployer/test"
    aws.advance(timedelta(hours=1, seconds=5).total_seconds())
    with pytest.raises(ClientError) as error:
        session.client("sts").get_caller_identity()
    assert code_of(error) == "ExpiredToken"


def test_source_identity_is_fixed_for_chained_sessions(aws: Any) -> None:
    aws.role("prod", "first")
    second = aws.role("prod", "second")
    session = aws.assume("prod", "first", source_identity="model-owner").client("sts")
    chained = session.assume_role(RoleArn=second, RoleSessionName="chained")
    assert chained["SourceIdentity"] == "model-owner"
    with pytest.raises(ClientError) as error:
        session.assume_role(
            RoleArn=second, RoleSessionName="chained", SourceIdentity="somebody-else"
        )
    assert code_of(error) == "AccessDenied"


def test_a_role_that_does_not_exist_cannot_be_assumed(aws: Any) -> None:
    with pytest.raises(ClientError) as error:
        aws.assume("prod", "nobody")
    assert code_of(error) == "AccessDenied"


@pytest.mark.parametrize(
    ("service", "call", "parameters"),
    [
        ("sagemaker", "create_hub", {"HubName": "h", "HubDescription": "d"}),
        ("ec2", "describe_instances", {}),
        ("dynamodb", "list_global_tables", {}),
        ("bedrock", "list_foundation_models", {}),
    ],
)
def test_unsupported_call_is_an_error_that_names_the_operation(
    aws: Any, service: str, call: str, parameters: dict[str, str]
) -> None:
    client = aws.client(service, "prod")
    with pytest.raises(ClientError) as error:
        getattr(client, call)(**parameters)
    assert code_of(error) == "UnsupportedOperation"
    assert client.meta.method_to_api_mapping[call] in str(error.value)


def policy(principal: str, actions: list[str], resource: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": actions,
        "Resource": resource,
    }
    return document(statement)


def test_bucket_is_served_in_its_owners_account(aws: Any) -> None:
    aws.client("s3", "data").create_bucket(
        Bucket="shared-bucket", CreateBucketConfiguration={"LocationConstraint": aws.region}
    )
    aws.client("s3", "data").put_bucket_policy(
        Bucket="shared-bucket",
        Policy=policy("222222222222", ["s3:PutObject"], "arn:aws:s3:::shared-bucket/*"),
    )
    aws.client("s3", "data_science").put_object(Bucket="shared-bucket", Key="a b/ü.txt", Body=b"x")
    assert [b["Name"] for b in aws.client("s3", "data").list_buckets()["Buckets"]] == [
        "shared-bucket"
    ]
    body = aws.client("s3", "data").get_object(Bucket="shared-bucket", Key="a b/ü.txt")
    assert body["Body"].read() == b"x"
    assert aws.client("s3", "data_science").list_buckets()["Buckets"] == []


def test_presigned_url_works_and_a_changed_one_does_not(aws: Any) -> None:
    s3 = aws.client("s3", "data", signature_version="s3v4")
    s3.create_bucket(
        Bucket="presigned", CreateBucketConfiguration={"LocationConstraint": aws.region}
    )
    s3.put_object(Bucket="presigned", Key="k", Body=b"hello")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "presigned", "Key": "k"})
    with urllib.request.urlopen(url, timeout=5) as reply:
        assert reply.read() == b"hello"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(url.replace("presigned/k", "presigned/other"), timeout=5)


def test_key_and_table_are_served_by_arn_in_the_owners_account(aws: Any) -> None:
    owner = aws.client("kms", "shared_services")
    key = owner.create_key()["KeyMetadata"]["Arn"]
    document = json.loads(owner.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    document["Statement"] += json.loads(policy("666666666666", ["kms:Encrypt"], "*"))["Statement"]
    owner.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document))
    sealed = aws.client("kms", "prod").encrypt(KeyId=key, Plaintext=b"x")
    assert sealed["KeyId"] == key


def test_control_route_is_absent_unless_asked_for_and_for_administrators_only(aws: Any) -> None:
    before = aws.cloud.clock.now()
    aws.advance(3600)
    assert aws.cloud.clock.now() - before >= timedelta(hours=1)
    aws.role("prod", "anyone")
    session = aws.assume("prod", "anyone")
    aws.administrator = lambda _: session
    with pytest.raises(urllib.error.HTTPError) as error:
        aws.advance(1)
    assert error.value.code in (400, 403)


def test_client_that_reuses_its_connection_is_answered_each_time(aws: Any) -> None:
    client = boto3.client(
        "sts",
        region_name=aws.region,
        endpoint_url=aws.endpoint,
        aws_access_key_id="111111111111",
        aws_secret_access_key=aws.administrator("data").secret,
        config=Config(max_pool_connections=1, tcp_keepalive=True),
    )
    assert {client.get_caller_identity()["Account"] for _ in range(20)} == {"111111111111"}


def test_condition_of_a_bucket_policy_is_not_taken_for_a_denial_of_everything(aws: Any) -> None:
    s3 = aws.client("s3", "data")
    s3.create_bucket(
        Bucket="tls-only", CreateBucketConfiguration={"LocationConstraint": aws.region}
    )
    deny = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::tls-only/*",
        "Condition": {"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::999999999999:root"}},
    }
    s3.put_bucket_policy(Bucket="tls-only", Policy=document(deny))
    s3.put_object(Bucket="tls-only", Key="k", Body=b"x")
    assert s3.get_object(Bucket="tls-only", Key="k")["Body"].read() == b"x"
