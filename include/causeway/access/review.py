"""The access review: who can see and do what, compared with what is declared.

What the auditors saw of shares and invitations, which grants are in use and the declared grants go
in; findings come out, worst first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from causeway.access.sights import SeenShare, Sight
from causeway.access.usage import USES, Use
from causeway.instants import instant
from causeway.sharing.grants import DesiredGrant, receiving_accounts
from causeway.sharing.shares import presence
from causeway.topology.access_rules import ResourceKind
from causeway.topology.accounts import Topology


class Finding(StrEnum):
    """What a review can find; the first four are drift, a person considers the others."""

    UNKNOWN_SHARE = "unknown share"
    UNKNOWN_PRINCIPAL = "unknown principal"
    UNKNOWN_RESOURCE = "undeclared resource"
    MISSING = "declared, not there"
    INVITATION = "invitation not accepted"
    EXPIRING = "expires soon"
    UNUSED = "not used"


DRIFT: Final = frozenset(
    {
        Finding.UNKNOWN_SHARE,
        Finding.UNKNOWN_PRINCIPAL,
        Finding.UNKNOWN_RESOURCE,
        Finding.MISSING,
    }
)

#: What is shared as long as it is declared and exists. A card is shared by its status and the
#: lineage group once there is lineage: of them nothing is missing.
_STANDING: Final = frozenset(
    {ResourceKind.FEATURE_CATALOG, ResourceKind.FEATURE_GROUPS, ResourceKind.MODEL_GROUPS}
)


@dataclass(frozen=True)
class ReviewFinding:
    """One finding: in which account, about what, concerning whom, and what to do."""

    finding: Finding
    account: str
    subject: str
    concerns: str
    detail: str
    next_step: str

    @property
    def is_drift(self) -> bool:
        """Whether what is there differs from what is declared."""
        return self.finding in DRIFT


@dataclass(frozen=True)
class Window:
    """How far a review looks back for uses, and ahead for what expires."""

    now: datetime
    unused_after: timedelta = timedelta(days=90)
    expires_within: timedelta = timedelta(days=14)


def review(
    grants: Sequence[DesiredGrant],
    sights: Iterable[Sight],
    uses: Mapping[str, Iterable[Use]],
    topology: Topology,
    window: Window,
) -> tuple[ReviewFinding, ...]:
    """Return what the review finds, drift first.

    `uses` holds what `in_use` says by owner; of an owner that is not among its keys nothing is
    said about use.
    """
    all_sights = tuple(sights)
    findings: list[ReviewFinding] = []
    for sight in all_sights:
        mine = [grant for grant in grants if grant.owner == sight.account]
        shares = [s for s in sight.shares if presence(s.status, "ResourceShareStatus") != "absent"]
        findings += _undeclared(mine, shares, sight.account)
        findings += _missing(mine, shares, sight)
        findings += _invitations(sight, grants)
    findings += _expiring(grants, window)
    findings += _unused(grants, uses, topology, window)
    order = list(Finding)
    return tuple(sorted(findings, key=lambda f: (order.index(f.finding), f.account, f.subject)))


def _undeclared(
    grants: Sequence[DesiredGrant], shares: Iterable[SeenShare], account: str
) -> Iterable[ReviewFinding]:
    # A model group that is shared by its resource policy has a share that RAM makes and names.
    by_policy = {str(grant.resource) for grant in grants if grant.route == "policy"}
    for share in shares:
        declared = [grant for grant in grants if grant.share == share.name]
        resources, principals = _present(share.resources), _present(share.principals)
        if not declared and resources and resources <= by_policy:
            declared = [grant for grant in grants if str(grant.resource) in resources]
        if not declared:
            yield ReviewFinding(
                Finding.UNKNOWN_SHARE,
                account,
                share.arn,
                ", ".join(sorted(principals)) or "nobody",
                f"{share.name} opens {', '.join(sorted(resources)) or 'nothing'}",
                "Declare it in `access`, or delete the share.",
            )
            continue
        for principal in sorted(principals - {grant.principal for grant in declared}):
            yield ReviewFinding(
                Finding.UNKNOWN_PRINCIPAL,
                account,
                share.arn,
                principal,
                f"{share.name} is open to it",
                "Declare it in `access`, or run platform__sharing, which takes it out.",
            )
        for resource in sorted(resources - {str(grant.resource) for grant in declared}):
            yield ReviewFinding(
                Finding.UNKNOWN_RESOURCE,
                account,
                share.arn,
                ", ".join(sorted(principals)),
                f"{share.name} holds {resource}",
                "Declare it in `access`, or run platform__sharing, which takes it out.",
            )


def _missing(
    grants: Iterable[DesiredGrant], shares: Sequence[SeenShare], sight: Sight
) -> Iterable[ReviewFinding]:
    open_ = {
        (resource, principal)
        for share in shares
        for resource in _present(share.resources)
        for principal in _present(share.principals)
    }
    for grant in grants:
        resource = str(grant.resource)
        if grant.kind not in _STANDING or (
            grant.kind is not ResourceKind.FEATURE_CATALOG and resource not in sight.existing
        ):
            continue
        if (resource, grant.principal) not in open_:
            yield ReviewFinding(
                Finding.MISSING,
                grant.owner,
                str(grant.resource),
                grant.principal,
                f"{grant.grant.value} is declared in {grant.share}",
                "Run platform__sharing.",
            )


def _invitations(sight: Sight, grants: Iterable[DesiredGrant]) -> Iterable[ReviewFinding]:
    ours = {(grant.owner, grant.share) for grant in grants}
    for invitation in sight.invitations:
        if invitation.status == "ACCEPTED":
            continue
        expected = (invitation.sender, invitation.share_name) in ours
        yield ReviewFinding(
            Finding.INVITATION,
            sight.account,
            invitation.share_arn,
            invitation.sender,
            f"{invitation.share_name} is {invitation.status}"
            + ("" if expected else ", and nobody declares it"),
            "Run platform__sharing, which accepts what is expected."
            if expected
            else "Reject it, unless somebody knows what it is for.",
        )


def _expiring(grants: Iterable[DesiredGrant], window: Window) -> Iterable[ReviewFinding]:
    for grant in grants:
        if grant.until is not None and grant.until - window.now <= window.expires_within:
            yield ReviewFinding(
                Finding.EXPIRING,
                grant.owner,
                str(grant.resource),
                grant.principal,
                f"{grant.grant.value} ends {instant(grant.until)[:16]}",
                "Move `until` in `access`, or let it end.",
            )


def _unused(
    grants: Iterable[DesiredGrant],
    uses: Mapping[str, Iterable[Use]],
    topology: Topology,
    window: Window,
) -> Iterable[ReviewFinding]:
    for grant in grants:
        shown_by = USES.get((grant.kind, grant.grant), ())
        if not shown_by or grant.owner not in uses:
            continue
        for account in receiving_accounts(grant, topology):
            if (str(grant.resource), account, grant.grant.value) not in set(uses[grant.owner]):
                yield ReviewFinding(
                    Finding.UNUSED,
                    grant.owner,
                    str(grant.resource),
                    account,
                    f"no {' or '.join(shown_by)} in {window.unused_after.days} days",
                    "Take the grant out of `access` if nobody needs it.",
                )


def _present(entities: Mapping[str, str]) -> set[str]:
    return {
        entity for entity, status in entities.items() if presence(status) in ("there", "coming")
    }
