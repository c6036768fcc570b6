"""What single services need: keys, tables, queues, buses, the registry, passed roles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localaws.server import Accounts, running
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.policies import DATA, OTHER, document, signed_in, statement
from tests.localaws.sagemaker.work import IMAGE
from tests.refusals import refused_saying

GROUP = "credit-risk"
TRUST_SAGEMAKER = {
    "Effect": "Allow",
    "Principal": {"Service": "sagemaker.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def key_for(aws: Aws, *statements: dict[str, Any]) -> str:
    """Return a key of the data account whose policy has the account and these statements."""
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{DATA}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    kms = aws.client("kms", "data")
    return str(kms.create_key(Policy=document(owner, *statements))["KeyMetadata"]["Arn"])


def bucket_with(aws: Aws, key: str, name: str = "sealed") -> str:
    s3 = aws.client("s3", "data")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},
    )
    return name


# ------------------------------------------------------------------ KMS and SSE-KMS
def test_sealed_objects_need_the_key_to_read_and_to_write(aws: Aws) -> None:
    key = key_for(aws)
    bucket = bucket_with(aws, key)
    plain = statement(["s3:GetObject", "s3:PutObject"])
    s3 = signed_in(aws, "data", plain).client("s3")
    refused_saying(
        "AccessDenied",
        f"kms:GenerateDataKey on resource: {key}",
        s3.put_object,
        Bucket=bucket,
        Key="a",
        Body=b"x",
    )
    aws.client("s3", "data").put_object(Bucket=bucket, Key="a", Body=b"x")
    refused_saying(
        "AccessDenied", f"kms:Decrypt on resource: {key}", s3.get_object, Bucket=bucket, Key="a"
    )
    via = {
        "StringEquals": {
            "kms:ViaService": f"s3.{REGION}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}/a",
        }
    }
    using = statement(["kms:Decrypt", "kms:GenerateDataKey"], key, Condition=via)
    both = signed_in(aws, "data", plain, using, name="both")
    both.client("s3").put_object(Bucket=bucket, Key="a", Body=b"y")
    assert both.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"y"
    words = "kms:GenerateDataKey"  # not through S3
    kms = both.client("kms")
    refused_saying(
        "AccessDeniedException", words, kms.generate_data_key, KeyId=key, KeySpec="AES_256"
    )


def test_key_policy_of_the_owner_is_needed_across_accounts(aws: Aws) -> None:
    grant = {
        "Effect": "Allow",
        "Principal": {"AWS": OTHER},
        "Action": "kms:Decrypt",
        "Resource": "*",
    }
    open_key, closed_key = key_for(aws, grant), key_for(aws)
    reading = {**statement("s3:GetObject", "arn:aws:s3:::*/*"), "Principal": {"AWS": OTHER}}
    owner = aws.client("s3", "data")
    for bucket, key in (("open", open_key), ("closed", closed_key)):
        bucket_with(aws, key, bucket)
        owner.put_object(Bucket=bucket, Key="a", Body=b"x")
        policy = document({**reading, "Resource": f"arn:aws:s3:::{bucket}/*"})
        owner.put_bucket_policy(Bucket=bucket, Policy=policy)
    s3 = signed_in(aws, "data_science", statement(["s3:GetObject", "kms:Decrypt"])).client("s3")
    assert s3.get_object(Bucket="open", Key="a")["Body"].read() == b"x"
    words = "because no resource-based policy allows the kms:Decrypt action"
    refused_saying("AccessDenied", words, s3.get_object, Bucket="closed", Key="a")


def test_call_by_alias_is_authorised_on_the_key(aws: Aws) -> None:
    key = key_for(aws)
    aws.client("kms", "data").create_alias(AliasName="alias/a", TargetKeyId=key)
    kms = signed_in(aws, "data", statement("kms:Encrypt", key)).client("kms")
    assert kms.encrypt(KeyId="alias/a", Plaintext=b"x")["KeyId"] == key


def test_encryption_context_is_a_condition(aws: Aws) -> None:
    key = key_for(aws)
    condition = {"StringEquals": {"kms:EncryptionContext:team": "risk"}}
    kms = signed_in(aws, "data", statement("kms:Encrypt", key, Condition=condition)).client("kms")
    request = {"KeyId": key, "Plaintext": b"x"}
    kms.encrypt(EncryptionContext={"team": "risk"}, **request)
    refused_saying("AccessDeniedException", "kms:Encrypt", kms.encrypt, **request)


def test_grant_lets_its_grantee_use_the_key(aws: Aws) -> None:
    key = key_for(aws)
    session = signed_in(aws, "data")
    kms = session.client("kms")
    refused_saying("AccessDeniedException", "kms:Encrypt", kms.encrypt, KeyId=key, Plaintext=b"x")
    aws.client("kms", "data").create_grant(
        KeyId=key, GranteePrincipal=f"arn:aws:iam::{DATA}:role/duty", Operations=["Encrypt"]
    )
    assert kms.encrypt(KeyId=key, Plaintext=b"x")["KeyId"] == key


# ------------------------------------------------------------------ DynamoDB
@pytest.fixture
def table(aws: Aws) -> str:
    reply = aws.client("dynamodb", "data").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return str(reply["TableDescription"]["TableArn"])


def test_each_item_of_a_transaction_needs_its_own_action(aws: Aws, table: str) -> None:
    put = {"Put": {"TableName": "t", "Item": {"pk": {"S": "a"}}}}
    check = {
        "ConditionCheck": {
            "TableName": "t",
            "Key": {"pk": {"S": "b"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }
    client = signed_in(aws, "data", statement("dynamodb:PutItem", table)).client("dynamodb")
    client.transact_write_items(TransactItems=[put])
    words = "dynamodb:ConditionCheckItem"
    write = client.transact_write_items
    refused_saying("AccessDeniedException", words, write, TransactItems=[put, check])


def test_leading_keys_limit_to_a_partition(aws: Aws, table: str) -> None:
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}}
    allowed = statement(["dynamodb:PutItem", "dynamodb:Query"], table, Condition=condition)
    client = signed_in(aws, "data", allowed).client("dynamodb")
    client.put_item(TableName="t", Item={"pk": {"S": "mine"}})
    refused_saying(
        "AccessDeniedException",
        "dynamodb:PutItem",
        client.put_item,
        TableName="t",
        Item={"pk": {"S": "yours"}},
    )
    query = {"TableName": "t", "KeyConditionExpression": "pk = :v"}
    assert client.query(ExpressionAttributeValues={":v": {"S": "mine"}}, **query)["Count"] == 1
    refused_saying(
        "AccessDeniedException",
        "dynamodb:Query",
        client.query,
        ExpressionAttributeValues={":v": {"S": "yours"}},
        **query,
    )


def test_table_is_shared_by_its_resource_policy(aws: Aws, table: str) -> None:
    reader = signed_in(aws, "data_science", statement("dynamodb:GetItem", table))
    client = reader.client("dynamodb")
    get = {"TableName": table, "Key": {"pk": {"S": "a"}}}
    refused_saying("AccessDeniedException", "no resource-based policy", client.get_item, **get)
    grant = {**statement("dynamodb:GetItem", table), "Principal": {"AWS": OTHER}}
    owner = aws.client("dynamodb", "data")
    owner.put_resource_policy(ResourceArn=table, Policy=document(grant))
    assert "Item" not in client.get_item(**get)


# ------------------------------------------------------------------ messages and events
def test_queue_policy_lets_another_account_send(aws: Aws) -> None:
    owner = aws.client("sqs", "data")
    url = owner.create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{DATA}:q"
    sender = signed_in(aws, "data_science", statement("sqs:SendMessage", arn)).client("sqs")
    message = {"QueueUrl": url, "MessageBody": "m"}
    words = "no resource-based policy"
    assert refused_saying("AccessDenied", words, sender.send_message, **message).status == 403
    grant = {**statement("sqs:SendMessage", arn), "Principal": {"AWS": OTHER}}
    owner.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(grant)})
    sender.send_message(**message)
    assert owner.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "m"


def test_event_reaches_a_queue_only_if_its_policy_lets_the_rule_in(aws: Aws) -> None:
    sqs, events = aws.client("sqs", "data"), aws.client("events", "data")
    url = sqs.create_queue(QueueName="seen")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{DATA}:seen"
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    aws.cloud.emit(DATA, REGION, "aws.sagemaker", "x", {})
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    aws.open_queue("data", url, arn)
    aws.cloud.emit(DATA, REGION, "aws.sagemaker", "x", {})
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


# ------------------------------------------------------------------ SageMaker
def test_approval_can_be_limited_to_some_statuses_and_stages(aws: Aws) -> None:
    owner = aws.client("sagemaker", "data")
    owner.create_model_package_group(ModelPackageGroupName=GROUP)
    version = owner.create_model_package(
        ModelPackageGroupName=GROUP, ModelApprovalStatus="PendingManualApproval"
    )["ModelPackageArn"]
    condition = {
        "StringEqualsIfExists": {
            "sagemaker:ModelApprovalStatus": "Rejected",
            "sagemaker:ModelLifeCycle:stage": "QA",
        }
    }
    packages = f"arn:aws:sagemaker:{REGION}:{DATA}:model-package/{GROUP}/*"
    allowed = statement("sagemaker:UpdateModelPackage", packages, Condition=condition)
    client = signed_in(aws, "data", allowed).client("sagemaker")
    update = client.update_model_package
    update(ModelPackageArn=version, ModelApprovalStatus="Rejected")
    words = "sagemaker:UpdateModelPackage"
    refused_saying(
        "AccessDeniedException",
        words,
        update,
        ModelPackageArn=version,
        ModelApprovalStatus="Approved",
    )
    for stage, verdict in (("QA", True), ("Production", False)):
        life = {"Stage": stage, "StageStatus": "PendingApproval"}
        if verdict:
            update(ModelPackageArn=version, ModelLifeCycle=life)
        else:
            refused_saying(
                "AccessDeniedException", words, update, ModelPackageArn=version, ModelLifeCycle=life
            )


def test_group_policy_shares_versions_without_ram(aws: Aws) -> None:
    owner = aws.client("sagemaker", "data")
    owner.create_model_package_group(ModelPackageGroupName=GROUP)
    group = f"arn:aws:sagemaker:{REGION}:{DATA}:model-package-group/{GROUP}"
    packages = f"arn:aws:sagemaker:{REGION}:{DATA}:model-package/{GROUP}/*"
    actions = ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"]
    client = signed_in(aws, "data_science", statement(actions, packages)).client("sagemaker")
    create = {"ModelPackageGroupName": group, "ModelApprovalStatus": "PendingManualApproval"}
    words = "no resource-based policy"
    refused_saying("AccessDeniedException", words, client.create_model_package, **create)
    grant = {**statement(actions, packages), "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}
    owner.put_model_package_group_policy(
        ModelPackageGroupName=GROUP, ResourcePolicy=document(grant)
    )
    version = client.create_model_package(**create)["ModelPackageArn"]
    assert client.describe_model_package(ModelPackageName=version)["ModelPackageVersion"] == 1
    listing = client.list_model_packages
    refused_saying(
        "AccessDeniedException", "ListModelPackages", listing, ModelPackageGroupName=group
    )


def test_role_must_be_passed_and_trust_sagemaker_of_its_account(aws: Aws) -> None:
    iam = aws.client("iam", "data")
    own = {**TRUST_SAGEMAKER, "Condition": {"StringEquals": {"aws:SourceAccount": DATA}}}
    other = {**TRUST_SAGEMAKER, "Condition": {"StringEquals": {"aws:SourceAccount": OTHER}}}
    roles = {
        name: iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"][
            "Arn"
        ]
        for name, trust in (("own", own), ("other", other))
    }
    making = statement("sagemaker:CreateModel", f"arn:aws:sagemaker:{REGION}:{DATA}:model/*")
    passing = statement(
        "iam:PassRole",
        list(roles.values()),
        Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    )
    s3 = aws.client("s3", "data")
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="models", Key="model.tar.gz", Body=b"an archive")
    reading = statement("s3:GetObject", "arn:aws:s3:::models/*")
    iam.put_role_policy(RoleName="own", PolicyName="read", PolicyDocument=document(reading))
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz"}
    request = {"ModelName": "m", "PrimaryContainer": container}
    without = signed_in(aws, "data", making).client("sagemaker")
    refused_saying(
        "AccessDeniedException",
        f"iam:PassRole on resource: {roles['own']}",
        without.create_model,
        ExecutionRoleArn=roles["own"],
        **request,
    )
    client = signed_in(aws, "data", making, passing, name="passing").client("sagemaker")
    refused_saying(
        "ValidationException",
        "Could not assume role",
        client.create_model,
        ExecutionRoleArn=roles["other"],
        **request,
    )
    client.create_model(ExecutionRoleArn=roles["own"], **request)


def test_tags_given_at_creation_need_add_tags(aws: Aws) -> None:
    groups = f"arn:aws:sagemaker:{REGION}:{DATA}:model-package-group/*"
    making = statement("sagemaker:CreateModelPackageGroup", groups)
    client = signed_in(aws, "data", making).client("sagemaker")
    tags = [{"Key": "team", "Value": "risk"}]
    make = client.create_model_package_group
    refused_saying(
        "AccessDeniedException", "sagemaker:AddTags", make, ModelPackageGroupName=GROUP, Tags=tags
    )
    make(ModelPackageGroupName=GROUP)


# ------------------------------------------------------------------ without enforcement
def test_without_enforcement_nothing_is_refused_but_all_is_recorded() -> None:
    accounts = Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])
    with running(accounts, enforce=False) as server:
        aws = Aws(server)
        signed_in(aws, "data").client("dynamodb").list_tables()
        assert [d.action for d in aws.cloud.decisions.all() if not d.allowed] == [
            "dynamodb:ListTables"
        ]
