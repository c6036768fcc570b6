"""Client tokens: the same request sent twice happens once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Any

from localaws.kit.service import ServiceError

# AWS does not publish how long RAM and SageMaker remember a token; several of its services say
# eight hours. It must end before a RAM invitation does (12 h), or a share with a token derived
# from its content could never be made again after its invitation expired.
LIFETIME = timedelta(hours=8)

Reply = dict[str, Any]


class ClientTokens:
    """The replies given for tokens, for `LIFETIME` of local-AWS time."""

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

        Raises `mismatch` when the token came with other parameters before. An `act` that raises
        is not remembered, so a refused request may be mended and sent again.
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
