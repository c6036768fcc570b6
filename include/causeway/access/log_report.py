"""The access log for people and programs: by resource, who did what how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from itertools import groupby
from typing import Any

from causeway.access.log import Access, Deed
from causeway.instants import Month
from causeway.pages import markdown_table, markdown_text


def counts(log: Counter[Access]) -> dict[str, int]:
    """Return how many calls there were of each deed."""
    totals: Counter[Deed] = Counter()
    for access, count in log.items():
        totals[access.deed] += count
    return {deed.value: totals[deed] for deed in Deed}


def document(log: Counter[Access], month: Month, gaps: tuple[str, ...]) -> dict[str, Any]:
    """Return the log as JSON-able values."""
    return {
        "month": str(month),
        "counts": counts(log),
        "gaps": list(gaps),
        "accesses": [{**asdict(access), "calls": log[access]} for access in sorted(log)],
    }


def markdown(
    log: Counter[Access], month: Month, accounts: Mapping[str, str], gaps: tuple[str, ...]
) -> str:
    """Return the log for people; `accounts` says which account plays which role."""
    lines = [f"# Access log of {month}", ""]
    lines += [f"Not whole: {markdown_text(gap)}." for gap in gaps] + ([""] if gaps else [])
    if not log:
        lines += ["Nobody used a feature group, a card or a version.", ""]
    for resource, group in groupby(sorted(log), key=lambda access: access.resource):
        rows = [
            (
                accounts.get(access.account, access.account),
                access.principal,
                access.person or "-",
                access.operation,
                access.deed.value,
                log[access],
            )
            for access in group
        ]
        head = ("account", "role or user", "for", "call", "", "times")
        lines += [f"## {markdown_text(resource)}", "", markdown_table(head, rows), ""]
    lines += [
        "Feature records: data events of the data account's trail. Cards and versions: management "
        "events of the shared services account. Reads of the offline store in S3 or by Athena are "
        "in neither.",
        "",
    ]
    return "\n".join(lines)
