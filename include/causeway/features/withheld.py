"""Valid records that are kept out of a feature group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Withheld:
    """Why a valid record is not taken.

    With `until`, the event time of an erasure, only writes that are not later are kept out: the
    record may be stored again.
    """

    reason: str
    until: datetime | None = None
