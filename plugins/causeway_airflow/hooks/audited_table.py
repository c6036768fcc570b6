"""The governance table, where each change is written together with its entry in the audit."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from causeway.errors import UnexpectedState, WriteConflict
from causeway.governance.audit import (
    Change,
    Head,
    append,
    entries_after,
    head_key,
    head_of,
    item_name,
    last_entry,
    token,
)
from causeway.items import Update
from causeway_airflow.hooks.base import AwsTransientError
from causeway_airflow.hooks.governance import GovernanceHook

log = logging.getLogger(__name__)

#: How often a change is tried while others move its chain's head, and the longest wait between.
HEAD_ATTEMPTS: Final = 40
LONGEST_WAIT: Final = 0.5


class ChainBroken(UnexpectedState):
    """A chain does not end where its head says: somebody changed one of them."""


class AuditedTableHook(GovernanceHook):
    """Changes, each with its entry."""

    def record(self, changes: Sequence[Change], checks: Sequence[Update] = ()) -> bool:
        """Write changes of one chain with their entries, in one transaction.

        False when a condition of `checks` or of a change did not hold; nothing is written then.
        While others add to the chain, the change goes behind theirs.

        Raises:
            ChainBroken: the chain and its head do not agree.
            AwsTransientError: others moved the head each time.
        """
        chain = changes[0].chain
        updates = [*checks, *(update for change in changes for update in change.updates)]
        for attempt in range(HEAD_ATTEMPTS):
            head = self._heads.pop(chain, None) or head_of(self.get(head_key(chain)))
            entries = entries_after(head, changes, self.writer)
            added = [*append(head, entries), *last_entry(chain, head)]
            try:
                refused = self.transact([*updates, *added], token(entries))
            except AwsTransientError as error:
                if error.code != "TransactionConflict":
                    raise
            else:
                if not refused:
                    self._heads[chain] = Head(entries[-1].number, entries[-1].digest)
                    return True
                if min(refused) < len(updates):
                    return False
                if len(updates) not in refused:  # the head is where it was
                    last = head.number and len(updates) + len(added) - 1 in refused
                    raise ChainBroken(
                        f"chain {chain} has no entry {head.number} with the digest of its head"
                        if last
                        else f"chain {chain} has an entry {entries[0].number}, but its head is at "
                        f"{head.number}",
                        principal=self.principal,
                        next_step="Nothing of this group is written any more: run platform__audit, "
                        "which names the entry, and read docs/audit.md.",
                    )
            time.sleep(random.uniform(0, min(LONGEST_WAIT, 0.01 * 2**attempt)))  # noqa: S311 - no secret
        raise AwsTransientError(
            f"others moved the head of chain {chain} {HEAD_ATTEMPTS} times",
            code="TransactionConflict",
            principal=self.principal,
            next_step="It may pass: the task retries within its bound.",
        )

    def record_or_raise(self, change: Change) -> None:
        """Write a change with its entry. Raises `WriteConflict` when its condition did not hold."""
        if not self.record([change]):
            names = ", ".join(item_name(update.key) for update in change.updates)
            raise WriteConflict(
                f"{names} is not in the state that this change was planned against",
                principal=self.principal,
                next_step="Somebody else changed it meanwhile: re-run, the new state decides.",
            )

    @property
    def writer(self) -> str:
        """The principal that entries name where a change has none of its own."""
        return self.conn_config.role_arn or f"connection {self.aws_conn_id}"

    @cached_property
    def _heads(self) -> dict[str, Head]:
        """The heads as this hook left them: the next change most often finds them there."""
        return {}
