"""The online store of one feature group: the latest record of each identifier.

Event-time rules (Feature Store API reference, PutRecord and DeleteRecord): only a record with a
greater event time than that of the stored one, or of a deletion, replaces it; a soft deletion that
is not later than the stored record has no effect, a hard one is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from localaws.sagemaker.feature_store.records import Record, invalid


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored record, or the marker of a soft-deleted one (`texts` is None)."""

    event_time: float
    texts: dict[str, str] | None
    expires: float | None  # seconds since the epoch

    def gone(self, now: float) -> bool:
        """Tell whether its time to live is over, so that it counts as absent."""
        return self.expires is not None and self.expires <= now


class OnlineStore:
    """The records by identifier; thread-safe."""

    def __init__(self) -> None:
        self._records: dict[str, Stored] = {}
        self._lock = threading.RLock()

    def put(self, record: Record, expires: float | None, now: float) -> bool:
        """Store a record unless one that is not older exists; tell whether it was stored."""
        with self._lock:
            present = self._records.get(record.identifier)
            if present and not present.gone(now) and present.event_time >= record.event_time:
                return False
            self._records[record.identifier] = Stored(record.event_time, record.texts, expires)
            return True

    def get(self, identifier: str, now: float) -> Stored | None:
        """Return a live record: not deleted and not past its time to live."""
        stored = self._records.get(identifier)
        return None if stored is None or stored.texts is None or stored.gone(now) else stored

    def update(
        self, identifier: str, now: float, change: Callable[[Stored], tuple[Record, float | None]]
    ) -> Record | None:
        """Replace a live record by the result of `change` and return it; None if there is none."""
        with self._lock:
            stored = self.get(identifier, now)
            if stored is None:
                return None
            record, expires = change(stored)
            self._records[identifier] = Stored(record.event_time, record.texts, expires)
            return record

    def delete(self, identifier: str, event_time: float, now: float, *, hard: bool) -> None:
        """Delete a record by the event-time rules above."""
        with self._lock:
            present = self._records.get(identifier)
            if present is not None and present.gone(now):
                present = None
            late = present is None or event_time > present.event_time
            if hard and not late:
                raise invalid("the EventTime of a HardDelete must be later than the record's.")
            if hard:
                self._records.pop(identifier, None)
            elif late:
                self._records[identifier] = Stored(event_time, None, None)

    def size(self) -> int:
        """Return the size of the stored texts in bytes."""
        with self._lock:
            records = [stored.texts for stored in self._records.values() if stored.texts]
        return sum(len(name) + len(text) for texts in records for name, text in texts.items())
