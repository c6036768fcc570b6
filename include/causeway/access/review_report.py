"""What comes of a review: its counts, its document, its page for people, and its alerts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from causeway.access.review import Finding, ReviewFinding, Window
from causeway.instants import for_people, instant
from causeway.pages import markdown_table, markdown_text
from causeway.reporting.alerts import Alert, Severity
from causeway.sharing.grants import DesiredGrant


# ---------------------------------------------------------------- what comes of a review
def counts(findings: Iterable[ReviewFinding]) -> dict[str, int]:
    """Return how many there are of each finding."""
    kinds = [f.finding for f in findings]
    return {finding.value: kinds.count(finding) for finding in Finding}


def document(
    findings: Sequence[ReviewFinding], grants: Sequence[DesiredGrant], run: str, window: Window
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
                "resource": str(grant.resource),
                "principal": grant.principal,
                "grant": grant.grant.value,
                "share": grant.share,
                "until": instant(grant.until) if grant.until else None,
            }
            for grant in grants
        ],
    }


def markdown(
    findings: Sequence[ReviewFinding], grants: Sequence[DesiredGrant], run: str, window: Window
) -> str:
    """Return the review for people."""
    lines = [f"# Access review {markdown_text(run)}", "", f"At {for_people(window.now)}.", ""]
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
                    str(grant.resource),
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


def alerts(findings: Iterable[ReviewFinding], run: str) -> tuple[Alert, ...]:
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
