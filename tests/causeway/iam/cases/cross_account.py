"""Across accounts: both sides have to allow; an AWS RAM share is one way to be the other side."""

from __future__ import annotations

from causeway.iam import Principal
from tests.causeway.iam.cases import (
    ALLOWED,
    AWAY,
    AWAY_ROOT,
    DENY_IDENTITY,
    DENY_RESOURCE,
    HOME,
    HOME_ROOT,
    NO_IDENTITY,
    NO_RESOURCE,
    ROLE_ARN,
    ROOT,
    SESSION_ARN,
    USER,
    USER_ARN,
    Case,
    allow,
    deny,
    keep,
    let,
)
from tests.causeway.iam.cases.pages import (
    BUCKET_CROSS,
    BUCKET_KEYS,
    CROSS,
    EXPLICIT,
    FEATURE_GROUPS,
    GLOBAL_KEYS,
    NOT_PRINCIPAL,
    PRINCIPAL,
    RAM_ACCESS,
    RAM_PERMISSIONS,
    REGISTRY_KEYS,
)

_GET, _PUT = "s3:GetObject", "s3:PutObject"
_MINE = [allow("s3:*")]
_GROUP = f"arn:aws:sagemaker:eu-central-1:{AWAY}:model-package-group/churn"
_VERSION = f"arn:aws:sagemaker:eu-central-1:{AWAY}:model-package/churn/3"
_FEATURES = f"arn:aws:sagemaker:eu-central-1:{AWAY}:feature-group/customers"
_SAGEMAKER = [allow("sagemaker:*")]
_ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}
_APPROVE = {"sagemaker:ModelApprovalStatus": "Approved"}
_NOT_APPROVE = {"StringNotEquals": {"sagemaker:ModelApprovalStatus": "Approved"}}
_NOT_HOME = {"Effect": "Deny", "Action": "s3:*"}
_SSE = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}


def _away(name: str, expected: str, page: str, **more: object) -> Case:
    """A case with the bucket in the other account."""
    return Case(name, expected, page, owner=AWAY, **more)  # type: ignore[arg-type]


def _shared(name: str, expected: str, page: str, **more: object) -> Case:
    """A case with the other account's registry."""
    given = {"action": "sagemaker:DescribeModelPackage", "resource": _VERSION, **more}
    return Case(name, expected, page, **given)  # type: ignore[arg-type]


