"""The audit: every chain verified, its head locked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from causeway.errors import UnexpectedState
from causeway.governance.audit import (
    HEAD,
    Head,
    chain_pk,
    entry_key,
    head_key,
    head_of,
    item_key,
    item_name,
)
from causeway.governance.audit_heads import (
    Break,
    LockedHead,
    first_sights,
    is_head_of,
    last_written,
    unlike_their_entries,
    verify,
    without_entry,
)
from causeway.governance.use_case_record import (
    RECORDS,
    chain_of,
    record_key,
    use_case_of,
    words_pk,
)
from causeway.reporting.alerts import Alert, Severity
from causeway.topology.account_roles import AccountRole
from causeway.versions.keys import decisions_pk, version_pk
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.audit_heads import AuditHeadsHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.results import Audited
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.alerts import raise_alerts

log = logging.getLogger(__name__)

KEEPER: Final = (AccountRole.GOVERNANCE, "audit-keeper")
#: A query is no snapshot: what is written while a chain is read looks broken once, not each time.
LOOKS: Final = 3


class AuditBroken(UnexpectedState):
    """A chain, or an item of the table, is not as it was written."""


def audit(hook: Hooks, run: str) -> Audited:
    """Verify every chain, and lock the heads of those that are right.

    Raises:
        AuditBroken: naming the first bad entry of each chain that is not; an alert says so, too.
    """
    table, heads = hook(StageTableHook, *KEEPER), hook(AuditHeadsHook, *KEEPER)
    locked = heads.locked()
    groups = {model.group for case in use_cases() for model in case.models}
    ids = {case.id for case in use_cases()} | {item["sk"] for item in table.query(RECORDS)}
    of_use_cases = {chain_of(use_case_id) for use_case_id in ids}
    chains = sorted(groups | of_use_cases | {each.chain for each in locked})
    breaks: list[Break] = []
    entries = 0
    for chain in chains:
        broken, head = look(table, chain, locked)
        breaks += broken
        entries += head.number
        if head.number and not broken:
            heads.lock(chain, head)
            log.info("chain %s: locked at entry %d, %s", chain, head.number, head.digest)
    if breaks:
        raise_alerts(hook, [_alert(each, run) for each in breaks])
        raise AuditBroken(
            "; ".join(map(str, breaks)),
            account=topology().account(AccountRole.GOVERNANCE),
            next_step="Read docs/audit.md, 'When it is broken'.",
        )
    return {"chains": chains, "entries": entries}


def look(
    table: StageTableHook, chain: str, locked: Sequence[LockedHead]
) -> tuple[list[Break], Head]:
    """Return what is broken in a chain, or in the items that it is about, and its head."""
    breaks: list[Break] = []
    for _ in range(LOOKS):
        items = table.query(chain_pk(chain))
        head = head_of(next((item for item in items if item["sk"] == HEAD), None))
        broken = verify(chain, items, locked)
        if broken is not None:
            breaks = [broken]
            continue
        written = last_written(items)
        stored = table.get_many(map(item_key, written))
        by_name = {item_name(key): item for key, item in stored.items()}
        breaks = unlike_their_entries(chain, written, by_name)
        if (use_case := use_case_of(chain)) is not None:
            about = table.query(words_pk(use_case))
            about += table.get_many([record_key(use_case)]).values()
            breaks += without_entry(chain, head.number, written, about)
        for version, seen in first_sights(items).items():
            about = [*table.query(version_pk(version)), *table.query(decisions_pk(version))]
            breaks += without_entry(chain, seen, written, about)
        if not breaks:
            break
    return breaks, head


def lock_head(hook: Hooks, chain: str) -> None:
    """Lock a chain's head as it is now, at a decision on production.

    Raises:
        AuditBroken: the last entry is not the one that the head names. A false head that is locked
            is kept for years, and nobody can take it away.
    """
    table = hook(StageTableHook, *KEEPER)
    head = head_of(table.get(head_key(chain)))
    if head.number:
        last = table.get(entry_key(chain, head.number))
        if not is_head_of(head, last):
            raise AuditBroken(
                f"chain {chain} has no entry {head.number} with the digest of its head",
                account=topology().account(AccountRole.GOVERNANCE),
                next_step="Run platform__audit, and read docs/audit.md, 'When it is broken'.",
            )
        hook(AuditHeadsHook, *KEEPER).lock(chain, head)
        log.info("chain %s: locked at entry %d, %s", chain, head.number, head.digest)


def _alert(broken: Break, run: str) -> Alert:
    return Alert(
        what=f"the audit is broken: {broken}",
        severity=Severity.CRITICAL,
        account=topology().account(AccountRole.GOVERNANCE),
        subject=broken.chain,
        next_step="Stop promotions of the group and read docs/audit.md, 'When it is broken': it "
        "says how to find who wrote the table, and how to restore it.",
        run=run,
    )
