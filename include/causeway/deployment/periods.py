"""What an endpoint served when: the periods of its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from causeway.deployment.leases import Live
from causeway.instants import Day


@dataclass(frozen=True)
class Period:
    """From when to when an endpoint served a version; `until` None: it serves it now."""

    live: Live
    until: datetime | None

    @property
    def since(self) -> datetime:
        """When the version went live."""
        return self.live.deployed_at

    def touches(self, day: Day) -> bool:
        """Tell whether the version was live at any time of a day."""
        return self.since < day.end and (self.until is None or day.start < self.until)


def periods(history: Sequence[Live], live: Live | None) -> tuple[Period, ...]:
    """Return the periods of an endpoint, the latest first.

    Args:
        history: what was live, in the order of the deployments.
        live: what the table says is live; when its endpoint was removed, that ends the last period.
    """
    ends: list[datetime | None] = [entry.deployed_at for entry in history[1:]]
    ends.append(live.removed_at if live else None)
    # An entry from before its history had it says nothing of a removal: the next one ended it.
    ends = [entry.removed_at or end for entry, end in zip(history, ends, strict=False)]
    return tuple(reversed([Period(*pair) for pair in zip(history, ends, strict=True)]))
