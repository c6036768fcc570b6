"""Identity-based policies within one account: effects, actions, resources."""

from __future__ import annotations

from tests.causeway.iam.cases import *
from tests.causeway.iam.cases.pages import *

_PACKAGE = f"arn:aws:sagemaker:eu-central-1:{HOME}:model-package/churn/3"
_QUEUE = f"arn:aws:sqs:eu-central-1:{HOME}:jobs"
_ROLE = f"arn:aws:iam::{HOME}:role/causeway/training-execution"
_PASSED = {"iam:PassedToService": "sagemaker.amazonaws.com"}
_TO_SAGEMAKER = {"StringEquals": _PASSED}

CASES = [
    Case("nothing is allowed by default", NO_IDENTITY, LOGIC),
    Case("a user without policies may nothing", NO_IDENTITY, LOGIC, who=USER),
    Case("one allow is enough", ALLOWED, LOGIC, identity=[allow("s3:GetObject")]),
    Case("a user's allow", ALLOWED, LOGIC, who=USER, identity=[allow("s3:GetObject")]),
    Case("everything on everything", ALLOWED, ACTION, identity=[allow()]),
    Case(
        "a deny beats an allow",
        DENY_IDENTITY,
        EXPLICIT,
        identity=[allow(), deny("s3:GetObject")],
    ),
    Case(
        "a deny before the allow is the same",
        DENY_IDENTITY,
        EXPLICIT,
        identity=[deny("s3:GetObject"), allow()],
    ),
    Case(
        "a deny of another action does not matter",
        ALLOWED,
        EXPLICIT,
        identity=[allow(), deny("s3:PutObject")],
    ),
    Case(
        "a deny of another resource does not matter",
        ALLOWED,
        EXPLICIT,
        identity=[allow(), deny("s3:*", "arn:aws:s3:::other/*")],
    ),
    Case("a deny alone is explicit", DENY_IDENTITY, EFFECT, identity=[deny("s3:*")]),
    Case("the whole service", ALLOWED, ACTION, identity=[allow("s3:*")]),
    Case("another service", NO_IDENTITY, ACTION, identity=[allow("sqs:*")]),
    Case("the beginning of a name", ALLOWED, ACTION, identity=[allow("s3:Get*")]),
    Case("the end of a name", ALLOWED, ACTION, identity=[allow("s3:*Object")]),
    Case("a star within a name", ALLOWED, ACTION, identity=[allow("s3:G*Object")]),
    Case("a question mark is one character", ALLOWED, ACTION, identity=[allow("s3:?etObject")]),
    Case(
        "a question mark is not none",
        NO_IDENTITY,
        ACTION,
        identity=[allow("s3:GetObject?")],
    ),
    Case("letters of actions in any case", ALLOWED, ACTION, identity=[allow("S3:getobject")]),
    Case("one of several actions", ALLOWED, ACTION, identity=[
        allow(["s3:PutObject", "s3:GetObject"])]),
    Case("a longer name is another action", NO_IDENTITY, ACTION, identity=[
        allow("s3:GetObjectAcl")]),
    Case("all but the named actions", ALLOWED, NOT_ACTION, identity=[
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]),
    Case("not the actions left out", NO_IDENTITY, NOT_ACTION, identity=[
        {"Effect": "Allow", "NotAction": ["iam:*", "s3:Get*"], "Resource": "*"}]),
    Case("deny all but the named actions", DENY_IDENTITY, NOT_ACTION, identity=[
        allow(), {"Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"}]),
    Case("an action left out of the deny", ALLOWED, NOT_ACTION, identity=[
        allow(), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]),
    Case("an exact resource", ALLOWED, RESOURCE, identity=[
        allow("s3:GetObject", "arn:aws:s3:::data/raw/file")]),
    Case("all objects of a bucket", ALLOWED, RESOURCE, identity=[
        allow("s3:GetObject", "arn:aws:s3:::data/*")]),
    Case("the bucket is not its objects", NO_IDENTITY, RESOURCE, identity=[
        allow("s3:GetObject", "arn:aws:s3:::data")]),
    Case("the objects are not their bucket", NO_IDENTITY, RESOURCE,
         action="s3:ListBucket", resource="arn:aws:s3:::data",
         identity=[allow("s3:ListBucket", "arn:aws:s3:::data/*")]),
    Case("a prefix of keys", ALLOWED, RESOURCE, identity=[
        allow("s3:GetObject", "arn:aws:s3:::data/raw/*")]),
    Case("another prefix", NO_IDENTITY, RESOURCE, identity=[
        allow("s3:GetObject", "arn:aws:s3:::data/clean/*")]),
    Case("resources with their letters as they are", NO_IDENTITY, RESOURCE, identity=[
        allow("s3:GetObject", "arn:aws:s3:::data/RAW/*")]),
    Case("one of several resources", ALLOWED, RESOURCE, identity=[
        allow("s3:GetObject", ["arn:aws:s3:::other/*", "arn:aws:s3:::data/*"])]),
    Case("one character of a resource", ALLOWED, RESOURCE, identity=[
        allow("s3:GetObject", "arn:aws:s3:::dat?/raw/file")]),
    Case("all regions of a queue", ALLOWED, RESOURCE, action="sqs:SendMessage", resource=_QUEUE,
         identity=[allow("sqs:*", f"arn:aws:sqs:*:{HOME}:jobs")]),
    Case("a star within a component stops at its colon", NO_IDENTITY, RESOURCE,
         action="sqs:SendMessage", resource=_QUEUE,
         identity=[allow("sqs:*", "arn:aws:sqs:eu*obs")]),
    Case("a star at the end reaches over colons", ALLOWED, RESOURCE,
         action="sqs:SendMessage", resource=_QUEUE, identity=[allow("sqs:*", "arn:aws:sqs:*")]),
    Case("another account's queue", NO_IDENTITY, RESOURCE, action="sqs:SendMessage",
         resource=_QUEUE, identity=[allow("sqs:*", "arn:aws:sqs:*:999999999999:jobs")]),
    Case("all versions of a group", ALLOWED, RESOURCE, action="sagemaker:DescribeModelPackage",
         resource=_PACKAGE, identity=[allow("sagemaker:Describe*",
         f"arn:aws:sagemaker:*:{HOME}:model-package/churn/*")]),
    Case("an action without resources needs a star", ALLOWED, RESOURCE,
         action="s3:ListAllMyBuckets", resource="*", identity=[allow("s3:ListAllMyBuckets")]),
    Case("a resource does not name what has none", NO_IDENTITY, RESOURCE,
         action="sqs:ListQueues", resource="*", identity=[allow("sqs:ListQueues", _QUEUE)]),
    Case("all but the named resources", ALLOWED, NOT_RESOURCE, identity=[
        {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*"}]),
    Case("not the resources left out", NO_IDENTITY, NOT_RESOURCE, identity=[
        {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::data/*"}]),
    Case("deny all but the named resources", DENY_IDENTITY, NOT_RESOURCE, identity=[
        allow(), {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"}]),
    Case("a resource left out of the deny", ALLOWED, NOT_RESOURCE, identity=[
        allow(), {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::data/*"}]),
    Case("a role is passed where it may be", ALLOWED, PASS_ROLE, action="iam:PassRole",
         resource=_ROLE, context=_PASSED,
         identity=[allow("iam:PassRole", _ROLE, Condition=_TO_SAGEMAKER)]),
    Case("a role is not passed to another service", NO_IDENTITY, PASS_ROLE, action="iam:PassRole",
         resource=_ROLE, context={"iam:PassedToService": "lambda.amazonaws.com"},
         identity=[allow("iam:PassRole", _ROLE, Condition=_TO_SAGEMAKER)]),
    Case("another role is not passed", NO_IDENTITY, PASS_ROLE, action="iam:PassRole",
         resource=f"arn:aws:iam::{HOME}:role/admin", context=_PASSED,
         identity=[allow("iam:PassRole", _ROLE, Condition=_TO_SAGEMAKER)]),
    Case("the root user may all in its account", ALLOWED, ROOT_USER, who=ROOT),
    Case("the root user has no policies of its own", ALLOWED, ROOT_USER, who=ROOT,
         identity=[deny()], boundary=[deny()]),
    Case("everyone learns who they are", ALLOWED, CALLER_IDENTITY,
         action="sts:GetCallerIdentity", resource="*"),
    Case("even where it is denied", ALLOWED, CALLER_IDENTITY,
         action="sts:GetCallerIdentity", resource="*", identity=[deny("sts:*")]),
]  # fmt: skip
