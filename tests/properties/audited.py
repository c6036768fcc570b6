"""The audit of a history: unbroken, and locked before what was decided is served."""

from __future__ import annotations

from typing import Final

from causeway.governance.audit import AuditEntry, chain_pk, entry_of
from causeway.governance.audit_heads import verify
from causeway.topology.account_roles import AccountRole
from causeway_airflow.tasks.audit import look
from tests.properties.cloud import Cloud, Table

CHAIN: Final = "credit-risk"


def require_audit(cloud: Cloud, *, hostile: bool) -> None:
    """Each change has its entry, and each decision that production serves was locked before.

    Where no duty is hostile, which may write past the audit, `platform__audit` finds nothing.
    """
    items = cloud.table.query("recorder", chain_pk(CHAIN))
    assert verify(CHAIN, items, cloud.locked_heads) is None
    if not hostile:
        table = Table(cloud, AccountRole.GOVERNANCE, "audit-keeper")
        assert look(table, CHAIN, cloud.locked_heads)[0] == []
    entries = [entry_of(item) for item in items if item["sk"] != "HEAD"]
    for entry in entries:
        if (entry.action, entry.stage) == ("went_live", "prod"):
            _require_locked_before(cloud, entries, entry)


def _require_locked_before(cloud: Cloud, entries: list[AuditEntry], live: AuditEntry) -> None:
    decisions = [
        entry.number
        for entry in entries[: live.number]
        if (entry.action, entry.stage, entry.subject) == ("decided", "production", live.subject)
    ]
    locked = [each.head.number for each in cloud.locked_heads]
    if decisions:  # the decider may have put one there without an entry
        assert any(decisions[-1] <= number < live.number for number in locked), live
