"""Records that are kept out of a feature group, good as they may be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Withheld:
    """Why a record is not taken, good as it may be.

    With `until`, the event time of an erasure, only what is no later than that is kept out: the
    record may come again.
    """

    reason: str
    until: datetime | None = None
