"""What STS calls need; the trust policy is the role's resource policy.

GetCallerIdentity and GetSessionToken need no permission. Source: IAM User Guide, "Monitor and
control actions taken with assumed roles".
"""

from __future__ import annotations

from collections.abc import Iterator

from localaws.identity.authorisation.request import (
    AuthorisationRequest,
    Need,
    Values,
    needs_of_service,
    present,
    tag_keys,
)


@needs_of_service("sts")
def sts_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield sts:AssumeRole, and the permissions to set a source identity and session tags."""
    if request.operation != "AssumeRole":
        return
    role = str(request.params.get("RoleArn"))
    context = assume_context(request)
    yield Need("sts:AssumeRole", role, context)
    if request.params.get("SourceIdentity") or request.caller.source_identity:
        yield Need("sts:SetSourceIdentity", role, context)
    if request.params.get("Tags"):
        yield Need("sts:TagSession", role, context)


def assume_context(request: AuthorisationRequest) -> Values:
    """Return the condition keys for trust policies."""
    params = request.params
    identity = params.get("SourceIdentity") or request.caller.source_identity
    return present(
        sts__ExternalId=params.get("ExternalId"),
        sts__RoleSessionName=params.get("RoleSessionName"),
        sts__SourceIdentity=identity,
        sts__DurationSeconds=params.get("DurationSeconds"),
        sts__TransitiveTagKeys=params.get("TransitiveTagKeys"),
    ) | tag_keys(params.get("Tags"))
