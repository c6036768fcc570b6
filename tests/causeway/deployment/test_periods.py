from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from causeway.deployment.leases import Live
from causeway.deployment.periods import Period, periods
from causeway.instants import read_day
from causeway.topology.account_roles import AccountRole

DAY = timedelta(days=1)


@pytest.fixture
def history(make_version, now) -> list[Live]:
    """Version 1 from the first day, 2 from the third, 1 again from the fourth."""
    return [
        Live(
            *(AccountRole.PROD, "m", make_version(number).arn, "a" * 64, "e", "c", "r", fencing),
            deployed_at=now + day * DAY,
        )
        for fencing, (number, day) in enumerate([(1, 0), (2, 2), (1, 3)])
    ]


def test_each_deployment_ends_the_period_before_it(history, now) -> None:
    spans = periods(history, history[-1])
    assert [span.live.version_arn.version for span in spans] == [1, 2, 1]
    assert [span.until for span in spans] == [None, now + 3 * DAY, now + 2 * DAY]


def live_on(spans: Sequence[Period], day: str) -> list[int]:
    """Return the versions that were live on a day, the first one first."""
    touched = [span for span in reversed(spans) if span.touches(read_day(day))]
    return [span.live.version_arn.version for span in touched]


def test_a_day_has_every_version_that_was_live_at_any_time_of_it(history, now) -> None:
    spans = periods(history, history[-1])
    days = {
        "2026-02-28": [],
        "2026-03-01": [1],
        "2026-03-02": [1],
        "2026-03-03": [1, 2],
        "2026-03-04": [2, 1],
        "2026-05-30": [1],
    }
    assert {day: live_on(spans, day) for day in days} == days


def test_a_day_that_begins_with_a_deployment_has_nothing_of_what_ended_then(history, now) -> None:
    midnight = read_day("2026-03-03").start
    spans = periods([history[0], replace(history[1], deployed_at=midnight)], history[1])
    assert live_on(spans, "2026-03-02") == [1]
    assert live_on(spans, "2026-03-03") == [2]


def test_an_endpoint_that_was_removed_serves_nothing_afterwards(history, now) -> None:
    spans = periods(history, replace(history[-1], removed_at=now + 5 * DAY))
    assert live_on(spans, "2026-03-06") == [1]
    assert live_on(spans, "2026-03-07") == []


def test_between_a_removal_and_the_next_deployment_nothing_is_live(history, now) -> None:
    removed = replace(history[0], removed_at=now + 1 * DAY, removed_by="run")
    spans = periods([removed, *history[1:]], history[-1])
    assert live_on(spans, "2026-03-02") == [1]
    assert live_on(spans, "2026-03-03") == [2]
    assert [span.until for span in spans][-1] == now + 1 * DAY


def test_an_endpoint_that_never_was_has_no_periods() -> None:
    assert periods([], None) == ()
