"""What the local AWS refuses and lets through: identity, resource, boundary, session, trust."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.accounts import REGION
from tests.localaws.conftest import Aws, Signer
from tests.localaws.policies import DATA, OTHER, document, signed_in, statement
from tests.refusals import refused_saying


@pytest.fixture
def bucket(aws: Aws) -> str:
    s3 = aws.client("s3", "data")
    s3.create_bucket(Bucket="box", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="box", Key="raw/a", Body=b"x")
    return "box"


# ------------------------------------------------------------------ the words of a denial
@pytest.mark.parametrize(
    ("service", "call", "parameters", "code", "status", "action"),
    [
        ("s3", "list_buckets", {}, "AccessDenied", 403, "s3:ListAllMyBuckets"),
        ("iam", "list_roles", {}, "AccessDenied", 403, "iam:ListRoles"),
        ("cloudformation", "list_stacks", {}, "AccessDenied", 403, "cloudformation:ListStacks"),
        ("kms", "list_keys", {}, "AccessDeniedException", 400, "kms:ListKeys"),
        ("dynamodb", "list_tables", {}, "AccessDeniedException", 400, "dynamodb:ListTables"),
        ("sqs", "list_queues", {}, "AccessDenied", 403, "sqs:ListQueues"),
        ("sns", "list_topics", {}, "AuthorizationError", 403, "sns:ListTopics"),
        ("events", "list_event_buses", {}, "AccessDeniedException", 400, "events:ListEventBuses"),
        ("logs", "describe_log_groups", {}, "AccessDeniedException", 400, "logs:DescribeLogGroups"),
        ("sagemaker", "list_models", {}, "AccessDeniedException", 400, "sagemaker:ListModels"),
        ("ecr", "get_authorization_token", {}, "AccessDeniedException", 400, "ecr:GetAuth"),
        (
            "sagemaker-runtime",
            "invoke_endpoint",
            {"EndpointName": "e", "Body": b"1"},
            "AccessDeniedException",
            403,
            f"sagemaker:InvokeEndpoint on resource: arn:aws:sagemaker:{REGION}:{DATA}:endpoint/e",
        ),
        (
            "sagemaker-featurestore-runtime",
            "get_record",
            {"FeatureGroupName": "f", "RecordIdentifierValueAsString": "1"},
            "AccessForbidden",
            403,
            f"sagemaker:GetRecord on resource: arn:aws:sagemaker:{REGION}:{DATA}:feature-group/f",
        ),
        (
            "ram",
            "get_resource_shares",
            {"resourceOwner": "SELF"},
            "AccessDeniedException",
            403,
            "ram:GetResourceShares",
        ),
        ("cloudtrail", "lookup_events", {}, "AccessDeniedException", 400, "LookupEvents"),
    ],
)
def test_denial_is_worded_as_the_service_words_it(
    aws: Aws, service: str, call: str, parameters: Any, code: str, status: int, action: str
) -> None:
    client = signed_in(aws, "data").client(service)
    refusal = refused_saying(code, action, getattr(client, call), **parameters)
    assert refusal.status == status
    with pytest.raises(ClientError, match="because no identity-based policy allows the"):
        getattr(client, call)(**parameters)


def test_message_names_principal_action_resource_and_policy(aws: Aws, bucket: str) -> None:
    s3 = signed_in(aws, "data", statement("s3:GetObject", "arn:aws:s3:::box/other/*")).client("s3")
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="raw/a")
    assert caught.value.response["Error"]["Message"] == (
        f"User: arn:aws:sts::{DATA}:assumed-role/duty/test is not authorized to perform: "
        "s3:GetObject on resource: arn:aws:s3:::box/raw/a because no identity-based policy allows "
        "the s3:GetObject action"
    )


def test_whoami_needs_no_permission(aws: Aws) -> None:
    assert signed_in(aws, "data").client("sts").get_caller_identity()["Account"] == DATA


# ------------------------------------------------------------------ the caller's own side
def test_users_have_their_own_and_their_groups_policies(aws: Aws, bucket: str) -> None:
    iam = aws.client("iam", "data")
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="readers")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    s3 = Signer(aws.endpoint, key["AccessKeyId"], key["SecretAccessKey"]).client("s3")
    refused_saying(
        "AccessDenied", f"arn:aws:iam::{DATA}:user/ann", s3.get_object, Bucket="box", Key="raw/a"
    )
    reading = document(statement("s3:GetObject", "arn:aws:s3:::box/${aws:username}/*"))
    policy = iam.create_policy(PolicyName="reading", PolicyDocument=reading)["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="readers", PolicyArn=policy)
    iam.add_user_to_group(GroupName="readers", UserName="ann")
    aws.client("s3", "data").put_object(Bucket=bucket, Key="ann/a", Body=b"mine")
    assert s3.get_object(Bucket=bucket, Key="ann/a")["Body"].read() == b"mine"
    refused_saying("AccessDenied", "s3:GetObject", s3.get_object, Bucket="box", Key="raw/a")


def test_boundary_limits_what_the_policies_grant(aws: Aws, bucket: str) -> None:
    iam = aws.client("iam", "data")
    limit = iam.create_policy(
        PolicyName="limit", PolicyDocument=document(statement("s3:GetObject"))
    )["Policy"]["Arn"]
    session = signed_in(aws, "data", statement("s3:*"))
    iam.put_role_permissions_boundary(RoleName="duty", PermissionsBoundary=limit)
    s3 = session.client("s3")
    assert s3.get_object(Bucket=bucket, Key="raw/a")["Body"].read() == b"x"
    words = "because no permissions boundary allows the s3:PutObject action"
    refused_saying("AccessDenied", words, s3.put_object, Bucket=bucket, Key="b", Body=b"")


def test_session_policy_narrows_a_session(aws: Aws, bucket: str) -> None:
    aws.role("data", "duty", allow=[statement("s3:*")])
    credentials = aws.client("sts", "data").assume_role(
        RoleArn=f"arn:aws:iam::{DATA}:role/duty",
        RoleSessionName="narrow",
        Policy=document(statement("s3:ListBucket")),
    )["Credentials"]
    signer = Signer(
        aws.endpoint,
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
    )
    s3 = signer.client("s3")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    words = "because no session policy allows the s3:GetObject action"
    refused_saying("AccessDenied", words, s3.get_object, Bucket=bucket, Key="raw/a")


def test_explicit_deny_beats_every_allow(aws: Aws, bucket: str) -> None:
    deny = {**statement("s3:GetObject"), "Effect": "Deny"}
    s3 = signed_in(aws, "data", statement("*"), deny).client("s3")
    words = "with an explicit deny in an identity-based policy"
    refused_saying("AccessDenied", words, s3.get_object, Bucket=bucket, Key="raw/a")


def test_session_of_a_role_made_anew_has_no_rights(aws: Aws, bucket: str) -> None:
    session = signed_in(aws, "data", statement("s3:*"))
    iam = aws.client("iam", "data")
    iam.delete_role_policy(RoleName="duty", PolicyName="allowed")
    iam.delete_role(RoleName="duty")
    aws.role("data", "duty", allow=[statement("s3:*")])
    refused_saying(
        "AccessDenied", "s3:GetObject", session.client("s3").get_object, Bucket="box", Key="a"
    )


# ------------------------------------------------------------------ both sides
def test_bucket_policy_grants_across_accounts_only_with_the_callers_own_policy(
    aws: Aws, bucket: str
) -> None:
    allowed = signed_in(aws, "data_science", statement("s3:GetObject", "arn:aws:s3:::box/*"))
    reader = allowed.client("s3")
    words = "because no resource-based policy allows the s3:GetObject action"
    refused_saying("AccessDenied", words, reader.get_object, Bucket=bucket, Key="raw/a")
    grant = {
        **statement("s3:GetObject", "arn:aws:s3:::box/raw/*"),
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/duty"}},
    }
    aws.client("s3", "data").put_bucket_policy(Bucket=bucket, Policy=document(grant))
    assert reader.get_object(Bucket=bucket, Key="raw/a")["Body"].read() == b"x"
    without = signed_in(aws, "data_science", name="nothing").client("s3")
    refused_saying("AccessDenied", "s3:GetObject", without.get_object, Bucket=bucket, Key="raw/a")


def test_tls_only_denial_lets_the_doors_requests_through(aws: Aws, bucket: str) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::box", "arn:aws:s3:::box/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3 = aws.client("s3", "data")
    s3.put_bucket_policy(Bucket=bucket, Policy=document(deny))
    assert s3.get_object(Bucket=bucket, Key="raw/a")["Body"].read() == b"x"


def test_missing_object_is_403_without_and_404_with_list_permission(aws: Aws, bucket: str) -> None:
    blind = signed_in(aws, "data", statement("s3:GetObject")).client("s3")
    refused_saying("AccessDenied", "s3:ListBucket", blind.get_object, Bucket=bucket, Key="no")
    seeing = signed_in(aws, "data", statement(["s3:GetObject", "s3:ListBucket"]), name="s")
    refused_saying("NoSuchKey", "", seeing.client("s3").get_object, Bucket=bucket, Key="no")


def test_listing_is_limited_by_its_prefix(aws: Aws, bucket: str) -> None:
    condition = {"StringLike": {"s3:prefix": "raw/*"}}
    s3 = signed_in(aws, "data", statement("s3:ListBucket", Condition=condition)).client("s3")
    assert s3.list_objects_v2(Bucket=bucket, Prefix="raw/")["KeyCount"] == 1
    refused_saying("AccessDenied", "s3:ListBucket", s3.list_objects_v2, Bucket=bucket)


def test_copy_needs_the_source_and_the_target(aws: Aws, bucket: str) -> None:
    source = {"Bucket": bucket, "Key": "raw/a"}
    writing = statement("s3:PutObject", "arn:aws:s3:::box/copied/*")
    s3 = signed_in(aws, "data", writing).client("s3")
    copy = {"Bucket": bucket, "Key": "copied/a", "CopySource": source}
    refused_saying("AccessDenied", "s3:GetObject", s3.copy_object, **copy)
    both = [writing, statement("s3:GetObject", "arn:aws:s3:::box/raw/*")]
    signed_in(aws, "data", *both, name="both").client("s3").copy_object(**copy)


def test_multipart_upload_counts_as_putting(aws: Aws, bucket: str) -> None:
    once = {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::box/models/*",
        "Condition": once,
    }
    aws.client("s3", "data").put_bucket_policy(Bucket=bucket, Policy=document(deny))
    s3 = signed_in(aws, "data", statement("s3:PutObject")).client("s3")
    target = {"Bucket": bucket, "Key": "models/m"}
    words = "with an explicit deny in a resource-based policy"
    refused_saying("AccessDenied", words, s3.put_object, Body=b"x", **target)
    upload = s3.create_multipart_upload(**target)["UploadId"]
    part = s3.upload_part(UploadId=upload, PartNumber=1, Body=b"x", **target)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    completing = {"UploadId": upload, "MultipartUpload": parts, **target}
    refused_saying("AccessDenied", words, s3.complete_multipart_upload, **completing)
    s3.complete_multipart_upload(IfNoneMatch="*", **completing)


# ------------------------------------------------------------------ trust
def trusting(aws: Aws, trust: dict[str, Any], name: str = "target") -> str:
    iam = aws.client("iam", "prod")
    reply = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    return str(reply["Role"]["Arn"])


def test_trust_across_accounts_needs_the_callers_policy_and_the_external_id(aws: Aws) -> None:
    role = trusting(
        aws,
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{DATA}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "e-1"}},
        },
    )
    sts = signed_in(aws, "data", statement("sts:AssumeRole", role)).client("sts")
    request = {"RoleArn": role, "RoleSessionName": "session"}
    words = "because no role trust policy allows the sts:AssumeRole action"
    assert refused_saying("AccessDenied", words, sts.assume_role, **request).status == 403
    assert sts.assume_role(ExternalId="e-1", **request)["Credentials"]
    other = signed_in(aws, "data", name="without").client("sts")
    refused_saying("AccessDenied", "identity-based", other.assume_role, ExternalId="e-1", **request)


def test_source_identity_is_demanded_and_needs_its_own_permission(aws: Aws) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{DATA}:root"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Condition": {"StringLike": {"sts:SourceIdentity": "?*"}},
    }
    role = trusting(aws, trust)
    both = statement(["sts:AssumeRole", "sts:SetSourceIdentity"], role)
    person = signed_in(aws, "data", both).client("sts")
    request = {"RoleArn": role, "RoleSessionName": "session"}
    refused_saying("AccessDenied", "role trust policy", person.assume_role, **request)
    assert person.assume_role(SourceIdentity="ann", **request)["SourceIdentity"] == "ann"
    only = signed_in(aws, "data", statement("sts:AssumeRole", role), name="only").client("sts")
    refused_saying(
        "AccessDenied", "sts:SetSourceIdentity", only.assume_role, SourceIdentity="ann", **request
    )


def test_duration_is_limited_by_the_role(aws: Aws) -> None:
    aws.role("data", "duty")
    sts = aws.client("sts", "data")
    request = {"RoleArn": f"arn:aws:iam::{DATA}:role/duty", "RoleSessionName": "session"}
    refused_saying(
        "ValidationError", "MaxSessionDuration", sts.assume_role, DurationSeconds=7200, **request
    )


# ------------------------------------------------------------------ the switch and the record
def test_decisions_are_recorded_with_their_context(aws: Aws, bucket: str) -> None:
    s3 = signed_in(aws, "data", statement("s3:ListBucket")).client("s3")
    aws.cloud.decisions.clear()
    s3.list_objects_v2(Bucket=bucket, Prefix="raw/")
    refused_saying("AccessDenied", "", s3.get_object, Bucket=bucket, Key="raw/a")
    listed, read = aws.cloud.decisions.all()
    assert (listed.action, listed.resource, listed.allowed) == (
        "s3:ListBucket",
        "arn:aws:s3:::box",
        True,
    )
    assert listed.context["s3:prefix"] == "raw/" and listed.role is not None
    assert listed.statements == ("identity-based policy allowed#0",)
    assert (read.allowed, read.denied_by) == (False, "identity-based policy")
