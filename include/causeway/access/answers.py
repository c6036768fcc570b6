"""What AWS answered to a probe, and which side a denial blames.

AWS's sentence names the policy type that failed, and the action ("IAM User Guide: Troubleshoot
access denied error messages"); between accounts it often says less, and then the side is unknown
unless the consumer can tell by its own view of RAM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from causeway.access.checks import Check
from causeway.access.verdicts import Side, Verdict, no

_LACKING: Final = re.compile(
    r"because no (?P<policy>[a-z -]+?) allows the (?P<service>[a-z0-9-]+):(?P<action>\w+) action"
)
_EXPLICIT: Final = re.compile(r"with an explicit deny in (?:an?|the) (?P<policy>[a-z -]+)")
_ACTION: Final = re.compile(r"not authorized to perform: (?P<service>[a-z0-9-]+):(?P<action>\w+)")
#: Lake Formation's words, which name neither policy nor action.
_LAKE: Final = "Insufficient Lake Formation permission"
_RESOURCE_SIDES: Final = {
    "s3": Side.BUCKET,
    "kms": Side.KEY,
    "glue": Side.CATALOGUE,
}
_POLICY_SIDES: Final = {
    "identity-based policy": Side.IDENTITY,
    "permissions boundary": Side.BOUNDARY,
    "session policy": Side.IDENTITY,
    "service control policy": Side.ORGANISATION,
}


@dataclass(frozen=True)
class RamView:
    """What a consumer's account sees of RAM: what is shared with it, and invitations by share."""

    resources: frozenset[str]
    invitations: frozenset[tuple[str, str]]  # share name and sender, not accepted

    @classmethod
    def of(cls, resources: Iterable[str], invitations: Iterable[tuple[str, str]]) -> RamView:
        """Put a view together."""
        return cls(frozenset(resources), frozenset(invitations))

    def blame(self, check: Check) -> Side:
        """Return which side of RAM keeps a check from working, as far as the consumer can tell.

        A model group that is opened by its own policy is not in RAM.
        """
        if check.route == "policy":
            return Side.GROUP
        if check.resource in self.resources:
            return Side.PERMISSION
        if (check.share, check.owner) in self.invitations:
            return Side.INVITATION
        return Side.SHARE


def denial(text: str, check: Check, region: str, view: RamView | None) -> Verdict:
    """Return the verdict that a denial's words give.

    `region` is where the probe was made, `view` what the consumer sees of RAM, where it could look.
    """
    reason = " ".join(text.split())[:500]
    if check.arn.region != region:
        return no(Side.REGION, reason=f"asked in {region}: {reason}")
    if _LAKE in text:
        return no(Side.LAKE, reason=reason)
    lacking, explicit = _LACKING.search(text), _EXPLICIT.search(text)
    match = lacking or explicit
    policy = match["policy"] if match else ""
    about = _ACTION.search(text)
    service = about["service"] if about else ""
    if side := _POLICY_SIDES.get(policy):
        return no(side, reason=reason)
    if policy == "resource-based policy" and service in _RESOURCE_SIDES:
        return no(_RESOURCE_SIDES[service], reason=reason)
    if service == "sagemaker" and explicit and policy == "resource-based policy":
        return no(Side.GROUP, reason=reason)  # of what is shared only model groups have a policy
    if service == "sagemaker" and view is not None:
        return no(view.blame(check), reason=reason)
    return no(Side.UNKNOWN, reason=reason)


def absence(text: str, check: Check, region: str, view: RamView | None) -> Verdict:
    """Return the verdict where AWS says that there is no such thing.

    To somebody with whom it is not shared a resource of another account does not exist.
    """
    verdict = denial(text, check, region, view)
    side = verdict.sides[0]
    if side is Side.UNKNOWN and view is not None:
        side = view.blame(check)
    return no(Side.ABSENT if side is Side.PERMISSION else side, reason=verdict.reason)
