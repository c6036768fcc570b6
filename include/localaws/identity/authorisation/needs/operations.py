"""What the calls to RAM, CloudWatch (Logs), CloudFormation, ECR and CloudTrail need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localaws.identity.authorisation.needs.derived import derived, tags_of
from localaws.identity.authorisation.needs.passing import passed
from localaws.identity.authorisation.request import (
    AuthorisationRequest,
    Need,
    needs_of_service,
    present,
)
from localaws.kit.arns import is_arn

CLOUDFORMATION = "cloudformation.amazonaws.com"
WITHOUT_STACK = {"ListStacks", "ValidateTemplate", "GetTemplateSummary", "ListExports"}
STREAM = "logStreamName"


@needs_of_service("ram")
def ram_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation; the ARN of a share has its owner's account, but the caller's decides."""
    params = request.params
    context = present(
        ram__Principal=params.get("principals"),
        ram__ResourceArn=params.get("resourceArns"),
        ram__RequestedResourceType=_types(params.get("resourceArns")),
        ram__PermissionArn=params.get("permissionArn") or params.get("permissionArns"),
        ram__RequestedAllowsExternalPrincipals=params.get("allowExternalPrincipals"),
        ram__ResourceShareName=_share_name(request),
        ram__ShareOwnerAccountId=_sender(params),
    )
    for need in derived(request, context=context):
        yield Need(need.action, need.resource, need.context, own=True)


def _types(arns: Any) -> list[str]:
    from localaws.kit.service import ServiceError
    from localaws.ram.resources import type_of

    names = set()
    for arn in arns or []:
        try:
            names.add(type_of(str(arn)).name)
        except ServiceError:
            continue
    return sorted(names)


def _share_name(request: AuthorisationRequest) -> str | None:
    from localaws.ram.grants import store_of

    store = store_of(request.stores, request.region)
    invitation = store.invitations.get(str(request.params.get("resourceShareInvitationArn")))
    share = store.shares.get(str(request.params.get("resourceShareArn")))
    named = invitation.share if invitation else share
    return named.name if named else request.params.get("name")


def _sender(params: Any) -> str | None:
    arn = params.get("resourceShareInvitationArn") or params.get("resourceShareArn")
    return str(arn).split(":")[4] if is_arn(arn) else None


@needs_of_service("logs")
def logs_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its log group or stream.

    AWS matches calls on a group also as `log-group:NAME:log-stream:`, hence policies that end in
    `:*` (CloudWatch Logs User Guide, "Amazon Resource Names").
    """
    params, action = request.params, f"logs:{request.operation}"
    group = params.get("logGroupName") or params.get("logGroupIdentifier")
    if is_arn(group):
        group = str(group).split(":log-group:", 1)[-1].removesuffix(":*")
    if not group:
        arn = params.get("resourceArn")
        yield Need(action, str(arn) if is_arn(arn) else "*", tags_of(params))
        return
    base = request.arn(f"log-group:{group}")
    stream = params.get(STREAM)
    if stream:
        yield Need(action, f"{base}:log-stream:{stream}")
    else:
        yield Need(action, base, tags_of(params), others=(f"{base}:log-stream:",))


@needs_of_service("cloudformation")
def cloudformation_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its stack; a stack acts with its caller's permissions."""
    params, action = request.params, f"cloudformation:{request.operation}"
    name = params.get("StackName")
    if not name or request.operation in WITHOUT_STACK:
        yield Need(action)
        return
    resource = str(name) if is_arn(name) else request.arn(f"stack/{name}/*")
    # Stacks cannot be shared; one named by another account's ARN does not exist for the caller.
    yield Need(action, resource, tags_of(params), own=True)
    yield from passed(params.get("RoleARN"), CLOUDFORMATION, resource)


@needs_of_service("cloudwatch", "ecr")
def other_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield what the authorization table says; the namespace of a metric is a condition key."""
    context = present(cloudwatch__namespace=request.params.get("Namespace"))
    yield from derived(request, context=context)
