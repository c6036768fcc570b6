"""Every decision of the gateway in the order in which they were made, in bounded memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

LIMIT = 200_000  # decisions; the oldest are dropped first


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """One decision: principal, action, resource, context and the result.

    `context` has all condition keys of the request, so that `causeway.iam` can repeat the decision.
    `statements` name the policy and Sid (or index) that decided.
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
        """Return the decision as values of JSON."""
        return {**asdict(self), "at": self.at.isoformat(), "statements": list(self.statements)}


class Decisions:
    """The decisions made since the start, or since they were last cleared."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decisions: deque[RecordedDecision] = deque(maxlen=LIMIT)

    def add(self, decision: RecordedDecision) -> None:
        """Add a decision."""
        with self._lock:
            self._decisions.append(decision)

    def all(self) -> list[RecordedDecision]:
        """Return all decisions, the oldest first."""
        with self._lock:
            return list(self._decisions)

    def clear(self) -> None:
        """Remove all decisions."""
        with self._lock:
            self._decisions.clear()
