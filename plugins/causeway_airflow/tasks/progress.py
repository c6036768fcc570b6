"""Progress through many rows, logged now and then."""

from __future__ import annotations

import logging
import time
from typing import Final

log = logging.getLogger(__name__)

#: Seconds between two lines about progress in the task's log.
PROGRESS_SECONDS: Final = 10.0


class Progress:
    """Logs how many rows are done and how fast, at most every `PROGRESS_SECONDS`."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._started = self._logged = time.monotonic()

    def at(self, rows: int) -> None:
        """Say that this many rows are done."""
        now = time.monotonic()
        if now - self._logged >= PROGRESS_SECONDS:
            self._logged = now
            log.info("%s %d rows, %.0f rows/s", self._what, rows, rows / (now - self._started))
