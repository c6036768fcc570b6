"""Resource-based policies within one account, and how directly their principals are named."""

from __future__ import annotations

from causeway.iam import Principal
from tests.causeway.iam.cases import *
from tests.causeway.iam.cases.pages import *

_GET = "s3:GetObject"
_OTHER_BOUNDARY = [allow("sqs:*")]
_QUEUE = f"arn:aws:sqs:eu-central-1:{HOME}:events"
_RULE = f"arn:aws:events:eu-central-1:{HOME}:rule/packages"
_EVENTS = Principal.of_service("events.amazonaws.com")
_FROM_EVENTS = let({"Service": "events.amazonaws.com"}, "sqs:SendMessage", Resource=_QUEUE)
_FROM_RULE = {**_FROM_EVENTS, "Condition": {"ArnEquals": {"aws:SourceArn": _RULE}}}
_FROM_ACCOUNT = {**_FROM_EVENTS, "Condition": {"StringEquals": {"aws:SourceAccount": HOME}}}
_BUCKET = "arn:aws:s3:::data"
_TLS = keep("*", "s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}})


def _spared(*arns: str) -> dict[str, object]:
    return {"Effect": "Deny", "NotPrincipal": {"AWS": list(arns)}, "Action": "s3:*"}


CASES = [
    Case("a user is named", ALLOWED, SAME, who=USER, resource_policy=[let(USER_ARN, _GET)]),
    Case("a role is named", ALLOWED, SAME, resource_policy=[let(ROLE_ARN, _GET)]),
    Case("a session is named", ALLOWED, SAME, resource_policy=[let(SESSION_ARN, _GET)]),
    Case("everyone is named", ALLOWED, PRINCIPAL, resource_policy=[let("*", _GET)]),
    Case("everyone of AWS is named", ALLOWED, PRINCIPAL, resource_policy=[
        let({"AWS": "*"}, _GET)]),
    Case("the own account delegates to its policies", NO_IDENTITY, PRINCIPAL,
         resource_policy=[let(HOME_ROOT, _GET)]),
    Case("the account by its number delegates too", NO_IDENTITY, PRINCIPAL,
         resource_policy=[let(HOME, _GET)]),
    Case("the account and an identity's policy", ALLOWED, PRINCIPAL,
         identity=[allow(_GET)], resource_policy=[let(HOME_ROOT, _GET)]),
    Case("another user is named", NO_IDENTITY, SAME, who=USER,
         resource_policy=[let(f"arn:aws:iam::{HOME}:user/ben", _GET)]),
    Case("a user's name with its letters as they are", NO_IDENTITY, PRINCIPAL, who=USER,
         resource_policy=[let(f"arn:aws:iam::{HOME}:user/Ana", _GET)]),
    Case("another session of the role is named", NO_IDENTITY, PRINCIPAL,
         resource_policy=[let(f"arn:aws:sts::{HOME}:assumed-role/trainer/run-2", _GET)]),
    Case("one of several principals", ALLOWED, PRINCIPAL,
         resource_policy=[let([AWAY_ROOT, ROLE_ARN], _GET)]),
    Case("a role and its account, whichever stands first", ALLOWED, SAME,
         resource_policy=[let(ROLE_ARN, _GET), let(HOME_ROOT, _GET)]),
    Case("a role by its unique id", ALLOWED, PRINCIPAL,
         resource_policy=[let("AROAEXAMPLETRAINER01", _GET)]),
    Case("another action is granted", NO_IDENTITY, SAME,
         resource_policy=[let(ROLE_ARN, "s3:PutObject")]),
    Case("another resource is granted", NO_IDENTITY, SAME,
         resource_policy=[let(ROLE_ARN, _GET, Resource="arn:aws:s3:::data/clean/*")]),
    Case("the identity's policy is enough", ALLOWED, SAME, identity=[allow(_GET)],
         resource_policy=[let(AWAY_ROOT, _GET)]),
    Case("the resource denies", DENY_RESOURCE, EXPLICIT, identity=[allow()],
         resource_policy=[keep(ROLE_ARN, _GET)]),
    Case("the resource denies the account", DENY_RESOURCE, EXPLICIT, identity=[allow()],
         resource_policy=[keep(HOME_ROOT, _GET)]),
    Case("the resource denies another", ALLOWED, EXPLICIT, identity=[allow()],
         resource_policy=[keep(AWAY_ROOT, _GET)]),
    Case("the identity's deny beats the resource's allow", DENY_IDENTITY, EXPLICIT,
         identity=[deny(_GET)], resource_policy=[let(SESSION_ARN, _GET)]),
    # Which principal is named decides which implicit denies count.
    Case("a role is limited by its boundary", NO_BOUNDARY, SAME, boundary=_OTHER_BOUNDARY,
         resource_policy=[let(ROLE_ARN, _GET)]),
    Case("a role is limited by its session's policy", NO_SESSION, SAME, session=_OTHER_BOUNDARY,
         resource_policy=[let(ROLE_ARN, _GET)]),
    Case("a session by name is not limited by the boundary", ALLOWED, SAME,
         boundary=_OTHER_BOUNDARY, resource_policy=[let(SESSION_ARN, _GET)]),
    Case("a session by name is not limited by its policy", ALLOWED, SAME,
         session=_OTHER_BOUNDARY, resource_policy=[let(SESSION_ARN, _GET)]),
    Case("a user by name is not limited by the boundary", ALLOWED, SAME, who=USER,
         boundary=_OTHER_BOUNDARY, resource_policy=[let(USER_ARN, _GET)]),
    Case("a role by its key is not limited by the boundary", ALLOWED, SAME,
         boundary=_OTHER_BOUNDARY, resource_policy=[
             let("*", _GET, Condition={"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}})]),
    Case("a role by its key is not the session", NO_IDENTITY, PRINCIPAL, resource_policy=[
        let("*", _GET, Condition={"ArnEquals": {"aws:PrincipalArn": SESSION_ARN}})]),
    Case("an account is limited by the boundary", NO_BOUNDARY, SAME, identity=[allow()],
         boundary=_OTHER_BOUNDARY, resource_policy=[let(HOME_ROOT, _GET)]),
    # NotPrincipal
    Case("a deny spares role, session and account", ALLOWED, NOT_PRINCIPAL, identity=[allow()],
         resource_policy=[_spared(SESSION_ARN, ROLE_ARN, HOME_ROOT)]),
    Case("a deny that does not spare the account", DENY_RESOURCE, NOT_PRINCIPAL,
         identity=[allow()], resource_policy=[_spared(SESSION_ARN, ROLE_ARN)]),
    Case("a deny that spares a user and the account", ALLOWED, NOT_PRINCIPAL, who=USER,
         identity=[allow()], resource_policy=[_spared(USER_ARN, HOME_ROOT)]),
    Case("a deny that spares another user", DENY_RESOURCE, NOT_PRINCIPAL, who=USER,
         identity=[allow()],
         resource_policy=[_spared(f"arn:aws:iam::{HOME}:user/ben", HOME_ROOT)]),
    # The bucket's own
    Case("without TLS", DENY_RESOURCE, BUCKET_POLICIES, identity=[allow()],
         context={"aws:SecureTransport": False}, resource_policy=[_TLS]),
    Case("with TLS", ALLOWED, BUCKET_POLICIES, identity=[allow()],
         context={"aws:SecureTransport": True}, resource_policy=[_TLS]),
    Case("the root user is denied by the bucket", DENY_RESOURCE, ROOT_USER, who=ROOT,
         resource_policy=[keep("*", "s3:*")]),
    Case("the root user mends the bucket's policy", ALLOWED, BUCKET_LOCK_OUT, who=ROOT,
         action="s3:DeleteBucketPolicy", resource=_BUCKET, resource_policy=[keep("*", "s3:*")]),
    Case("a role does not", DENY_RESOURCE, BUCKET_LOCK_OUT, identity=[allow()],
         action="s3:DeleteBucketPolicy", resource=_BUCKET, resource_policy=[keep("*", "s3:*")]),
    Case("another account's root user does not", DENY_RESOURCE, BUCKET_LOCK_OUT, who=ROOT,
         owner=AWAY, action="s3:DeleteBucketPolicy", resource=_BUCKET,
         resource_policy=[let(HOME_ROOT, "s3:*"), keep("*", "s3:*")]),
    Case("nobody known reads what is public", ALLOWED, BUCKET_POLICIES,
         who=Principal.anonymous(), owner=HOME, resource_policy=[let("*", _GET)]),
    Case("nobody known reads nothing else", NO_RESOURCE, BUCKET_POLICIES,
         who=Principal.anonymous(), owner=HOME, resource_policy=[let(HOME_ROOT, _GET)]),
    # Services
    Case("a service is named", ALLOWED, EVENT_TARGETS, who=_EVENTS, action="sqs:SendMessage",
         resource=_QUEUE, resource_policy=[_FROM_EVENTS]),
    Case("a service is not named", NO_RESOURCE, EVENT_TARGETS, who=_EVENTS,
         action="sqs:SendMessage", resource=_QUEUE, resource_policy=[]),
    Case("another service is named", NO_RESOURCE, PRINCIPAL, action="sqs:SendMessage",
         who=Principal.of_service("sns.amazonaws.com"), resource=_QUEUE,
         resource_policy=[_FROM_EVENTS]),
    Case("the queue's account does not let the service in", NO_RESOURCE, QUEUES, who=_EVENTS,
         action="sqs:SendMessage", resource=_QUEUE, resource_policy=[let(HOME_ROOT, "sqs:*")]),
    Case("from the rule that it names", ALLOWED, EVENT_TARGETS, who=_EVENTS,
         action="sqs:SendMessage", resource=_QUEUE, context={"aws:SourceArn": _RULE},
         resource_policy=[_FROM_RULE]),
    Case("from another rule", NO_RESOURCE, DEPUTY, who=_EVENTS, action="sqs:SendMessage",
         resource=_QUEUE, context={"aws:SourceArn": _RULE + "-2"}, resource_policy=[_FROM_RULE]),
    Case("from another account", NO_RESOURCE, DEPUTY, who=_EVENTS, action="sqs:SendMessage",
         resource=_QUEUE, context={"aws:SourceAccount": "999999999999"},
         resource_policy=[_FROM_ACCOUNT]),
    Case("from the account that it names", ALLOWED, DEPUTY, who=_EVENTS,
         action="sqs:SendMessage", resource=_QUEUE, context={"aws:SourceAccount": HOME},
         resource_policy=[_FROM_ACCOUNT]),
]  # fmt: skip
