"""P6: what a thousand versions that wait for approval cost the triggerer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

from tests.perf.figures import Figure

SIZES, INTERVAL, TICKS = (100, 1000), 0.2, 20
GOAL_CALLS = 10
#: One waiter with a client of its own, measured once: a call a tick, and its memory.
PEER_MIB = 18


def measure() -> dict[str, Figure]:
    """Measure at two sizes on one local AWS."""
    import pytest

    from tests.local_platform import local_platform

    with (
        tempfile.TemporaryDirectory() as name,
        local_platform(Path(name)) as platform,
        pytest.MonkeyPatch.context() as patch,
    ):
        for variable, value in platform.environment.items():
            if not variable.startswith("AIRFLOW__"):
                patch.setenv(variable, value)
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            asyncio.run(_wait(1, patch))  # what all waits share is there from now on
            measured = {size: asyncio.run(_wait(size, patch)) for size in SIZES}
    (few_calls, few), (calls, memory) = (measured[size] for size in SIZES)
    return {
        "P6": Figure(
            ours=calls,
            unit="calls a tick, at the most",
            goal=f"<= {GOAL_CALLS} calls a tick, memory flat in the number waiting",
            met=calls <= GOAL_CALLS,
            peers={"a waiter with a client for each": SIZES[1]},
            note=f"{SIZES[1]:,} waits: {memory:.1f} KiB each in the triggerer, no worker slot "
            f"(a client for each: {PEER_MIB} MiB); {SIZES[0]} waits: {few_calls:.0f} calls a tick, "
            f"{few:.1f} KiB each. Beyond 500 waits they take turns: a decision is seen within two "
            "intervals at a thousand, twenty at ten thousand",
        )
    }


async def _wait(size: int, patch: Any) -> tuple[float, float]:
    """Return the most calls of a tick, and the memory of one wait in KiB."""
    from causeway_airflow.hooks.governance import GovernanceHook
    from causeway_airflow.triggers.approvals import ApprovalTrigger, _pollers

    call, calls = GovernanceHook.call, [0]
    read, ticks = GovernanceHook.get_many, []

    def counting(self: Any, operation: str, **params: Any) -> Any:
        calls[0] += operation == "batch_get_item"
        return call(self, operation, **params)

    def reading(self: Any, keys: Any) -> Any:
        before = calls[0]
        items = read(self, keys)
        ticks.append(calls[0] - before)
        return items

    async def first(trigger: Any) -> None:
        async for _ in trigger.run():
            return

    with patch.context() as counted:
        counted.setattr(GovernanceHook, "call", counting)
        counted.setattr(GovernanceHook, "get_many", reading)
        group = "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk"
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        waits = [
            asyncio.create_task(
                first(
                    ApprovalTrigger(
                        use_case="credit_risk",
                        model="credit_risk",
                        version_arn=f"{group}/{number}",
                        attempt=1,
                        target="test",
                        aws_conn_id="causeway_governance_recorder",
                        poll_interval=INTERVAL,
                    )
                )
            )
            for number in range(1, size + 1)
        ]
        until = time.monotonic() + 120
        while len(ticks) < TICKS and time.monotonic() < until:
            await asyncio.sleep(INTERVAL)
        memory = (tracemalloc.get_traced_memory()[0] - before) / size / 1024
        tracemalloc.stop()
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        _pollers.clear()
    return float(max(ticks)), memory
