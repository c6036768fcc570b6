"""For each resource type, properties to begin with and others to change to."""

from __future__ import annotations

from typing import Any

from tests.localaws.cloudformation.deploying import (
    TRUST,
    queue,
)

BOUNDARY = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonSageMakerReadOnly"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "*"}],
}
OTHER_POLICY = {**POLICY, "Id": "changed"}


def role_named(name: str) -> dict[str, Any]:
    """Return a role with an inline policy of its own, which other resources do not touch."""
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": TRUST,
            "RoleName": name,
            "Policies": [{"PolicyName": "own", "PolicyDocument": POLICY}],
        },
    }


ROLE = role_named("first")
#: The same for the account and one resource.
OF_BUCKET, OF_QUEUE, OF_TOPIC = (
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                "Action": action,
                "Resource": resource,
            }
        ],
    }
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::b-b-b/*"),
        ("sqs:SendMessage", "*"),
        ("sns:Publish", "*"),
    )
)
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Owner",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
ENCRYPTED = {
    "ServerSideEncryptionConfiguration": [
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}
    ]
}
VERSIONED = {"Status": "Enabled"}
BLOCKED = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
)
TRAIL_BUCKET = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": ["s3:GetBucketAcl", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::b-b-b", "arn:aws:s3:::b-b-b/*"],
        }
    ],
}
FEATURE_DATA = {
    "Name": "features",
    "FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::SageMaker::FeatureGroup"]},
    ],
}
TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
DEAD = "arn:aws:sqs:eu-central-1:111111111111:dead"
TABLE: dict[str, Any] = {
    "TableName": "t",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}
BUS = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}}
STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
    "Action": "events:PutEvents",
    "Resource": "arn:aws:events:eu-central-1:111111111111:event-bus/bus",
}
RULE = {"Name": "r", "EventBusName": {"Ref": "Bus"}, "EventPattern": {"source": ["x"]}}

# type, needed beside it, properties at first, properties then
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (
        "AWS::IAM::Role",
        {},
        {"AssumeRolePolicyDocument": TRUST, "RoleName": "r", "Tags": TAGS},
        {
            "AssumeRolePolicyDocument": {
                **TRUST,
                "Statement": [{**TRUST["Statement"][0], "Sid": "Changed"}],
            },
            "RoleName": "r",
            "Description": "d",
            "MaxSessionDuration": 7200,
            "ManagedPolicyArns": [READ_ONLY],
            "PermissionsBoundary": BOUNDARY,
            "Policies": [{"PolicyName": "p", "PolicyDocument": POLICY}],
            "Tags": TAGS[1:],
        },
    ),
    (
        "AWS::IAM::RolePolicy",
        {"Role": ROLE},
        {"RoleName": {"Ref": "Role"}, "PolicyName": "more", "PolicyDocument": POLICY},
        {"RoleName": {"Ref": "Role"}, "PolicyName": "more", "PolicyDocument": OTHER_POLICY},
    ),
    (
        "AWS::IAM::Policy",
        {"Role": ROLE, "Second": role_named("second")},
        {"Roles": [{"Ref": "Role"}], "PolicyName": "more", "PolicyDocument": POLICY},
        {"Roles": [{"Ref": "Second"}], "PolicyName": "more", "PolicyDocument": OTHER_POLICY},
    ),
    (
        "AWS::IAM::ManagedPolicy",
        {"Role": ROLE},
        {"ManagedPolicyName": "m", "PolicyDocument": POLICY},
        {
            "ManagedPolicyName": "m",
            "PolicyDocument": OTHER_POLICY,
            "Roles": [{"Ref": "Role"}],
        },
    ),
    (
        "AWS::S3::Bucket",
        {},
        {"BucketName": "b-b-b"},
        {
            "BucketName": "b-b-b",
            "AccessControl": "LogDeliveryWrite",
            "BucketEncryption": ENCRYPTED,
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "leftovers",
                        "Status": "Enabled",
                        "Prefix": "left/",
                        "ExpirationInDays": 7,
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    }
                ]
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
            "PublicAccessBlockConfiguration": BLOCKED,
            "VersioningConfiguration": {"Status": "Enabled"},
            "Tags": TAGS,
        },
    ),
    (
        "AWS::S3::Bucket",
        {},
        {"BucketName": "b-b-b", "ObjectLockEnabled": True, "VersioningConfiguration": VERSIONED},
        {
            "BucketName": "b-b-b",
            "ObjectLockEnabled": True,
            "ObjectLockConfiguration": {
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 7}},
            },
            "VersioningConfiguration": VERSIONED,
        },
    ),
    (
        "AWS::S3::BucketPolicy",
        {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b-b-b"}}},
        {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": OF_BUCKET},
        {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {**OF_BUCKET, "Id": "changed"}},
    ),
    (
        "AWS::CloudTrail::Trail",
        {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b-b-b"}},
            # its Ref is the bucket: the trail has to wait for the policy
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": TRAIL_BUCKET},
            },
        },
        {
            "TrailName": "seen",
            "S3BucketName": {"Ref": "Policy"},
            "IsLogging": False,
            "EventSelectors": [{"IncludeManagementEvents": False, "ReadWriteType": "WriteOnly"}],
        },
        {
            "TrailName": "seen",
            "S3BucketName": {"Ref": "Policy"},
            "S3KeyPrefix": "logs",
            "IncludeGlobalServiceEvents": False,
            "IsLogging": True,
            "IsMultiRegionTrail": True,
            "AdvancedEventSelectors": [FEATURE_DATA],
            "Tags": TAGS,
        },
    ),
    (
        "AWS::KMS::Key",
        {},
        {"KeyPolicy": KEY_POLICY},
        {
            "KeyPolicy": {**KEY_POLICY, "Id": "changed"},
            "Description": "d",
            "Enabled": False,
            "EnableKeyRotation": True,
            "PendingWindowInDays": 7,
            "Tags": TAGS,
        },
    ),
    (
        "AWS::KMS::Alias",
        {
            "One": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": KEY_POLICY}},
            "Two": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": KEY_POLICY}},
        },
        {"AliasName": "alias/x", "TargetKeyId": {"Ref": "One"}},
        {"AliasName": "alias/x", "TargetKeyId": {"Fn::GetAtt": ["Two", "Arn"]}},
    ),
    (
        "AWS::DynamoDB::Table",
        {},
        TABLE,
        {
            **TABLE,
            "AttributeDefinitions": [
                *TABLE["AttributeDefinitions"],
                {"AttributeName": "of", "AttributeType": "S"},
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-of",
                    "KeySchema": [{"AttributeName": "of", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "DeletionProtectionEnabled": True,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "TimeToLiveSpecification": {"AttributeName": "e", "Enabled": True},
            "Tags": TAGS,
        },
    ),
    (
        "AWS::SQS::Queue",
        {"Dead": queue(QueueName="dead")},
        {"QueueName": "q"},
        {
            "QueueName": "q",
            "DelaySeconds": 1,
            "MessageRetentionPeriod": 600,
            "ReceiveMessageWaitTimeSeconds": 2,
            "RedrivePolicy": {"deadLetterTargetArn": DEAD, "maxReceiveCount": "3"},
            "SqsManagedSseEnabled": "true",
            "VisibilityTimeout": 9,
            "Tags": TAGS,
        },
    ),
    (
        "AWS::SQS::QueuePolicy",
        {"Queue": queue()},
        {"Queues": [{"Ref": "Queue"}], "PolicyDocument": OF_QUEUE},
        {"Queues": [{"Ref": "Queue"}], "PolicyDocument": {**OF_QUEUE, "Id": "changed"}},
    ),
    (
        "AWS::SNS::Topic",
        {},
        {"TopicName": "t"},
        {"TopicName": "t", "DisplayName": "d", "KmsMasterKeyId": "alias/aws/sns", "Tags": TAGS},
    ),
    (
        "AWS::SNS::TopicPolicy",
        {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t"}}},
        {"Topics": [{"Ref": "Topic"}], "PolicyDocument": OF_TOPIC},
        {"Topics": [{"Ref": "Topic"}], "PolicyDocument": {**OF_TOPIC, "Id": "changed"}},
    ),
    (
        "AWS::Athena::DataCatalog",
        {},
        {"Name": "c", "Type": "GLUE", "Parameters": {"catalog-id": "111111111111"}, "Tags": TAGS},
        {
            "Name": "c",
            "Type": "GLUE",
            "Parameters": {"catalog-id": "222222222222"},
            "Description": "d",
        },
    ),
    (
        "AWS::Athena::WorkGroup",
        {},
        {
            "Name": "w",
            "WorkGroupConfiguration": {"ResultConfiguration": {"OutputLocation": "s3://a/b/"}},
            "Tags": TAGS,
        },
        {
            "Name": "w",
            "State": "DISABLED",
            "Description": "d",
            "WorkGroupConfiguration": {
                "EnforceWorkGroupConfiguration": False,
                "ResultConfiguration": {
                    "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
                    "OutputLocation": "s3://a/c/",
                },
            },
        },
    ),
    ("AWS::Events::EventBus", {}, {"Name": "b"}, {"Name": "b", "Tags": TAGS}),
    (
        "AWS::Events::EventBusPolicy",
        {"Bus": BUS},
        {"EventBusName": {"Ref": "Bus"}, "StatementId": "s", "Statement": STATEMENT},
        {
            "EventBusName": {"Ref": "Bus"},
            "StatementId": "s",
            "Statement": {**STATEMENT, "Action": ["events:PutEvents"]},
        },
    ),
    (
        "AWS::Events::Rule",
        {"Bus": BUS, "Queue": queue()},
        RULE,
        {
            **RULE,
            "Description": "d",
            "EventPattern": {"source": ["y"]},
            "State": "DISABLED",
            "Targets": [
                {
                    "Id": "1",
                    "Arn": {"Fn::GetAtt": ["Queue", "Arn"]},
                    "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},
                    "RoleArn": "arn:aws:iam::111111111111:role/r",
                    "InputTransformer": {
                        "InputPathsMap": {"name": "$.detail.name"},
                        "InputTemplate": '{"name": <name>}',
                    },
                }
            ],
        },
    ),
]
