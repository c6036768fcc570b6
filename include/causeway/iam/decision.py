"""The decision that an evaluation returns: allowed and by what, or denied in AWS's words.

The wording is that of "IAM User Guide: Troubleshoot access denied error messages".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class PolicyType(Enum):
    """The kinds of policy that take part in a decision; the value is AWS's name for one."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    TRUST = "role trust policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    SCP = "service control policy"

    @property
    def names_principals(self) -> bool:
        """Whether such a policy is attached to a resource and names principals."""
        return self in (PolicyType.RESOURCE, PolicyType.TRUST)


@dataclass(frozen=True, slots=True)
class StatementId:
    """Which statement: its policy's type and name, its position (from 0) and its Sid."""

    policy_type: PolicyType
    policy_name: str
    index: int
    sid: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one request.

    `reason` is empty when allowed, else the end of AWS's sentence ("because no identity-based
    policy allows the s3:GetObject action", "with an explicit deny in a permissions boundary").
    `denied_by` is the type of policy that failed and `explicit` tells a deny from a missing
    allow. `statements` are those that decided: the one that denies, or every one that allows
    (none for an account's root user, who needs none).
    """

    allowed: bool
    principal_arn: str
    action: str
    resource: str
    reason: str = ""
    denied_by: PolicyType | None = None
    explicit: bool = False
    statements: tuple[StatementId, ...] = ()

    @property
    def message(self) -> str:
        """AWS's sentence for a denial: principal, action, resource and the policy that failed."""
        if self.allowed:
            return ""
        return (
            f"User: {self.principal_arn} is not authorized to perform: {self.action} "
            f"on resource: {self.resource} {self.reason}"
        )
