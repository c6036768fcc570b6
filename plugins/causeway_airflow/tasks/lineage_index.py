"""The lineage in memory: read from the table, and again where its counts say that it changed."""

from __future__ import annotations

import logging
import time
from threading import Lock

from causeway.lineage.questions import Lineage
from causeway.lineage.records import KINDS, Record
from causeway.topology.account_roles import AccountRole
from causeway_airflow.hooks.lineage import LineageHook
from causeway_airflow.tasks.acting import Hooks

log = logging.getLogger(__name__)


class Index:
    """The records of a process, and the graph that they amount to."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, int] = {}
        self._records: dict[str, list[Record]] = {}
        self._lineage: Lineage | None = None

    def current(self, table: LineageHook) -> Lineage:
        """Return the lineage as it is now; one call when nothing changed.

        While somebody reads the records again, others get what there was before.
        """
        if not self._lock.acquire(blocking=self._lineage is None):
            assert self._lineage is not None  # it is never taken away again
            return self._lineage
        try:
            return self._read(table)
        finally:
            self._lock.release()

    def _read(self, table: LineageHook) -> Lineage:
        """Read what changed. Counts come before records: what is written between is read again."""
        counts = table.counts()
        changed = [kind for kind in KINDS if counts.get(kind) != self._counts.get(kind)]
        if self._lineage is None or changed:
            begun = time.monotonic()
            for kind in changed:
                self._records[kind] = table.records(kind)
            self._lineage = Lineage.of(each for part in self._records.values() for each in part)
            self._counts = counts
            seconds = time.monotonic() - begun
            log.info("lineage read in %.1f s: %d things", seconds, len(self._lineage.graph))
        return self._lineage


_index = Index()


def lineage(hook: Hooks) -> Lineage:
    """Return the lineage as it is now, kept by this process between two questions."""
    return _index.current(hook(LineageHook, AccountRole.GOVERNANCE, "table-reader"))
