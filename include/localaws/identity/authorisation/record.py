"""Every decision of the gateway, in the order in which they were made; in memory, bounded."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

LIMIT = 200_000  # decisions kept; the oldest go first


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """One decision: who wanted to do what to what, in which context, and the verdict.

    `context` holds the request's keys in full, so that `causeway.iam` comes to the same verdict
    when it is asked again. `statements` name the policy and Sid (or index) that decided.
    """

    at: datetime
    service: str
    operation: str
    principal: str
    role: str | None
    account: str
    owner: str
    action: str
    resource: str
    context: Mapping[str, str | list[str]]
    shared: bool
    allowed: bool
    reason: str
    denied_by: str | None
    statements: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the decision as JSON can hold it."""
        return {**asdict(self), "at": self.at.isoformat(), "statements": list(self.statements)}


class Decisions:
    """The decisions made since the start, or since they were last cleared."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decisions: deque[RecordedDecision] = deque(maxlen=LIMIT)

    def add(self, decision: RecordedDecision) -> None:
        """Keep one more."""
        with self._lock:
            self._decisions.append(decision)

    def all(self) -> list[RecordedDecision]:
        """Return what is kept, the oldest first."""
        with self._lock:
            return list(self._decisions)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._decisions.clear()
