"""What takes time on AWS and would be over at once here: how long it takes in this local AWS."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Delays:
    """Seconds by the local AWS's clock.

    `offline_store`: until a row is in the offline store (on AWS up to 15 minutes).
    `endpoint_deletion`: how long a deleted endpoint stays `Deleting`.
    """

    offline_store: float = 0.0
    endpoint_deletion: float = 0.0


NO_DELAYS = Delays()
