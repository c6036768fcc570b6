"""The time that tasks act at. Ask it as `clock.now()`, so that a test can set the one clock."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present time, by which grants and invitations end."""
    return datetime.now(UTC)
