"""What a signature covers, and for how long."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws, Signer
from tests.security.raw import Answer, ask, json_call, presigned, send

BUCKET = "signed-for"


@pytest.fixture(scope="module")
def owner(aws: Aws) -> Signer:
    s3 = aws.client("s3", "prod")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="secret", Body=b"the secret")
    return aws.administrator("prod")


def get(owner: Signer, target: str, **headers: str) -> Answer:
    return send(owner, "GET", target, {"Host": owner.endpoint.rpartition("/")[2], **headers}, b"")


def test_a_presigned_url_is_served(owner: Signer) -> None:
    assert get(owner, presigned(owner, "GET", f"/{BUCKET}/secret")).text == "the secret"


@pytest.mark.parametrize(
    "header",
    [
        {"x-amz-copy-source": f"{BUCKET}/secret"},
        {"x-amz-acl": "public-read"},
        {"x-amz-server-side-encryption": "AES256"},
        {"x-amz-tagging": "causeway-approved-prod=true"},
        {"x-amz-meta-a": "b"},
        {"x_amz_copy_source": f"{BUCKET}/secret"},
    ],
    ids=str,
)
def test_a_header_that_nobody_signed_is_refused(owner: Signer, header: dict[str, str]) -> None:
    target = presigned(owner, "PUT", f"/{BUCKET}/uploaded")
    headers = {"Host": owner.endpoint.rpartition("/")[2], **header}
    assert send(owner, "PUT", target, headers, b"x").status == 403
    answer = ask(owner, "s3", "PUT", f"/{BUCKET}/uploaded", body=b"x", unsigned=header)
    assert answer.status == 403


@pytest.mark.parametrize("service", ["dynamodb", "iam", "sagemaker"])
def test_a_header_that_nobody_signed_is_refused_by_every_service(
    owner: Signer, service: str
) -> None:
    unsigned = {"X-Amz-Target": "DynamoDB_20120810.DeleteTable"}
    answer = ask(owner, service, "POST", "/", body=b"{}", unsigned=unsigned)
    assert answer.status == 403
    assert "'x-amz-target' must be a 'SignedHeader'" in answer.text


@pytest.mark.parametrize("signed", ["x-amz-date", "x-made-up", "content-type;x-amz-date"])
def test_the_host_is_signed(owner: Signer, signed: str) -> None:
    answer = json_call(
        owner, "dynamodb", "DynamoDB_20120810.ListTables", b"{}", signed=f"{signed};x-amz-target"
    )
    assert answer.status == 403


@pytest.mark.parametrize("expires", ["abc", "-1", "0", "604801", "1e3", "9" * 30, ""])
def test_a_presigned_url_is_valid_for_a_week_at_most(owner: Signer, expires: str) -> None:
    answer = get(owner, presigned(owner, "GET", f"/{BUCKET}/secret", expires=expires))
    assert answer.status == 400
    assert "AuthorizationQueryParametersError" in answer.text


def test_a_presigned_url_of_the_future_is_refused(owner: Signer) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1), tick=False):
        target = presigned(owner, "GET", f"/{BUCKET}/secret", expires=604800)
    answer = get(owner, target)
    assert (answer.status, "Request is not yet valid" in answer.text) == (403, True)


def test_the_date_of_the_scope_is_the_date_of_the_request(owner: Signer) -> None:
    now = datetime.now(UTC)
    target = presigned(owner, "GET", f"/{BUCKET}/secret")
    for day in (now - timedelta(days=1), now + timedelta(days=1)):
        other = target.replace(quote(f"/{now:%Y%m%d}/", safe=""), quote(f"/{day:%Y%m%d}/", safe=""))
        assert other != target
        answer = get(owner, other)
        assert (answer.status, "does not match" in answer.text) == (403, True)


def test_a_parameter_of_the_signature_is_there_once(owner: Signer) -> None:
    target = presigned(owner, "GET", f"/{BUCKET}/secret", expires=1)
    assert get(owner, f"{target}&X-Amz-Expires=604800").status == 400


def test_a_request_is_signed_in_one_way(owner: Signer) -> None:
    target = f"/{BUCKET}/secret?X-Amz-Signature=0&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    assert ask(owner, "s3", "GET", target).status == 400


@pytest.mark.parametrize(
    "header",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/20260101/r/s3/x, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e/aws4_request, Credential=f, SignedHeaders=host, "
        "Signature=0",
        "AWS a:b",
        "Bearer x",
        "\xff",
    ],
)
def test_an_authorization_that_is_none_is_refused(owner: Signer, header: str) -> None:
    assert get(owner, f"/{BUCKET}/secret", Authorization=header).refused


def test_an_unsigned_body_is_for_s3_only(owner: Signer) -> None:
    headers = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    target = "DynamoDB_20120810.ListTables"
    assert json_call(owner, "dynamodb", target, b"{}", headers=headers).status in (400, 403)


def test_the_signed_region_is_the_requested_region(aws: Aws) -> None:
    allow: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["dynamodb:ListTables", "iam:ListUsers"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": [REGION, "us-east-1"]}},
        }
    ]
    aws.role("prod", "in-one-region", allow=allow)
    session = aws.assume("prod", "in-one-region")
    target = "DynamoDB_20120810.ListTables"
    for region, status in ((REGION, 200), ("us-east-1", 200), ("ap-south-1", 400)):
        assert json_call(session, "dynamodb", target, b"{}", region=region).status == status
    # IAM is global: its region is us-east-1, whatever was signed.
    listing = "/?Action=ListUsers&Version=2010-05-08"
    assert ask(session, "iam", "GET", listing, region="ap-south-1").status == 200


def test_a_user_agent_chooses_no_region(aws: Aws) -> None:
    aws.client("dynamodb", "test").create_table(
        TableName="here",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    administrator = aws.administrator("test")
    for agent in (f"Boto3 region/{REGION}", f"aws-sdk md/region#{REGION} region/{REGION}"):
        answer = json_call(
            administrator,
            "dynamodb",
            "DynamoDB_20120810.ListTables",
            b"{}",
            region="ap-south-1",
            headers={"User-Agent": agent},
        )
        assert answer.text == '{"TableNames": []}'


def test_a_session_token_belongs_to_its_key(aws: Aws) -> None:
    aws.role("prod", "first")
    aws.role("prod", "second", allow=[])
    first, second = aws.assume("prod", "first"), aws.assume("prod", "second")
    mixed = Signer(aws.endpoint, second.key, second.secret, first.token)
    answer = json_call(mixed, "dynamodb", "DynamoDB_20120810.ListTables", b"{}")
    assert answer.refused
    assert re.search("UnrecognizedClient|InvalidClientTokenId", answer.text)
    assert ACCOUNTS["prod"] not in answer.text
