"""Waiting for what the local AWS does in the background."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def eventually(look: Callable[[], Any], seconds: float = 30) -> Any:
    """Return the first true answer of `look`; real processes take real time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := look():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")
