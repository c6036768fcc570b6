"""The authoriser: decides on each permission that a call needs, and raises AWS's errors."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from causeway.iam import Decision, Policies, Policy, PolicyType, Request, evaluate
from causeway.iam import Principal as Subject
from localaws.identity.authorisation import gathering, needs, principals, resource_policies
from localaws.identity.authorisation.denial import denied
from localaws.identity.authorisation.gathering import CallerPolicies
from localaws.identity.authorisation.record import Decisions, RecordedDecision
from localaws.identity.authorisation.request import AuthorisationRequest, Need
from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.service import Principal, ServiceError

log = logging.getLogger(__name__)
# They have one endpoint, in this region, and `aws:RequestedRegion` says so (IAM User Guide, "AWS
# global condition context keys").
GLOBAL, REGION_OF_GLOBAL = frozenset({"iam", "organizations"}), "us-east-1"
TRUSTED = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")


class Authoriser:
    """Decides whether a principal may act.

    Without `enforce`, every decision is still made and recorded, but only access to another
    account's SageMaker resources that RAM does not share is refused.
    """

    def __init__(self, facts: principals.Facts, *, enforce: bool = True) -> None:
        self._facts = facts
        self.enforce = enforce
        self.decisions = Decisions()

    # ------------------------------------------------------------ calls
    def authorise(self, request: AuthorisationRequest) -> None:
        """Raise the service's error unless the caller may make this call."""
        requirements = needs.of_call(request)
        region = REGION_OF_GLOBAL if request.service in GLOBAL else request.region
        self._judge(request.service, request.operation, request.caller, requirements, region)
        who = request.caller
        judged = {need.owner_of(who) for need in requirements}
        if judged and request.account not in {who.account, *judged}:
            # A call served in another account must have been checked on a resource of that account.
            action = requirements[0].action
            raise denied(
                request.service,
                f"User: {who.arn} is not authorized to perform: {action} in account "
                f"{request.account} because no resource-based policy allows the {action} action",
            )

    def check(
        self,
        who: Principal,
        action: str,
        resource: str,
        *,
        service: str = "sagemaker",
        region: str = "",
    ) -> None:
        """Raise unless `who` may do `action` on a resource that is known only during the call.

        `region` is the one that the call was signed for, by default the local AWS's.
        """
        operation = action.partition(":")[2]
        needed = [Need(action, resource)]
        self._judge(service, operation, who, needed, region or self._facts.region)

    def _judge(
        self,
        service: str,
        operation: str,
        who: Principal,
        requirements: Iterable[Need],
        region: str,
    ) -> None:
        policies = gathering.policies_of(self._facts, who)
        common = principals.context_of(self._facts, who, region)
        subject = principals.subject_of(who)
        for need in requirements:
            context = {**common, **need.context}
            decision, shared = self._decide(subject, who, policies, need, context)
            self._record(service, operation, who, need, context, decision, shared=shared)
            if not decision.allowed and self._refuses(who, need, shared):
                raise denied(service, decision.message)

    def _refuses(self, who: Principal, need: Need, shared: bool) -> bool:
        if self.enforce:
            return True
        foreign = need.owner_of(who) != who.account
        return foreign and not shared and need.resource.startswith("arn:aws:sagemaker:")

    def _decide(
        self,
        subject: Subject,
        who: Principal,
        own: CallerPolicies,
        need: Need,
        context: Mapping[str, str | list[str]],
    ) -> tuple[Decision, bool]:
        """Decide on the resource and, if that is denied, on its alternatives."""
        owner = need.owner_of(who)

        def decide(resource: str) -> tuple[Decision, bool]:
            shared = not need.own and self._shared(who, need.action, resource)
            policies = Policies(
                identity=own.identity,
                resource=() if need.own else self._resource(need.action, resource),
                boundary=own.boundary,
                session=own.session,
                shared=shared,
            )
            request = Request(subject, need.action, resource, context, owner)
            return evaluate(request, policies), shared

        first, shared = decide(need.resource)
        if first.allowed or first.explicit:
            return first, shared
        for resource in need.others:
            decision, shared = decide(resource)
            if decision.allowed or decision.explicit:
                return decision, shared
        return first, shared

    def _resource(self, action: str, resource: str) -> tuple[Policy, ...]:
        if action in TRUSTED:
            return resource_policies.trust_policy(self._facts.credentials.role(resource))
        return resource_policies.of_resource(self._facts, resource)

    def _shared(self, who: Principal, action: str, resource: str) -> bool:
        if not is_arn(resource):
            return False
        arn = parse_arn(resource)
        if arn.service != "sagemaker" or arn.account in ("", who.account):
            return False
        from localaws.ram import grants

        return grants.allowed(self._facts, who.account, action, resource)

    # ------------------------------------------------------------ roles
    def trust_user(self, request: AuthorisationRequest) -> None:
        """Raise AccessDenied unless the caller may assume the role with these parameters."""
        role_arn = str(request.params.get("RoleArn"))
        who = request.caller
        try:
            self._facts.credentials.role(role_arn)
        except ServiceError as error:
            message = f"User: {who.arn} is {error.message}"
            raise ServiceError("AccessDenied", message, 403) from None
        fixed, identity = who.source_identity, request.params.get("SourceIdentity")
        if fixed and identity and fixed != identity:
            raise ServiceError(
                "AccessDenied",
                f"User: {who.arn} is not authorized to perform: sts:SetSourceIdentity on "
                f"resource: {role_arn} because the source identity of the session is fixed",
                403,
            )
        self.authorise(request)

    def trust_service(self, role_arn: str, service: str, source_arn: str | None = None) -> None:
        """Raise AccessDenied unless the role exists and trusts the AWS service.

        The service acts for the role's own account, which is `aws:SourceAccount`. `aws:SourceArn`
        is the resource that it acts for, by default any resource of that service in the account.
        """
        role = self._facts.credentials.role(role_arn)
        account = parse_arn(role_arn).account
        prefix = service.split(".", 1)[0]
        source = source_arn or f"arn:aws:{prefix}:{self._facts.region}:{account}:*"
        self.let_service(
            service,
            "sts:AssumeRole",
            role_arn,
            {"aws:SourceAccount": account, "aws:SourceArn": source},
            resource_policies.trust_policy(role),
            account,
        )

    def let_service(
        self,
        service: str,
        action: str,
        resource: str,
        context: Mapping[str, str | list[str]],
        policies: tuple[Policy, ...],
        owner: str,
    ) -> None:
        """Raise AccessDenied unless a resource's policies allow an AWS service to act on it."""
        now = self._facts.clock.now()
        full = {
            **context,
            "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:SecureTransport": "true",
        }
        request = Request(Subject.of_service(service), action, resource, full, owner)
        decision = evaluate(request, Policies(resource=policies))
        who = Principal("", service, service, "", "service", service=service)
        need = Need(action, resource, context, owner=owner)
        self._record(service.split(".", 1)[0], action, who, need, full, decision, shared=False)
        if not decision.allowed and self.enforce:
            raise ServiceError("AccessDenied", decision.message, 403)

    # ------------------------------------------------------------ recording
    def _record(
        self,
        service: str,
        operation: str,
        who: Principal,
        need: Need,
        context: Mapping[str, str | list[str]],
        decision: Decision,
        *,
        shared: bool,
    ) -> None:
        if not decision.allowed:
            log.info("denied: %s", decision.message)
        self.decisions.add(
            RecordedDecision(
                at=self._facts.clock.now(),
                service=service,
                operation=operation,
                principal=who.arn,
                role=who.role_arn,
                account=who.account,
                owner=need.owner_of(who),
                action=decision.action,
                resource=decision.resource,
                context=context,
                shared=shared,
                allowed=decision.allowed,
                reason=decision.reason,
                denied_by=_word(decision.denied_by),
                statements=tuple(
                    f"{s.policy_type.value} {s.policy_name}#{s.sid or s.index}"
                    for s in decision.statements
                ),
            )
        )


def _word(denied_by: PolicyType | None) -> str | None:
    return denied_by.value if denied_by else None
