"""Client tokens: a request that is sent twice takes effect once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Any

from localaws.kit.service import ServiceError

# AWS does not publish how long RAM and SageMaker remember a token; several other services say
# eight hours. The time must be shorter than a RAM invitation's (12 h): otherwise a share whose
# token is derived from its content could not be made again after its invitation expired.
LIFETIME = timedelta(hours=8)

Reply = dict[str, Any]


class ClientTokens:
    """The replies by token, remembered for `LIFETIME` of local AWS time."""

    def __init__(self) -> None:
        self._replies: dict[Hashable, tuple[datetime, Reply, Reply]] = {}

    def once(
        self,
        key: Hashable,
        params: Reply,
        now: datetime,
        act: Callable[[], Reply],
        mismatch: ServiceError,
    ) -> Reply:
        """Return the remembered reply of `key`, else that of `act()`.

        Raises `mismatch` when the token was used with other parameters before. When `act` raises,
        nothing is remembered, so a refused request can be corrected and sent again.
        """
        self._forget(now)
        if key in self._replies:
            _, first_params, reply = self._replies[key]
            if first_params != params:
                raise mismatch
            return copy.deepcopy(reply)
        reply = act()
        self._replies[key] = (now + LIFETIME, copy.deepcopy(params), copy.deepcopy(reply))
        return reply

    def _forget(self, now: datetime) -> None:
        while self._replies:
            oldest = next(iter(self._replies))
            if self._replies[oldest][0] > now:
                return
            del self._replies[oldest]
