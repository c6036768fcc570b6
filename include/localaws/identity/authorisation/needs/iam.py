"""What IAM calls need: the ARN, with its path, of the role, user, group or policy they name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localaws.identity.authorisation.asked import Asked, Need, needs_of_service, present
from localaws.identity.authorisation.needs.derived import tags_of
from localaws.identity.credentials import iam_backend
from localaws.kit.arns import is_arn

# Parameter -> (resource type, moto's store). The first one that a call has is its resource.
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
def iam_needs(asked: Asked) -> Iterator[Need]:
    """Yield the operation on what it names; an attached policy is a condition, not a resource."""
    params, action = asked.params, f"iam:{asked.operation}"
    context = present(
        iam__PolicyARN=params.get("PolicyArn"),
        iam__PermissionsBoundary=params.get("PermissionsBoundary"),
        iam__AWSServiceName=params.get("AWSServiceName"),
    )
    context |= tags_of(params)
    if asked.operation in LISTS:
        yield Need(action, "*", context)
        return
    yield Need(action, _resource(asked), context)


def _resource(asked: Asked) -> str:
    params = asked.params
    base = f"arn:aws:iam::{asked.account}:"
    if asked.operation.startswith(OF_POLICY):
        if is_arn(params.get("PolicyArn")):
            return str(params["PolicyArn"])
        return f"{base}policy{params.get('Path') or '/'}{params.get('PolicyName') or '*'}"
    for parameter, (kind, store) in NAMED.items():
        if name := params.get(parameter):
            held = _held(asked.account, store, str(name))
            return held or f"{base}{kind}{params.get('Path') or '/'}{name}"
    if arn := next((v for v in params.values() if is_arn(v)), None):
        return str(arn)
    if asked.caller.kind == "user":  # GetUser, CreateAccessKey and the like default to oneself
        return asked.caller.arn
    return "*"


def _held(account: str, store: str, name: str) -> str | None:
    items: Any = getattr(iam_backend(account), store)
    found = [one for one in list(items.values()) if one.name == name]
    return str(found[0].arn) if found else None
