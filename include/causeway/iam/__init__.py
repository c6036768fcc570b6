"""IAM's evaluation of policies, without any input or output.

A `Request` and the `Policies` that apply to it go in, a `Decision` comes out::

    role = Principal.of_arn("arn:aws:sts::111122223333:assumed-role/reader/run")
    request = Request(role, "s3:GetObject", "arn:aws:s3:::data/x", {"aws:SecureTransport": True})
    policies = Policies(identity=(parse(document, PolicyType.IDENTITY),))
    evaluate(request, policies).message

The local AWS asks it for every call, the preflight asks it before any.
"""

from causeway.iam.decision import Decision, PolicyType, StatementId
from causeway.iam.evaluation import Policies, evaluate
from causeway.iam.malformed import MalformedPolicy
from causeway.iam.policy import Policy, parse
from causeway.iam.request import Context, Principal, PrincipalKind, Request

__all__ = [
    "Context",
    "Decision",
    "MalformedPolicy",
    "Policies",
    "Policy",
    "PolicyType",
    "Principal",
    "PrincipalKind",
    "Request",
    "StatementId",
    "evaluate",
    "parse",
]
