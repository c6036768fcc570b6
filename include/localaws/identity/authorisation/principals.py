"""The principal of a request and the context keys that AWS adds to all of its requests.

The local AWS listens on plain HTTP on 127.0.0.1, which cannot be reached over a network. Requests
count as made over TLS (`aws:SecureTransport` is "true"), as the same calls on AWS are.
"""

from __future__ import annotations

from typing import Any, Protocol

from causeway.iam import Principal as Subject
from causeway.iam import PrincipalKind
from localaws.identity.credentials import iam_backend
from localaws.kit.capabilities import Identities, Resources, Timed
from localaws.kit.service import Principal, ServiceError
from localaws.ram import organisation as organisations

KINDS = {"administrator": PrincipalKind.ROOT, "user": PrincipalKind.USER}
Values = dict[str, str | list[str]]


class Facts(Resources, Timed, Identities, Protocol):
    """What decisions are based on: policies, principals, tags, the time and the region."""

    @property
    def region(self) -> str:
        """The region of the local AWS."""


def subject_of(who: Principal) -> Subject:
    """Return the principal as `causeway.iam` represents it."""
    kind = KINDS.get(who.kind, PrincipalKind.SESSION)
    return Subject(kind, who.arn, who.account, who.role_arn, who.user_id)


def context_of(facts: Facts, who: Principal, region: str) -> Values:
    """Return the global condition keys of the caller, of the time and of the signed region."""
    now = facts.clock.now()
    context: Values = {
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": region,
        "aws:SecureTransport": "true",
        "aws:SourceIp": "127.0.0.1",
    }
    if (session := facts.credentials.find(who.access_key_id)) is not None:
        context |= {f"aws:PrincipalTag/{n}": v for n, v in session.tags.items()}
        if who.kind == "session":
            context["aws:MultiFactorAuthPresent"] = "false"
        if session.issued is not None:
            context["aws:TokenIssueTime"] = session.issued.strftime("%Y-%m-%dT%H:%M:%SZ")
    if who.source_identity:
        context["aws:SourceIdentity"] = who.source_identity
    organisation = organisations.of(facts)
    if organisation.management is not None and who.account in organisation.members:
        context["aws:PrincipalOrgID"] = organisation.organisation_id
    return {**_tags(facts, who), **context}


def _tags(identities: Identities, who: Principal) -> Values:
    """Return the tags of the role or user; a session's own tags take precedence."""
    tags: Any = []
    if who.role_arn:
        try:
            tags = identities.credentials.role(who.role_arn).tags or []
        except ServiceError:
            tags = []
    elif who.kind == "user":
        tags = iam_backend(who.account).tagger.list_tags_for_resource(who.arn)["Tags"]
    if isinstance(tags, dict):
        tags = list(tags.values())
    return {f"aws:PrincipalTag/{tag['Key']}": str(tag["Value"]) for tag in tags}
