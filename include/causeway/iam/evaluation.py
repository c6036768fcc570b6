"""The evaluation: which policies must allow a request, and whether one denies it.

Follows "IAM User Guide: How AWS enforcement code logic evaluates requests to allow or deny
access", "Policy evaluation for requests within a single account" and "Cross-account policy
evaluation logic".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from causeway.iam.decision import Decision, PolicyType, StatementId
from causeway.iam.policy import Policy
from causeway.iam.principal_element import Reach
from causeway.iam.request import PrincipalKind, Request

#: What the owner's root user may do whatever the bucket's policy denies, so that an owner is
#: never locked out ("Amazon S3 API Reference: PutBucketPolicy").
_NEVER_LOCKED_OUT: Final = frozenset(
    {"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"}
)
#: What needs no permission and cannot be denied ("AWS STS API Reference").
_FREE: Final = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
#: Principals that have no identity-based policies.
_WITHOUT_IDENTITY: Final = frozenset(
    {PrincipalKind.SERVICE, PrincipalKind.FEDERATED, PrincipalKind.ANONYMOUS}
)


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies that apply to one request.

    Args:
        identity: inline and managed policies of the user (and its groups) or of the session's
            role.
        resource: policies of the resource: a bucket's, a key's, a role's trust policy, ….
        boundary: the permissions boundary of user or role.
        session: session policies of the session, None where it was started without any.
        scps: service control policies, one tuple per level from the organisation's root to the
            principal's account: each level must allow. None for the management account.
        shared: whether an AWS RAM share grants the action on the resource to the principal's
            account; it stands in for a resource policy that names the account.
    """

    identity: tuple[Policy, ...] = ()
    resource: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    scps: tuple[tuple[Policy, ...], ...] = ()
    shared: bool = False


@dataclass(slots=True)
class _Finding:
    """What the policies of one type say."""

    denial: StatementId | None = None
    allows: list[StatementId] = field(default_factory=list)
    reach: Reach = Reach.NONE


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide one request. Never raises: what does not match does not allow.

    An explicit deny anywhere wins. In one account either an identity-based or a resource-based
    policy has to allow, across accounts both; boundary, session and service control policies
    must allow what they limit. A key's policy and a role's trust policy must always allow, be
    it by naming the account. An account's root user needs no identity-based policy.
    """
    if request.action.lower() in _FREE and request.principal.account:
        return _allowed(request, ())
    who = request.principal
    with_identity = who.kind not in _WITHOUT_IDENTITY
    limited = with_identity and who.kind is not PrincipalKind.ROOT

    scps = [_scan(request, level) for level in policies.scps] if with_identity else []
    resource = _scan(request, policies.resource, denies=not _cannot_be_locked_out(request))
    identity = _scan(request, policies.identity) if limited else _Finding()
    boundary = _scan(request, (policies.boundary,)) if limited and policies.boundary else None
    session = _scan(request, policies.session) if limited and policies.session is not None else None

    for finding in (*scps, resource, identity, boundary, session):
        if finding is not None and finding.denial is not None:
            return _denied(request, finding.denial.policy_type, finding.denial)

    lacking = _lacking(request, policies, scps, resource, identity, boundary, session)
    if lacking is not None:
        return _denied(request, lacking)
    statements = [
        statement
        for finding in (*scps, resource, identity, boundary, session)
        if finding is not None
        for statement in finding.allows
    ]
    return _allowed(request, statements)


def _lacking(
    request: Request,
    policies: Policies,
    scps: list[_Finding],
    resource: _Finding,
    identity: _Finding,
    boundary: _Finding | None,
    session: _Finding | None,
) -> PolicyType | None:
    """Name the type of policy that should allow and does not, in AWS's order; None if allowed."""
    who = request.principal
    if any(not level.allows for level in scps):
        return PolicyType.SCP
    reach = resource.reach
    if policies.shared and who.account:
        reach = max(reach, Reach.ACCOUNT)
    own_policy = _own_policy(request)
    if reach is Reach.NONE and (own_policy or not request.same_account):
        return own_policy or PolicyType.RESOURCE
    if who.kind is PrincipalKind.ROOT or who.kind in _WITHOUT_IDENTITY:
        return None
    # Within one account a resource's policy grants by itself to whom it names.
    granted = reach if request.same_account else Reach.NONE
    if granted is Reach.DIRECT:
        return None
    if granted is not Reach.ROLE and not identity.allows:
        return PolicyType.IDENTITY
    if boundary is not None and not boundary.allows:
        return PolicyType.BOUNDARY
    if session is not None and not session.allows:
        return PolicyType.SESSION
    return None


def _own_policy(request: Request) -> PolicyType | None:
    """Name the resource's policy if it must allow whatever identity-based policies say.

    Key policies and role trust policies are the exceptions that "Policy evaluation for requests
    within a single account" names.
    """
    service, _, _ = request.action.lower().partition(":")
    parts = request.resource.split(":", 5)
    if len(parts) < 6:
        return None
    if service == "sts" and parts[2] == "iam" and parts[5].startswith("role/"):
        return PolicyType.TRUST
    if service == "kms" and parts[2] == "kms" and parts[5].startswith("key/"):
        return PolicyType.RESOURCE
    return None


def _scan(request: Request, policies: Iterable[Policy], *, denies: bool = True) -> _Finding:
    """Gather what policies of one type say; without `denies` their denials do not count."""
    finding = _Finding()
    who = request.principal
    action = request.action.lower()
    for policy in policies:
        concerning = policy.concerning(action)
        for statement in concerning.denies if denies else ():
            if statement.reach(who) is not Reach.NONE and statement.applies(request):
                finding.denial = finding.denial or statement.id
        for statement in concerning.allows:
            reach = statement.reach(who)
            if reach is not Reach.NONE and statement.applies(request):
                finding.allows.append(statement.id)
                finding.reach = max(finding.reach, reach)
    return finding


def _cannot_be_locked_out(request: Request) -> bool:
    return (
        request.principal.kind is PrincipalKind.ROOT
        and request.same_account
        and request.action.lower() in _NEVER_LOCKED_OUT
    )


def _allowed(request: Request, statements: Iterable[StatementId]) -> Decision:
    return Decision(
        allowed=True,
        principal_arn=request.principal.arn,
        action=request.action,
        resource=request.resource,
        statements=tuple(statements),
    )


def _denied(request: Request, by: PolicyType, statement: StatementId | None = None) -> Decision:
    if statement is None:
        reason = f"because no {by.value} allows the {request.action} action"
    else:
        article = {PolicyType.TRUST: "the", PolicyType.IDENTITY: "an"}.get(by, "a")
        reason = f"with an explicit deny in {article} {by.value}"
    return Decision(
        allowed=False,
        principal_arn=request.principal.arn,
        action=request.action,
        resource=request.resource,
        reason=reason,
        denied_by=by,
        explicit=statement is not None,
        statements=(statement,) if statement else (),
    )
