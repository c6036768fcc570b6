"""The clock of the local AWS. Invitations, credentials, leases and times to live follow it.

It is the machine's clock plus an offset, which tests and the control route can only increase.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's time plus an offset that can be advanced."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._moved = threading.Condition()

    def now(self) -> datetime:
        """Return the local AWS's time, aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def naive(self) -> datetime:
        """Return the local AWS's time as moto keeps it: naive, in UTC."""
        return self.now().replace(tzinfo=None)

    def advance(self, seconds: float) -> datetime:
        """Move the clock forward by `seconds` (never back) and return the new time."""
        if seconds < 0:
            raise ValueError("the clock of the local AWS only moves forward")
        with self._moved:
            self._offset += timedelta(seconds=seconds)
            self._moved.notify_all()
        return self.now()

    def wait(self, seconds: float) -> None:
        """Block until `seconds` of local-AWS time have passed; an advance wakes it."""
        self.wait_until(self.now() + timedelta(seconds=seconds))

    def wait_until(self, until: datetime) -> None:
        """Block until a moment of local-AWS time; an advance wakes it."""
        with self._moved:
            while (left := (until - self.now()).total_seconds()) > 0:
                self._moved.wait(left)


_installed: list[Clock] = []


def install_into_moto(clock: Clock) -> None:
    """Make moto use this clock.

    moto's modules copy `utcnow` when they are imported, so this must run before the first
    backend is loaded. The copies use the clock that was installed last.
    """
    import moto.core.utils as moto_utils

    _installed[:] = [clock]
    moto_utils.utcnow = _moto_now


def _moto_now() -> datetime:
    return _installed[0].naive()
