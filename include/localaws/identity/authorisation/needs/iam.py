"""What IAM calls need: the ARN, with its path, of the role, user, group or policy they name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localaws.identity.authorisation.needs.derived import tags_of
from localaws.identity.authorisation.request import (
    AuthorisationRequest,
    Need,
    needs_of_service,
    present,
)
from localaws.identity.credentials import iam_backend
from localaws.kit.arns import is_arn

# Parameter -> (resource type, moto's store). The first parameter of a call names its resource.
NAMED = {
    "RoleName": ("role", "roles"),
    "InstanceProfileName": ("instance-profile", "instance_profiles"),
    "UserName": ("user", "users"),
    "GroupName": ("group", "groups"),
}
LISTS = {
    "ListRoles",
    "ListUsers",
    "ListGroups",
    "ListPolicies",
    "ListAccountAliases",
    "ListInstanceProfiles",
    "GetAccountSummary",
    "GetAccountAuthorizationDetails",
    "GetAccountPasswordPolicy",
    "ListSAMLProviders",
    "ListOpenIDConnectProviders",
    "ListServerCertificates",
    "ListVirtualMFADevices",
}
OF_POLICY = (
    "CreatePolicy",
    "DeletePolicy",
    "GetPolicy",
    "ListPolicy",
    "ListEntitiesForPolicy",
    "SetDefaultPolicy",
    "TagPolicy",
    "UntagPolicy",
)


@needs_of_service("iam")
def iam_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its resource; an attached policy is a condition, not a resource."""
    params, action = request.params, f"iam:{request.operation}"
    context = present(
        iam__PolicyARN=params.get("PolicyArn"),
        iam__PermissionsBoundary=params.get("PermissionsBoundary"),
        iam__AWSServiceName=params.get("AWSServiceName"),
    )
    context |= tags_of(params)
    if request.operation in LISTS:
        yield Need(action, "*", context)
        return
    yield Need(action, _resource(request), context)


def _resource(request: AuthorisationRequest) -> str:
    params = request.params
    base = f"arn:aws:iam::{request.account}:"
    if request.operation.startswith(OF_POLICY):
        if is_arn(params.get("PolicyArn")):
            return str(params["PolicyArn"])
        return f"{base}policy{params.get('Path') or '/'}{params.get('PolicyName') or '*'}"
    for parameter, (kind, store) in NAMED.items():
        if name := params.get(parameter):
            arn = _arn_of(request.account, store, str(name))
            return arn or f"{base}{kind}{params.get('Path') or '/'}{name}"
    if arn := next((v for v in params.values() if is_arn(v)), None):
        return str(arn)
    if request.caller.kind == "user":  # GetUser, CreateAccessKey and the like default to oneself
        return request.caller.arn
    return "*"


def _arn_of(account: str, store: str, name: str) -> str | None:
    items: Any = getattr(iam_backend(account), store)
    items_named = [item for item in list(items.values()) if item.name == name]
    return str(items_named[0].arn) if items_named else None
