"""The access review: who can see and do what, held against what is declared.

Pure: what the auditors saw of shares and invitations, what CloudTrail recorded, and the declared
grants go in; findings come out, worst first, as a document and as Markdown. Only management events
are in CloudTrail's event history (User Guide, "Viewing events with event history"), so reads and
writes of records prove no use there: a grant that has nothing but those is never called unused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from causeway.access.sights import SeenShare, Sight
from causeway.instants import for_people, instant
from causeway.pages import markdown_table
from causeway.reporting.alerts import Alert, Severity
from causeway.sharing.grants import DesiredGrant, receiving_accounts
from causeway.sharing.shares import presence
from causeway.topology.access_rules import Grant, ResourceKind
from causeway.topology.accounts import Topology


class Finding(StrEnum):
    """What a review can find; the first four are drift, the others are for somebody to consider."""

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

#: The management events that show a grant in use; no entry: nothing there can show it.
USES: Final[Mapping[tuple[ResourceKind, Grant], tuple[str, ...]]] = {
    (ResourceKind.FEATURE_CATALOG, Grant.DISCOVER): ("Search",),
    (ResourceKind.MODEL_GROUPS, Grant.REGISTER): ("CreateModelPackage",),
    (ResourceKind.MODEL_GROUPS, Grant.DEPLOY): ("DescribeModelPackage",),
    (ResourceKind.MODEL_GROUPS, Grant.REVIEW): ("DescribeModelPackage",),
    (ResourceKind.MODEL_GROUPS, Grant.ADMIN): ("UpdateModelPackage", "DescribeModelPackage"),
    # The sharing run itself describes each card every day as its consumer, so that is no use.
    (ResourceKind.MODEL_CARDS, Grant.READ_WRITE): ("UpdateModelCard",),
    (ResourceKind.MODEL_CARDS, Grant.EXPORT): ("CreateModelCardExportJob",),
    (ResourceKind.LINEAGE_GROUP, Grant.READ_WRITE): ("QueryLineage", "AddAssociation"),
}


#: A grant in use: the resource, the account that used it, the grant.
Use = tuple[str, str, str]


@dataclass(frozen=True)
class Found:
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


def operations_of(grants: Iterable[DesiredGrant]) -> tuple[str, ...]:
    """Return the operations whose recorded calls show whether the grants are used."""
    return tuple(sorted({name for g in grants for name in USES.get((g.kind, g.grant), ())}))


def in_use(
    grants: Iterable[DesiredGrant], events: Iterable[str], topology: Topology
) -> tuple[Use, ...]:
    """Return which grants CloudTrail events show in use, each once; refused calls show nothing."""
    calls = [_call(json.loads(event)) for event in events]
    return tuple(
        sorted(
            {
                (grant.resource, account, grant.grant.value)
                for grant in grants
                for account in receiving_accounts(grant, topology)
                if any(_shows(call, grant, account) for call in calls if call)
            }
        )
    )


def review(
    grants: Sequence[DesiredGrant],
    sights: Iterable[Sight],
    uses: Mapping[str, Iterable[Use]],
    topology: Topology,
    window: Window,
) -> tuple[Found, ...]:
    """Return what the review finds, drift first.

    `uses` holds what `in_use` says by owner; of an owner that is not among its keys nothing is
    said about use.
    """
    all_sights = tuple(sights)
    findings: list[Found] = []
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
) -> Iterable[Found]:
    # A model group that is shared by its resource policy has a share that RAM makes and names.
    by_policy = {grant.resource for grant in grants if grant.route == "policy"}
    for share in shares:
        declared = [grant for grant in grants if grant.share == share.name]
        resources, principals = _present(share.resources), _present(share.principals)
        if not declared and resources and resources <= by_policy:
            declared = [grant for grant in grants if grant.resource in resources]
        if not declared:
            yield Found(
                Finding.UNKNOWN_SHARE,
                account,
                share.arn,
                ", ".join(sorted(principals)) or "nobody",
                f"{share.name} opens {', '.join(sorted(resources)) or 'nothing'}",
                "Declare it in `access`, or delete the share.",
            )
            continue
        for principal in sorted(principals - {grant.principal for grant in declared}):
            yield Found(
                Finding.UNKNOWN_PRINCIPAL,
                account,
                share.arn,
                principal,
                f"{share.name} is open to it",
                "Declare it in `access`, or run platform__sharing, which takes it out.",
            )
        for resource in sorted(resources - {grant.resource for grant in declared}):
            yield Found(
                Finding.UNKNOWN_RESOURCE,
                account,
                share.arn,
                ", ".join(sorted(principals)),
                f"{share.name} holds {resource}",
                "Declare it in `access`, or run platform__sharing, which takes it out.",
            )


def _missing(
    grants: Iterable[DesiredGrant], shares: Sequence[SeenShare], sight: Sight
) -> Iterable[Found]:
    open_ = {
        (resource, principal)
        for share in shares
        for resource in _present(share.resources)
        for principal in _present(share.principals)
    }
    for grant in grants:
        if grant.kind not in _STANDING or (
            grant.kind is not ResourceKind.FEATURE_CATALOG and grant.resource not in sight.existing
        ):
            continue
        if (grant.resource, grant.principal) not in open_:
            yield Found(
                Finding.MISSING,
                grant.owner,
                grant.resource,
                grant.principal,
                f"{grant.grant.value} is declared in {grant.share}",
                "Run platform__sharing.",
            )


def _invitations(sight: Sight, grants: Iterable[DesiredGrant]) -> Iterable[Found]:
    ours = {(grant.owner, grant.share) for grant in grants}
    for invitation in sight.invitations:
        if invitation.status == "ACCEPTED":
            continue
        expected = (invitation.sender, invitation.share_name) in ours
        yield Found(
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


def _expiring(grants: Iterable[DesiredGrant], window: Window) -> Iterable[Found]:
    for grant in grants:
        if grant.until is not None and grant.until - window.now <= window.expires_within:
            yield Found(
                Finding.EXPIRING,
                grant.owner,
                grant.resource,
                grant.principal,
                f"{grant.grant.value} ends {instant(grant.until)[:16]}",
                "Move `until` in `access`, or let it end.",
            )


def _unused(
    grants: Iterable[DesiredGrant],
    uses: Mapping[str, Iterable[Use]],
    topology: Topology,
    window: Window,
) -> Iterable[Found]:
    for grant in grants:
        shown_by = USES.get((grant.kind, grant.grant), ())
        if not shown_by or grant.owner not in uses:
            continue
        for account in receiving_accounts(grant, topology):
            if (grant.resource, account, grant.grant.value) not in set(uses[grant.owner]):
                yield Found(
                    Finding.UNUSED,
                    grant.owner,
                    grant.resource,
                    account,
                    f"no {' or '.join(shown_by)} in {window.unused_after.days} days",
                    "Take the grant out of `access` if nobody needs it.",
                )


def _call(event: Mapping[str, Any]) -> tuple[str, str, str] | None:
    account = (event.get("userIdentity") or {}).get("accountId")
    if event.get("errorCode") or not account:
        return None
    return str(event["eventName"]), str(account), json.dumps(event.get("requestParameters") or {})


def _shows(call: tuple[str, str, str], grant: DesiredGrant, account: str) -> bool:
    operation, caller, about = call
    if caller != account or operation not in USES.get((grant.kind, grant.grant), ()):
        return False
    if grant.kind in (ResourceKind.FEATURE_CATALOG, ResourceKind.LINEAGE_GROUP):
        return True  # such a call names no resource
    # A version's ARN holds its group's name; a call may name the group or the version.
    return grant.resource in about or f"/{grant.resource.rpartition('/')[2]}/" in about


def _present(entities: Mapping[str, str]) -> set[str]:
    return {
        entity for entity, status in entities.items() if presence(status) in ("there", "coming")
    }


# ---------------------------------------------------------------- what comes of a review
def counts(findings: Iterable[Found]) -> dict[str, int]:
    """Return how many there are of each finding."""
    kinds = [f.finding for f in findings]
    return {finding.value: kinds.count(finding) for finding in Finding}


def document(
    findings: Sequence[Found], grants: Sequence[DesiredGrant], run: str, window: Window
) -> dict[str, Any]:
    """Return the review as JSON-able values: the findings, and all that is declared."""
    return {
        "run": run,
        "at": instant(window.now),
        "looked_back_days": window.unused_after.days,
        "counts": counts(findings),
        "findings": [asdict(finding) for finding in findings],
        "declared": [
            {
                "owner": grant.owner,
                "resource": grant.resource,
                "principal": grant.principal,
                "grant": grant.grant.value,
                "share": grant.share,
                "until": instant(grant.until) if grant.until else None,
            }
            for grant in grants
        ],
    }


def markdown(
    findings: Sequence[Found], grants: Sequence[DesiredGrant], run: str, window: Window
) -> str:
    """Return the review for people."""
    lines = [f"# Access review {run}", "", f"At {for_people(window.now)}.", ""]
    lines.append(
        _table(
            ("finding", "account", "concerns", "subject", "detail", "next step"),
            [
                (f.finding.value, f.account, f.concerns, f.subject, f.detail, f.next_step)
                for f in findings
            ],
            "Nothing differs from what is declared, and nothing is about to.",
        )
    )
    lines += ["", "## Who may do what, as declared", ""]
    lines.append(
        _table(
            ("principal", "grant", "resource", "until"),
            [
                (
                    grant.principal,
                    grant.grant.value,
                    grant.resource,
                    instant(grant.until)[:16] if grant.until else "-",
                )
                for grant in grants
            ],
            "Nothing is declared.",
        )
    )
    lines += [
        "",
        f"Use is judged by {window.unused_after.days} days of CloudTrail's event history, which "
        "holds management events only: reads and writes of records are in the trail's bucket.",
    ]
    return "\n".join(lines) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], otherwise: str) -> str:
    return markdown_table(head, rows) if rows else otherwise


def alerts(findings: Iterable[Found], run: str) -> tuple[Alert, ...]:
    """Return an alert for each drift: access that nobody declared is critical."""
    return tuple(
        Alert(
            what=f"{finding.finding.value}: {finding.detail} ({finding.concerns})",
            severity=Severity.WARNING if finding.finding is Finding.MISSING else Severity.CRITICAL,
            account=finding.account,
            subject=finding.subject,
            next_step=finding.next_step,
            run=run,
        )
        for finding in findings
        if finding.is_drift
    )
