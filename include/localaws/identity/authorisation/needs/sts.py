"""What STS calls need; the trust policy is the role's resource policy.

GetCallerIdentity and GetSessionToken need no permission. Source: IAM User Guide, "Monitor and
control actions taken with assumed roles".
"""

from __future__ import annotations

from collections.abc import Iterator

from localaws.identity.authorisation.asked import (
    Asked,
    Need,
    Values,
    needs_of_service,
    present,
    tag_keys,
)


@needs_of_service("sts")
def sts_needs(asked: Asked) -> Iterator[Need]:
    """Yield sts:AssumeRole, and what a source identity and session tags need besides."""
    if asked.operation != "AssumeRole":
        return
    role = str(asked.params.get("RoleArn"))
    context = assume_context(asked)
    yield Need("sts:AssumeRole", role, context)
    if asked.params.get("SourceIdentity") or asked.caller.source_identity:
        yield Need("sts:SetSourceIdentity", role, context)
    if asked.params.get("Tags"):
        yield Need("sts:TagSession", role, context)


def assume_context(asked: Asked) -> Values:
    """Return the keys that a trust policy looks at."""
    params = asked.params
    identity = params.get("SourceIdentity") or asked.caller.source_identity
    return present(
        sts__ExternalId=params.get("ExternalId"),
        sts__RoleSessionName=params.get("RoleSessionName"),
        sts__SourceIdentity=identity,
        sts__DurationSeconds=params.get("DurationSeconds"),
        sts__TransitiveTagKeys=params.get("TransitiveTagKeys"),
    ) | tag_keys(params.get("Tags"))