CASES = [
    _away("neither side", NO_RESOURCE, CROSS),
    _away("only the identity", NO_RESOURCE, CROSS, identity=_MINE),
    _away("only the resource, a role named", NO_IDENTITY, CROSS,
          resource_policy=[let(ROLE_ARN, _GET)]),
    _away("only the resource, a session named", NO_IDENTITY, CROSS,
          resource_policy=[let(SESSION_ARN, _GET)]),
    _away("only the resource, a user named", NO_IDENTITY, CROSS, who=USER,
          resource_policy=[let(USER_ARN, _GET)]),
    _away("only the resource, everyone named", NO_IDENTITY, CROSS,
          resource_policy=[let("*", _GET)]),
    _away("both, the account named", ALLOWED, CROSS, identity=_MINE,
          resource_policy=[let(HOME_ROOT, _GET)]),
    _away("both, the role named", ALLOWED, CROSS, identity=_MINE,
          resource_policy=[let(ROLE_ARN, _GET)]),
    _away("both, the session named", ALLOWED, CROSS, identity=_MINE,
          resource_policy=[let(SESSION_ARN, _GET)]),
    _away("both, the user named", ALLOWED, CROSS, who=USER, identity=_MINE,
          resource_policy=[let(USER_ARN, _GET)]),
    _away("both, everyone named", ALLOWED, PRINCIPAL, identity=_MINE,
          resource_policy=[let("*", _GET)]),
    _away("both, but another account named", NO_RESOURCE, CROSS, identity=_MINE,
          resource_policy=[let("999999999999", _GET)]),
    _away("both, but only the owner named", NO_RESOURCE, CROSS, identity=_MINE,
          resource_policy=[let(AWAY_ROOT, _GET)]),
    _away("both, but another action granted", NO_RESOURCE, CROSS, identity=_MINE,
          resource_policy=[let(HOME_ROOT, _PUT)]),
    _away("both, but another action of the identity", NO_IDENTITY, CROSS, identity=[allow(_PUT)],
          resource_policy=[let(HOME_ROOT, _GET)]),
    _away("both, but another bucket of the identity", NO_IDENTITY, CROSS,
          identity=[allow(_GET, "arn:aws:s3:::other/*")], resource_policy=[let(HOME_ROOT, _GET)]),
    _away("the owner denies", DENY_RESOURCE, EXPLICIT, identity=_MINE,
          resource_policy=[let(HOME_ROOT, _GET), keep(ROLE_ARN, _GET)]),
    _away("the identity denies", DENY_IDENTITY, EXPLICIT, identity=[allow(), deny(_GET)],
          resource_policy=[let(HOME_ROOT, _GET)]),
    _away("the owner spares another account", DENY_RESOURCE, NOT_PRINCIPAL, identity=_MINE,
          resource_policy=[let(HOME_ROOT, _GET), {**_NOT_HOME, "NotPrincipal": {"AWS": AWAY}}]),
    _away("a root user needs the owner", NO_RESOURCE, BUCKET_CROSS, who=ROOT),
    _away("a root user whose account is named", ALLOWED, BUCKET_CROSS, who=ROOT,
          resource_policy=[let(HOME_ROOT, _GET)]),
    _away("the organisation's members", ALLOWED, GLOBAL_KEYS, identity=_MINE,
          context={"aws:PrincipalOrgID": "o-abc123"},
          resource_policy=[let("*", _GET, Condition=_ORG)]),
    _away("another organisation's members", NO_RESOURCE, GLOBAL_KEYS, identity=_MINE,
          context={"aws:PrincipalOrgID": "o-other"},
          resource_policy=[let("*", _GET, Condition=_ORG)]),
    _away("no organisation's member", NO_RESOURCE, GLOBAL_KEYS, identity=_MINE,
          resource_policy=[let("*", _GET, Condition=_ORG)]),
    _away("only buckets of the own account", NO_IDENTITY, GLOBAL_KEYS,
          identity=[allow(_GET, Condition={"StringEquals": {"aws:ResourceAccount": HOME}})],
          resource_policy=[let(HOME_ROOT, _GET)]),
    _away("a prefix for the other account", ALLOWED, BUCKET_CROSS, identity=_MINE,
          resource_policy=[let(HOME_ROOT, _GET, Resource="arn:aws:s3:::data/raw/*")]),
    _away("outside of that prefix", NO_RESOURCE, BUCKET_CROSS, identity=_MINE,
          resource_policy=[let(HOME_ROOT, _GET, Resource="arn:aws:s3:::data/out/*")]),
    _away("a list within the prefix", ALLOWED, BUCKET_KEYS, identity=_MINE,
          action="s3:ListBucket", resource="arn:aws:s3:::data", context={"s3:prefix": "raw/a"},
          resource_policy=[let(HOME_ROOT, "s3:ListBucket",
                               Condition={"StringLike": {"s3:prefix": "raw/*"}})]),
    _away("a list of the whole bucket", NO_RESOURCE, BUCKET_KEYS, identity=_MINE,
          action="s3:ListBucket", resource="arn:aws:s3:::data",
          resource_policy=[let(HOME_ROOT, "s3:ListBucket",
                               Condition={"StringLike": {"s3:prefix": "raw/*"}})]),
    _away("an object without the key", DENY_RESOURCE, BUCKET_KEYS, identity=_MINE, action=_PUT,
          resource_policy=[let(HOME_ROOT, _PUT), keep("*", _PUT, Condition=_SSE)]),
    _away("an object with the key", ALLOWED, BUCKET_KEYS, identity=_MINE, action=_PUT,
          context={"s3:x-amz-server-side-encryption": "aws:kms"},
          resource_policy=[let(HOME_ROOT, _PUT), keep("*", _PUT, Condition=_SSE)]),
    # AWS RAM
    _shared("a share and the identity", ALLOWED, RAM_ACCESS, identity=_SAGEMAKER, shared=True),
    _shared("a share alone", NO_IDENTITY, RAM_ACCESS, shared=True),
    _shared("a share of one's own thing grants nobody", NO_IDENTITY, RAM_ACCESS, shared=True,
            resource=_VERSION.replace(AWAY, HOME)),
    _shared("a share lets nobody in who has no account", NO_RESOURCE, RAM_ACCESS, shared=True,
            who=Principal.anonymous()),
    _shared("no share", NO_RESOURCE, RAM_ACCESS, identity=_SAGEMAKER),
    _shared("a share, the identity denies", DENY_IDENTITY, EXPLICIT, shared=True,
            identity=[allow(), deny("sagemaker:Describe*")]),
    _shared("a share, the group's policy denies", DENY_RESOURCE, EXPLICIT, shared=True,
            identity=_SAGEMAKER, resource_policy=[keep(HOME_ROOT, "sagemaker:*")]),
    _shared("an action that the share's permission lacks", NO_RESOURCE, RAM_PERMISSIONS,
            identity=_SAGEMAKER, action="sagemaker:DeleteModelPackage", shared=False),
    _shared("a share for the root user", ALLOWED, RAM_ACCESS, who=ROOT, shared=True),
    _shared("a shared feature group, the identity names it", ALLOWED, FEATURE_GROUPS,
            action="sagemaker:GetRecord", resource=_FEATURES, shared=True,
            identity=[allow("sagemaker:GetRecord", _FEATURES)]),
    _shared("a shared feature group, the identity names its own", NO_IDENTITY, FEATURE_GROUPS,
            action="sagemaker:GetRecord", resource=_FEATURES, shared=True,
            identity=[allow("sagemaker:*", _FEATURES.replace(AWAY, HOME))]),
    _shared("discoverable is not accessible", NO_RESOURCE, FEATURE_GROUPS,
            action="sagemaker:GetRecord", resource=_FEATURES,
            identity=[allow("sagemaker:GetRecord", _FEATURES)]),
    # A model package group's policy
    _shared("the group's policy and the identity", ALLOWED, CROSS, identity=_SAGEMAKER,
            resource_policy=[let(HOME_ROOT, "sagemaker:DescribeModelPackage", Resource=_VERSION)]),
    _shared("the group's policy speaks of the group only", NO_RESOURCE, CROSS,
            identity=_SAGEMAKER,
            resource_policy=[let(HOME_ROOT, "sagemaker:DescribeModelPackage", Resource=_GROUP)]),
    _shared("another status than approved", ALLOWED, REGISTRY_KEYS,
            action="sagemaker:UpdateModelPackage",
            context={"sagemaker:ModelApprovalStatus": "Rejected"}, shared=True,
            identity=[allow("sagemaker:UpdateModelPackage", Condition=_NOT_APPROVE)]),
    _shared("not the approval", NO_IDENTITY, REGISTRY_KEYS, context=_APPROVE, shared=True,
            action="sagemaker:UpdateModelPackage",
            identity=[allow("sagemaker:UpdateModelPackage", Condition=_NOT_APPROVE)]),
    # Services that act for another account
    Case("a service that a queue lets in, wherever it is", ALLOWED, PRINCIPAL,
         who=Principal.of_service("sns.amazonaws.com"), action="sqs:SendMessage",
         resource=f"arn:aws:sqs:eu-central-1:{AWAY}:jobs",
         resource_policy=[let({"Service": "sns.amazonaws.com"}, "sqs:SendMessage")]),
    Case("an event bus takes another account's events", ALLOWED, CROSS,
         action="events:PutEvents", resource=f"arn:aws:events:eu-central-1:{AWAY}:event-bus/hub",
         identity=[allow("events:PutEvents")],
         resource_policy=[let(HOME_ROOT, "events:PutEvents")]),
    Case("an event bus without a policy takes none", NO_RESOURCE, CROSS,
         action="events:PutEvents", resource=f"arn:aws:events:eu-central-1:{AWAY}:event-bus/hub",
         identity=[allow("events:PutEvents")]),
    Case("a table's policy and the identity", ALLOWED, CROSS, action="dynamodb:GetItem",
         resource=f"arn:aws:dynamodb:eu-central-1:{AWAY}:table/governance",
         identity=[allow("dynamodb:GetItem")],
         resource_policy=[let(ROLE_ARN, "dynamodb:GetItem")]),
    Case("an image of a repository whose policy names no resource", ALLOWED, CROSS,
         action="ecr:BatchGetImage", resource=f"arn:aws:ecr:eu-central-1:{AWAY}:repository/serve",
         identity=[allow("ecr:BatchGetImage")],
         resource_policy=[let(HOME_ROOT, "ecr:BatchGetImage")]),
    Case("an own resource needs no share", ALLOWED, CROSS, action="sagemaker:GetRecord",
         resource=_FEATURES.replace(AWAY, HOME), identity=[allow("sagemaker:GetRecord")]),
]  # fmt: skip
