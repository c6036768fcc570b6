"""The one place where a call is allowed or denied.

Today: a call on another account's SageMaker resource needs a RAM grant, and a role can be assumed
only where it exists. The evaluation of identity, resource and trust policies has its place here,
behind the same three questions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.arns import parse_arn
from localaws.service import Principal, ServiceError

if TYPE_CHECKING:
    from localaws.cloud import Cloud


class Authoriser:
    """Answers whether a principal may act."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def check(self, principal: Principal, action: str, resource_arn: str) -> None:
        """Raise AccessDeniedException unless `principal` may do `action` on the resource."""
        arn = parse_arn(resource_arn)
        if arn.service != "sagemaker" or arn.account in ("", principal.account):
            return
        from localaws.ram import grants

        if not grants.allowed(self._cloud, principal.account, action, resource_arn):
            raise ServiceError(
                "AccessDeniedException",
                f"User: {principal.arn} is not authorized to perform: {action} on resource: "
                f"{resource_arn} because no resource-based policy allows the {action} action",
                400,
            )

    def trust_user(self, principal: Principal, role_arn: str, source_identity: str | None) -> None:
        """Raise AccessDenied unless the role trusts this principal."""
        self._cloud.credentials.role(role_arn)
        fixed = principal.source_identity
        if fixed and source_identity and fixed != source_identity:
            raise ServiceError(
                "AccessDenied",
                f"User: {principal.arn} is not authorized to perform: sts:SetSourceIdentity on "
                f"resource: {role_arn} because the source identity of the session is fixed",
                403,
            )

    def trust_service(self, role_arn: str, service_principal: str) -> None:
        """Raise AccessDenied unless the role exists and trusts the AWS service."""
        self._cloud.credentials.role(role_arn)
